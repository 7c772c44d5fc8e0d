import { setTimeout as sleep } from "node:timers/promises";

/** Holds a flow of bytes to a rate. */
export interface Pacer {
  /** The largest piece that keeps the flow even. */
  readonly pieceBytes: number;
  /** Resolves when `bytes` more may go. */
  take(bytes: number): Promise<void>;
}

/** Timers fire late; what they lost is made good within this time, so that the mean rate is right. */
const CREDIT_MS = 50;
const PIECES_PER_SECOND = 50;

/** A pacer for `bytesPerSecond`, counted from its first use. */
export function createPacer(bytesPerSecond: number): Pacer {
  let freeAt = -Infinity;
  return {
    pieceBytes: Math.max(1, Math.min(256 * 1024, Math.floor(bytesPerSecond / PIECES_PER_SECOND))),
    async take(bytes) {
      const now = performance.now();
      const startAt = freeAt === -Infinity ? now : Math.max(freeAt, now - CREDIT_MS);
      freeAt = startAt + (bytes / bytesPerSecond) * 1000;
      // The piece arrives when its last byte does.
      const waitMs = freeAt - now;
      if (waitMs >= 1) await sleep(waitMs);
    },
  };
}
