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
