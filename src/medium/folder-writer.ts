import { lstat, open, readdir, rename, rm, type FileHandle } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { BatchWriter } from "../disk/batch-writer.ts";
import { FileHash } from "../disk/file-hash.ts";
import { isTemporaryName, makeFolder, removeFile, syncFolder, temporaryPath } from "../disk/durable-write.ts";
import { readFreeBytes } from "../disk/free-bytes.ts";
import { fileInput } from "./find-volumes.ts";
import { attemptOnMedium } from "./medium-error.ts";
import type { MediumWriter, WrittenFile } from "./medium.ts";

/** A folder to write to; it is created with the first file that is written. */
export function openMediumFolder(folder: string): MediumWriter {
  return {
    folder,
    list: () => listFiles(folder),
    async input(name) {
      const path = pathOf(folder, name);
      const names = await listFiles(folder);
      if (!names.includes(name)) return undefined;
      const { size } = await attemptOnMedium(`read ${path}`, () => lstat(path));
      return fileInput(path, size);
    },
    write: (name, bytes) => writeFile(folder, pathOf(folder, name), bytes),
    async remove(name) {
      const path = pathOf(folder, name);
      // Flushed: without a journal, as on FAT, a later write may reach the medium before it.
      await attemptOnMedium(`remove ${path}`, async () => {
        if (await removeFile(path)) await syncFolder(folder);
      });
    },
    async move(from, to) {
      const path = pathOf(folder, to);
      await attemptOnMedium(`write ${path}`, async () => {
        await rename(pathOf(folder, from), path);
        await syncFolder(folder);
      });
    },
    async clean() {
      for (const name of await listNames(folder)) {
        const path = join(folder, name);
        if (isOurs(name)) await attemptOnMedium(`remove ${path}`, () => rm(path, { force: true }));
      }
    },
    freeBytes: () => attemptOnMedium(`read the free space of ${folder}`, () => readFreeBytes(folder)),
  };
}

/** The folder that a bundle is written to, and the name of its files. */
export interface MediumPlace {
  readonly medium: MediumWriter;
  /** Undefined names the files after the bundle. */
  readonly base: string | undefined;
}

/** The place that an absolute path means: a folder, or a file `….tar` in one. */
export function openBundlePlace(path: string): MediumPlace {
  return path.endsWith(".tar")
    ? { medium: openMediumFolder(dirname(path)), base: basename(path, ".tar") }
    : { medium: openMediumFolder(path), base: undefined };
}

/** The folder may contain files of others: only names that `temporaryPath` makes are removed. */
function isOurs(name: string): boolean {
  return isTemporaryName(name) && /^\.tmp-\d+-[0-9a-z-]+-\d+$/.test(name);
}

function pathOf(folder: string, name: string): string {
  if (name === basename(name) && name !== "." && name !== "..") return join(folder, name);
  throw new Error(`${name} is not a plain file name`);
}

async function listNames(folder: string): Promise<string[]> {
  return attemptOnMedium(`list ${folder}`, async () => {
    try {
      return await readdir(folder);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
      throw error;
    }
  });
}

async function listFiles(folder: string): Promise<string[]> {
  const files: string[] = [];
  for (const name of (await listNames(folder)).sort()) {
    const path = join(folder, name);
    const entry = await attemptOnMedium(`read ${path}`, () => lstat(path));
    if (entry.isFile() && !isTemporaryName(name)) files.push(name);
  }
  return files;
}

/** Order: bytes → flush → rename → flush of the folder. */
async function writeFile(
  folder: string,
  path: string,
  bytes: AsyncIterable<Uint8Array>,
): Promise<WrittenFile> {
  return attemptOnMedium(`write ${path}`, async () => {
    await makeFolder(folder);
    const staged = temporaryPath(folder);
    try {
      const file = await open(staged, "wx", 0o644);
      let written: WrittenFile;
      try {
        written = await fill(file, bytes);
      } finally {
        await file.close();
      }
      await rename(staged, path);
      await syncFolder(folder);
      return written;
    } catch (error) {
      await rm(staged, { force: true });
      throw error;
    }
  });
}

async function fill(file: FileHandle, bytes: AsyncIterable<Uint8Array>): Promise<WrittenFile> {
  const hash = new FileHash(file);
  try {
    const writer = new BatchWriter(hash);
    try {
      for await (const chunk of bytes) await writer.write(chunk);
    } finally {
      // Also after a failure: nothing may be writing when the file is closed.
      await writer.finish();
    }
    await hash.flush();
    return { size: hash.size, sha256: await hash.finish() };
  } finally {
    await hash.close();
  }
}
