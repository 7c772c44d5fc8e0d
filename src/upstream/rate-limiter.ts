import type { Timing } from "./timing.ts";

/** A budget of bytes per second that any number of downloads share. */
export interface RateLimiter {
  /** Resolves when `bytes` more may pass; undefined when they may pass at once, which costs no turn of the loop. */
  take(bytes: number, signal: AbortSignal): Promise<void> | undefined;
}

/** What an idle second may save up: short enough that a meter sees the limit kept. */
const BURST_MS = 100;

/**
 * A token bucket over all connections, kept as the time at which the bytes handed out so far are paid for.
 * Pieces are let through in the order they ask.
 */
export function createRateLimiter(
  bytesPerSecond: number,
  timing: Pick<Timing, "now" | "sleep">,
): RateLimiter {
  const msPerByte = 1000 / bytesPerSecond;
  let paidUntil = -Infinity;
  return {
    take(bytes, signal) {
      const now = timing.now();
      const waitMs = Math.max(paidUntil - now, -BURST_MS);
      paidUntil = now + waitMs + bytes * msPerByte;
      return waitMs <= 0 ? undefined : timing.sleep(waitMs, signal);
    },
  };
}
