import type { Readable } from "node:stream";

/** The bytes of an answer, from the moment its headers came until somebody takes them. */
export interface BodyQueue {
  /**
   * The next piece, or undefined behind the last one. What arrived before a failure comes first, so that a
   * download which breaks keeps every byte that it got.
   */
  next(): Promise<Uint8Array | undefined>;
  /** Lets a short rest pass unread, so that the connection serves the next request; ends it when the rest is long. */
  drain(): void;
  /** Ends the connection unless the body ended; a waiting `next` fails with `error`. */
  destroy(error?: Error): void;
}

/** Enough to keep the connection busy while a piece is written, little enough for many downloads at once. */
const HIGH_WATER_BYTES = 512 * 1024;

/** What a body that nobody wants may cost: less than a new connection does. */
const DRAIN_BYTES = 64 * 1024;
const DRAIN_MS = 1000;

/**
 * Takes a body's pieces as they come, and stops the connection while more than enough of them wait. A stream by
 * itself would drop what it holds as soon as it fails.
 */
export function queueBody(body: Readable): BodyQueue {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  let ended = false;
  let failure: Error | undefined;
  let wake: (() => void) | undefined;
  const notify = () => {
    wake?.();
    wake = undefined;
  };
  const fail = (error: Error) => {
    if (!ended) failure ??= error;
    notify();
  };
  body.on("data", (piece: Uint8Array) => {
    pieces.push(piece);
    bytes += piece.length;
    if (bytes >= HIGH_WATER_BYTES) body.pause();
    notify();
  });
  body.once("end", () => {
    ended = true;
    notify();
  });
  body.on("error", fail);
  body.once("close", () => fail(new Error("the connection was closed")));

  return {
    async next() {
      while (pieces.length === 0) {
        if (failure !== undefined) throw failure;
        if (ended) return undefined;
        await new Promise<void>((resolve) => (wake = resolve));
      }
      const piece = pieces.shift();
      bytes -= piece?.length ?? 0;
      if (bytes < HIGH_WATER_BYTES && body.isPaused()) body.resume();
      return piece;
    },
    drain() {
      if (ended) return;
      let drained = 0;
      const giveUp = setTimeout(() => body.destroy(), DRAIN_MS);
      body.on("data", (piece: Uint8Array) => {
        pieces.length = 0;
        drained += piece.length;
        if (drained > DRAIN_BYTES) body.destroy();
      });
      body.once("close", () => clearTimeout(giveUp)).once("end", () => clearTimeout(giveUp));
      body.resume();
    },
    destroy(error) {
      if (error !== undefined) fail(error);
      if (!ended) body.destroy(error);
    },
  };
}
