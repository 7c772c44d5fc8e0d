import type { Readable } from "node:stream";

/** The bytes of a response, from the arrival of its headers until they are read. */
export interface BodyQueue {
  /**
   * The next piece, or undefined after the last one. Bytes that arrived before a failure are returned first, so that a
   * download which breaks keeps every byte that it got.
   */
  next(): Promise<Uint8Array | undefined>;
  /** Lets a short rest pass unread, so that the connection serves the next request; ends it when the rest is long. */
  drain(): void;
  /** Ends the connection unless the body ended; a waiting `next` fails with `error`. */
  destroy(error?: Error): void;
}

/** Enough to keep the connection busy while a piece is written, little enough for many downloads at once. */
const HIGH_WATER_BYTES = 256 * 1024;

/** Bytes of an unwanted body that are read to keep the connection; a new connection costs more. */
const DRAIN_BYTES = 64 * 1024;
const DRAIN_MS = 1000;

/**
 * Queues the pieces of a body as they arrive, and pauses the connection while enough of them wait. A stream by
 * itself would discard its buffer as soon as it fails.
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
