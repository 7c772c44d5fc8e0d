import type { FileReader } from "./medium.ts";
import { type FileHandle, open } from "node:fs/promises";
import { attemptOnMedium } from "./medium-error.ts";

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
