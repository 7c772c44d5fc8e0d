import type { BufferPool, BufferUse } from "./buffer-pool.ts";
import type { Outlet } from "./outlet.ts";
import type { BlobReader } from "./ports.ts";

/** A reader that took longer than this over its last chunk gets small ones. */
const SLOW_CHUNK_MS = 1_000;

/** The file ended before its catalogue size: it was cut after it was opened. */
export class ShortBlob extends Error {
  constructor(position: number) {
    super(`The blob ended at byte ${position}.`);
    this.name = "ShortBlob";
  }
}

/** Half-open range of bytes. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

interface Chunk {
  readonly buffer: Buffer;
  readonly bytes: Uint8Array;
}

/**
 * Sends a range of a blob. One chunk is written at a time, from a pooled buffer; while few transfers run the next
 * chunk is read meanwhile, so that reading and writing overlap on two processors.
 * @throws ConnectionGone, ShortBlob, JamError JAM_STORE_IO
 */
export async function sendRange(
  outlet: Outlet,
  blob: Pick<BlobReader, "read">,
  range: ByteRange,
  pool: BufferPool,
): Promise<void> {
  let position = range.start;
  let lastWriteMs = 0;
  let ahead: Promise<Chunk> | undefined;
  const startReading = (use: BufferUse): Promise<Chunk> | undefined => {
    const buffer = position < range.end ? pool.take(use) : undefined;
    return buffer && readChunk(blob, buffer, { start: position, end: range.end }, pool);
  };
  try {
    while (position < range.end) {
      const chunk = await (ahead ?? startReading(lastWriteMs > SLOW_CHUNK_MS ? "slow" : "normal"));
      ahead = undefined;
      if (chunk === undefined) break;
      position += chunk.bytes.length;
      try {
        if (lastWriteMs <= SLOW_CHUNK_MS) ahead = startReading("ahead");
        // A failure of the read-ahead is met when its chunk is awaited, or not at all.
        ahead?.catch(() => undefined);
        const startedAt = performance.now();
        await outlet.write(chunk.bytes);
        lastWriteMs = performance.now() - startedAt;
      } finally {
        pool.release(chunk.buffer);
      }
    }
  } catch (error) {
    // The pool may have the buffer back only when the thread that fills it has finished.
    await ahead?.then(({ buffer }) => pool.release(buffer)).catch(() => undefined);
    throw error;
  }
}

async function readChunk(
  blob: Pick<BlobReader, "read">,
  buffer: Buffer,
  range: ByteRange,
  pool: BufferPool,
): Promise<Chunk> {
  try {
    const wanted = buffer.subarray(0, Math.min(buffer.length, range.end - range.start));
    const length = await blob.read(wanted, range.start);
    if (length === 0) throw new ShortBlob(range.start);
    return { buffer, bytes: wanted.subarray(0, length) };
  } catch (error) {
    pool.release(buffer);
    throw error;
  }
}
