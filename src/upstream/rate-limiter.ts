import type { Timing } from "./timing.ts";

/** A budget of bytes per second that any number of downloads share. */
export interface RateLimiter {
  /** Resolves when `bytes` more may pass; undefined when they may pass at once, which costs no turn of the loop. */
  take(bytes: number, signal: AbortSignal): Promise<void> | undefined;
}

/** What an idle second may save up: short enough that a meter sees the limit kept. */
const BURST_MS = 100;

/** A shorter wait is no pause that anybody could take for an end. */
const TOLD_WAIT_MS = 1_000;

/**
 * A token bucket over all connections, kept as the time at which the bytes handed out so far are paid for.
 * Pieces are let through in the order they ask.
 */
export function createRateLimiter(
  bytesPerSecond: number,
  timing: Pick<Timing, "now" | "sleep">,
  /** Told once, of the first wait of a second or more. */
  onWait: (waitMs: number) => void = () => undefined,
): RateLimiter {
  let isTold = false;
  const msPerByte = 1000 / bytesPerSecond;
  let paidUntil = -Infinity;
  return {
    take(bytes, signal) {
      const now = timing.now();
      const waitMs = Math.max(paidUntil - now, -BURST_MS);
      paidUntil = now + waitMs + bytes * msPerByte;
      if (waitMs >= TOLD_WAIT_MS && !isTold) {
        isTold = true;
        onWait(waitMs);
      }
      return waitMs <= 0 ? undefined : timing.sleep(waitMs, signal);
    },
  };
}
