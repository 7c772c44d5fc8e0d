import type { BlobReader, ByteRange } from "../store/store.ts";
import type { BufferPool, BufferUse } from "./buffer-pool.ts";
import { CHUNK_BYTES, type Chunk, type HotChunks } from "./hot-chunks.ts";
import type { Piece, ResponseWriter } from "./response-writer.ts";
import type { ScratchBuffers } from "./scratch-buffers.ts";

/** A reader that took longer than this over its last chunk gets small ones of its own. */
const SLOW_CHUNK_MS = 1_000;

/** What is read from a disk that has to be waited for, before it is tried without waiting again. */
const WAITED_BYTES = 4 << 20;

/** The file ended before its catalogue size: it was cut after it was opened. */
export class ShortBlob extends Error {
  constructor(position: number) {
    super(`The blob ended at byte ${position}.`);
    this.name = "ShortBlob";
  }
}

/** Where the bytes of a transfer come from. */
export interface TransferSource {
  readonly blob: Pick<BlobReader, "bytes" | "readAt" | "readNow" | "size" | "storedAt">;
  /** Names the blob's content. */
  readonly sha256: string;
  readonly chunks: HotChunks;
  readonly pool: BufferPool;
  readonly buffers: ScratchBuffers;
}

/** A source whose blob is read at any position without a round trip. */
interface PooledSource extends TransferSource {
  readonly blob: PositionalReader;
}

type PositionalReader = TransferSource["blob"] & Required<Pick<BlobReader, "readAt">>;

/**
 * Sends a range of a blob.
 * @throws ConnectionGone, ShortBlob, JamError JAM_STORE_CORRUPT, JAM_STORE_IO
 */
export async function sendRange(
  writer: ResponseWriter,
  source: TransferSource,
  range: ByteRange,
): Promise<void> {
  const { blob } = source;
  if (isPositional(blob)) await sendPositional(writer, { ...source, blob }, range);
  else await sendStream(writer, blob, range);
}

function isPositional(blob: TransferSource["blob"]): blob is PositionalReader {
  return blob.readAt !== undefined;
}

/** Without waiting as far as the kernel has the bytes in memory, and for a while through buffers of our own where not. */
async function sendPositional(writer: ResponseWriter, source: PooledSource, range: ByteRange): Promise<void> {
  const { blob, chunks, sha256 } = source;
  const { end } = range;
  let position = range.start;
  chunks.enter(sha256, blob.size);
  try {
    while (position < end) {
      await writer.writeAll((maxBytes) => {
        const piece = pieceNow(source, { start: position, end: Math.min(end, position + maxBytes) });
        position += piece?.bytes.length ?? 0;
        return piece;
      });
      const waited = blob.readNow === undefined ? end : Math.min(end, position + WAITED_BYTES);
      await sendPooled(writer, source, { start: position, end: waited });
      position = waited;
    }
  } finally {
    chunks.leave(sha256);
  }
}

/** The start of a range without waiting: of a chunk that several readers share, or through a buffer for the moment. */
function pieceNow(source: PooledSource, range: ByteRange): Piece | undefined {
  const { blob, chunks, buffers } = source;
  if (blob.readNow === undefined || range.start >= range.end) return undefined;
  const chunk = chunkNow(source, range.start);
  if (chunk !== undefined) return sliceOf(chunk, range, chunks);
  const buffer = buffers.take(range.end - range.start);
  let length: number | undefined;
  try {
    length = blob.readNow(buffer.subarray(0, range.end - range.start), range.start);
    if (length) return { bytes: buffer.subarray(0, length), release: () => buffers.give(buffer) };
    return undefined;
  } finally {
    if (!length) buffers.give(buffer);
  }
}

function chunkNow({ blob, chunks, sha256 }: PooledSource, position: number): Chunk | undefined {
  const start = position - (position % CHUNK_BYTES);
  const key = `${sha256} ${start}`;
  const found = chunks.get(key);
  if (found !== undefined || !chunks.isHot(sha256)) return found;
  const bytes = Math.min(CHUNK_BYTES, blob.size - start);
  return chunks.loadNow(key, bytes, (buffer) => blob.readNow?.(buffer, start) === bytes);
}

/** Reads as fast as the connection takes the bytes; leaving early, as when the reader is gone, ends the read. */
async function sendStream(
  writer: ResponseWriter,
  blob: TransferSource["blob"],
  range: ByteRange,
): Promise<void> {
  let position = range.start;
  for await (const piece of blob.bytes(range)) {
    position += piece.length;
    await writer.write(piece);
  }
  if (position < range.end) throw new ShortBlob(position);
}

/**
 * Sends a range of a blob in pieces: chunks that others fetch too come from memory, the rest through pooled buffers.
 * Two pieces are on their way out at a time, so that the connection never waits for us.
 * @throws ConnectionGone, ShortBlob, JamError JAM_STORE_IO
 */
async function sendPooled(writer: ResponseWriter, source: PooledSource, range: ByteRange): Promise<void> {
  let position = range.start;
  let writing: Promise<number> = Promise.resolve(0);
  let lastWriteMs = 0;
  let ahead: Promise<Piece> | undefined;
  try {
    while (position < range.end) {
      const use = lastWriteMs > SLOW_CHUNK_MS ? "slow" : "normal";
      const piece = await (ahead ?? nextPiece(source, { start: position, end: range.end }, use));
      ahead = undefined;
      if (piece === undefined) break;
      position += piece.bytes.length;
      const before = writing;
      writing = writePiece(writer, piece);
      // Its failure is met below or in the next round; the one before may fail first.
      writing.catch(() => undefined);
      if (use === "normal") ahead = readAhead(source, { start: position, end: range.end });
      lastWriteMs = await before;
    }
    await writing;
  } catch (error) {
    // The pool may have the buffer back only when the thread that fills it has finished.
    await ahead?.then(({ release }) => release()).catch(() => undefined);
    throw error;
  }
}

/** Resolves to the milliseconds that the reader took for the piece. */
async function writePiece(writer: ResponseWriter, { bytes, release }: Piece): Promise<number> {
  const startedAt = performance.now();
  try {
    await writer.write(bytes);
    return performance.now() - startedAt;
  } finally {
    release();
  }
}

/** The next piece on its way while the last one is written; undefined at the end, or without a buffer for it. */
function readAhead(source: PooledSource, range: ByteRange): Promise<Piece> | undefined {
  if (range.start >= range.end) return undefined;
  const piece = nextPiece(source, range, "ahead");
  if (piece === undefined) return undefined;
  const ahead = Promise.resolve(piece);
  // A failure is met when the piece is awaited, or not at all.
  ahead.catch(() => undefined);
  return ahead;
}

function nextPiece(
  source: PooledSource,
  range: ByteRange,
  use: BufferUse,
): Promise<Piece> | Piece | undefined {
  // What was read from a disk of this machine is in the memory of the kernel afterwards, for everybody.
  const isShared = use !== "slow" && source.blob.readNow === undefined;
  const chunk = isShared ? bringIn(source, range.start) : undefined;
  if (chunk instanceof Uint8Array) return sliceOf(chunk, range, source.chunks);
  if (chunk !== undefined) return chunk.then((bytes) => sliceOf(bytes, range, source.chunks));
  const buffer = source.pool.take(use);
  return buffer && readPooled(source, range, buffer);
}

/** The chunk around `position`, here or on its way; undefined when there is no room for it. */
function bringIn(source: PooledSource, position: number): Chunk | Promise<Chunk> | undefined {
  const { blob, chunks, sha256 } = source;
  const start = position - (position % CHUNK_BYTES);
  // What a proven blob gives are the bytes of this hash, whenever it was read.
  const key = `${sha256} ${start}`;
  const found = chunks.find(key);
  if (found !== undefined) return found;
  const bytes = Math.min(CHUNK_BYTES, blob.size - start);
  const loading = chunks.load(key, bytes, (buffer) => fill(blob, buffer, start));
  // Whoever needs the chunk meets the failure; one that was only brought in early has nobody yet.
  loading?.catch(() => undefined);
  return loading;
}

async function fill(blob: PositionalReader, buffer: Uint8Array, start: number): Promise<void> {
  for (let filled = 0; filled < buffer.length;) {
    const length = await blob.readAt(buffer.subarray(filled), start + filled);
    if (length === 0) throw new ShortBlob(start + filled);
    filled += length;
  }
}

function sliceOf(chunk: Chunk, range: ByteRange, chunks: HotChunks): Piece {
  const offset = range.start % CHUNK_BYTES;
  return {
    bytes: chunk.subarray(offset, offset + range.end - range.start),
    release: chunks.hold(chunk),
  };
}

async function readPooled({ blob, pool }: PooledSource, range: ByteRange, buffer: Buffer): Promise<Piece> {
  try {
    const wanted = buffer.subarray(0, Math.min(buffer.length, range.end - range.start));
    const length = await blob.readAt(wanted, range.start);
    if (length === 0) throw new ShortBlob(range.start);
    return { bytes: wanted.subarray(0, length), release: () => pool.release(buffer) };
  } catch (error) {
    pool.release(buffer);
    throw error;
  }
}
