import { closeSync, fstatSync, openSync, readSync, statSync, writeSync } from "node:fs";
import { chmod, mkdir, readFile, rename, rm, truncate, utimes, writeFile } from "node:fs/promises";

/** Writes another value over one byte, in place. */
export function flipByte(path: string, position: number): void {
  const file = openSync(path, "r+");
  try {
    const byte = Buffer.alloc(1);
    const { size } = fstatSync(file);
    const at = position < 0 ? size + position : Math.min(position, size - 1);
    readSync(file, byte, 0, 1, at);
    byte[0] = (byte[0] ?? 0) ^ 0x40;
    writeSync(file, byte, 0, 1, at);
  } finally {
    closeSync(file);
  }
}

/** As `flipByte`, with the dates of the file as they were. */
export async function flipByteQuietly(path: string, position: number): Promise<void> {
  const { atime, mtime } = statSync(path);
  flipByte(path, position);
  await utimes(path, atime, mtime);
}

/** One way in which a file of the store stops being what it was. */
export type Damage = (path: string, other: string) => Promise<unknown> | void;

/** Every kind of damage after which the bytes are wrong or gone; `other` is the file of another blob of the same size. */
export const DAMAGES: readonly (readonly [string, Damage])[] = [
  ["the first byte is flipped", (path) => flipByte(path, 0)],
  ["a byte in the middle is flipped and the date put back", (path) => flipByteQuietly(path, 1_500_000)],
  ["the last byte is flipped and the date put back", (path) => flipByteQuietly(path, -1)],
  ["a byte of the second chunk is flipped", (path) => flipByte(path, 1 << 20)],
  ["the file is cut", (path) => truncate(path, 1_000_000)],
  ["the file is emptied", (path) => truncate(path, 0)],
  ["the file is cut and filled up with zeros", (path) => cutAndFill(path)],
  [
    "the file has grown",
    async (path) => writeFile(path, Buffer.concat([await readFile(path), Buffer.of(1)])),
  ],
  ["another blob has been copied over it", async (path, other) => writeFile(path, await readFile(other))],
  ["a file with one wrong byte took its place by a rename", (path) => replaceByWrong(path)],
  ["a folder has its place", (path) => replaceByFolder(path)],
  ["it is gone", (path) => rm(path)],
];

async function cutAndFill(path: string): Promise<void> {
  const { size } = statSync(path);
  await truncate(path, Math.floor(size / 2));
  await truncate(path, size);
}

async function replaceByWrong(path: string): Promise<void> {
  const { atime, mtime } = statSync(path);
  const bytes = await readFile(path);
  bytes[77] = (bytes[77] ?? 0) ^ 1;
  await writeFile(`${path}.new`, bytes);
  await utimes(`${path}.new`, atime, mtime);
  await rename(`${path}.new`, path);
}

async function replaceByFolder(path: string): Promise<void> {
  await rm(path);
  await mkdir(path);
}

/** A file is mode 0444 in the store; whoever is not root needs this before it can be damaged. */
export function makeWritable(path: string): Promise<void> {
  return chmod(path, 0o644);
}
