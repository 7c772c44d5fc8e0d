/** What slows a verification down, and ends it. */
export interface PaceLimits {
  /** For all files together; default: as fast as the disk. */
  readonly bytesPerSecond: number | undefined;
  /** Nothing is begun after so long; default: until all is done. */
  readonly budgetMs: number | undefined;
}

/** The pace of one run. */
export interface Pace {
  /** False when the run takes as long as it needs, as fast as it can. */
  readonly isLimited: boolean;
  readonly isOver: () => boolean;
  /** Waits until so many bytes more may have been read. */
  readonly spend: (bytes: number) => Promise<void>;
}

/** Starts the clock. `sleep` ends early when the run is cancelled. */
export function startPace(
  { bytesPerSecond, budgetMs }: PaceLimits,
  sleep: (ms: number) => Promise<void>,
): Pace {
  const startedAt = performance.now();
  let spent = 0;
  return {
    isLimited: bytesPerSecond !== undefined || budgetMs !== undefined,
    isOver: () => budgetMs !== undefined && performance.now() - startedAt >= budgetMs,
    async spend(bytes) {
      spent += bytes;
      if (bytesPerSecond === undefined) return;
      const waitMs = (spent / bytesPerSecond) * 1000 - (performance.now() - startedAt);
      if (waitMs > 1) await sleep(waitMs);
    },
  };
}
