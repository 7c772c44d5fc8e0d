import { setTimeout as delay } from "node:timers/promises";

/** Clock, waiting and chance, handed in so that a test decides them. */
export interface Timing {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Resolves after `ms`; rejects with an `AbortError` as soon as `signal` aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** 0 ≤ x < 1. */
  random(): number;
}

/** The machine's own clock and chance. */
export const SYSTEM_TIMING: Timing = {
  now: () => Date.now(),
  sleep: async (ms, signal) => {
    await delay(ms, undefined, { signal });
  },
  random: () => Math.random(),
};

/** A wait of a run, reported before it begins, so that the run does not look hung. */
export interface UpstreamWait {
  /** Name of the upstream, or the setting that causes the wait. */
  readonly source: string;
  /** What is waited for: a path under the upstream's URL. */
  readonly path: string;
  /** Why, in a sentence. */
  readonly message: string;
  /** Maximum; less when the response arrives earlier. */
  readonly waitMs: number;
  /** `upstream`: Retry-After or silence. `jam`: its own back-off or limit. */
  readonly askedBy: "upstream" | "jam";
  /** Number of the attempt that follows, and how many there are in all; absent where nothing is tried again. */
  readonly attempt?: number;
  readonly attempts?: number;
}

/** Called before each wait. */
export type WaitObserver = (wait: UpstreamWait) => void;

/** Silence of an upstream after which it is reported, once for each request. */
export const TOLD_SILENCE_MS = 5_000;

/** A budget of bytes per second that any number of downloads share. */
export interface RateLimiter {
  /** Resolves when `bytes` more may pass; undefined when they may pass at once, without a turn of the event loop. */
  take(bytes: number, signal: AbortSignal): Promise<void> | undefined;
}

/** What an idle second may save up: short enough that a meter sees the limit kept. */
const BURST_MS = 100;

/** Shorter waits are not reported. */
const TOLD_WAIT_MS = 1_000;

/**
 * A token bucket over all connections, kept as the time at which the bytes handed out so far are paid for.
 * Pieces pass in the order of their requests.
 */
export function createRateLimiter(
  bytesPerSecond: number,
  timing: Pick<Timing, "now" | "sleep">,
  /** Called once, for the first wait of a second or more. */
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
