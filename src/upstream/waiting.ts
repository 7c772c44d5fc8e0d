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

/** Something that a run waits for, told before it waits, so that nobody takes it for hung. */
export interface UpstreamWait {
  /** Name of the upstream, or the setting that asks for it. */
  readonly source: string;
  /** What is waited for: a path under the upstream's URL. */
  readonly path: string;
  /** Why, in a sentence. */
  readonly message: string;
  /** At most; less when the answer comes before. */
  readonly waitMs: number;
  /** `upstream`: it said so, by Retry-After or by silence. `jam`: our own back-off or limit. */
  readonly askedBy: "upstream" | "jam";
  /** Number of the attempt that follows, and how many there are in all; absent where nothing is tried again. */
  readonly attempt?: number;
  readonly attempts?: number;
}

/** Told of each wait before it begins. */
export type WaitObserver = (wait: UpstreamWait) => void;

/** Silence of an upstream that is told of, once for each request. */
export const TOLD_SILENCE_MS = 5_000;

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
