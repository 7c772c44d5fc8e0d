import { open, type FileHandle } from "node:fs/promises";
import { READ_BYTES } from "../shared/limits.ts";
import { attemptOnMedium, toMediumError } from "./medium-error.ts";
import type { FileReader } from "./medium.ts";

/**
 * The bytes of a file from its start. While the caller works on one piece, the next is being read; a piece is valid
 * until the next one is requested.
 * @throws JamError JAM_MEDIUM_UNUSABLE
 */
export async function* fileBytes(path: string): AsyncGenerator<Uint8Array> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, "r");
    const buffers = [Buffer.allocUnsafeSlow(READ_BYTES), Buffer.allocUnsafeSlow(READ_BYTES)] as const;
    let next = readPiece(file, buffers[0]);
    for (let turn = 1; ; turn += 1) {
      const piece = await next;
      if (piece.length === 0) return;
      next = readPiece(file, buffers[turn % 2] as Buffer);
      // Reported when it is awaited; if the caller stops early, it is not awaited.
      next.catch(() => undefined);
      try {
        yield piece;
      } finally {
        await next.catch(() => undefined);
      }
    }
  } catch (error) {
    throw toMediumError(error, `read ${path}`);
  } finally {
    await file?.close();
  }
}

/** Continues after the last read; fills the buffer unless the file ends. */
async function readPiece(file: FileHandle, buffer: Buffer): Promise<Buffer> {
  let filled = 0;
  while (filled < buffer.length) {
    const { bytesRead } = await file.read(buffer, filled, buffer.length - filled, null);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}

/**
 * Opens a file for reading by offset. The caller closes it.
 * @throws JamError JAM_MEDIUM_UNUSABLE
 */
export async function openFileReader(path: string): Promise<FileReader> {
  const doing = `read ${path}`;
  return attemptOnMedium(doing, async () => {
    const file = await open(path, "r");
    try {
      const { size } = await file.stat();
      return {
        size,
        fd: file.fd,
        read: (buffer, position) => attemptOnMedium(doing, () => readFully(file, buffer, position)),
        close: () => file.close(),
      };
    } catch (error) {
      await file.close();
      throw error;
    }
  });
}

/** Reads until the buffer is full or the file ends. */
async function readFully(file: FileHandle, buffer: Uint8Array, position: number): Promise<number> {
  let filled = 0;
  while (filled < buffer.length) {
    const { bytesRead } = await file.read(buffer, filled, buffer.length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return filled;
}
