import { type FileHandle, lstat, open, readdir, rename, rm, statfs } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { BatchWriter } from "../disk/batch-writer.ts";
import { makeFolder, removeFile, syncFolder, temporaryPath } from "../disk/durable-write.ts";
import { isTemporaryName } from "../disk/temporary-name.ts";
import { startSha256, type Sha256 } from "../shared/sha256.ts";
import { fileInlet, type MediumInlet } from "./inlets.ts";
import { attemptOnMedium } from "./medium-error.ts";

/** What was written. */
export interface WrittenFile {
  readonly size: number;
  readonly sha256: Sha256;
}

/** A folder on a medium. Names are plain file names. */
export interface FolderOutlet {
  readonly folder: string;
  /** Names of the plain files there; none when the folder does not exist. */
  list(): Promise<readonly string[]>;
  /** A file for reading, or undefined when there is none. */
  inlet(name: string): Promise<MediumInlet | undefined>;
  /** Creates or replaces a file whole and flushed; a crash leaves the old one or none. */
  write(name: string, bytes: AsyncIterable<Uint8Array>): Promise<WrittenFile>;
  /** Durably; no error when it is absent already. */
  remove(name: string): Promise<void>;
  /** Gives a file another name, in the place of what has that name. */
  move(from: string, to: string): Promise<void>;
  /** Removes what crashed runs left behind. */
  clean(): Promise<void>;
  freeBytes(): Promise<number>;
}

/** The folder as an outlet; it is made with the first file that is written. */
export function folderOutlet(folder: string): FolderOutlet {
  return {
    folder,
    list: () => listFiles(folder),
    async inlet(name) {
      const path = pathOf(folder, name);
      const names = await listFiles(folder);
      if (!names.includes(name)) return undefined;
      const { size } = await attemptOnMedium(`read ${path}`, () => lstat(path));
      return fileInlet(path, size);
    },
    write: (name, bytes) => writeFile(folder, pathOf(folder, name), bytes),
    async remove(name) {
      const path = pathOf(folder, name);
      // Flushed: without a journal, as on FAT, what comes after it may reach the medium before it.
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
    freeBytes: () => freeBytes(folder),
  };
}

/** The medium is not ours alone: only names that `temporaryPath` makes are taken away. */
function isOurs(name: string): boolean {
  return isTemporaryName(name) && /^\.tmp-\d+-[0-9a-z-]+-\d+$/.test(name);
}

function pathOf(folder: string, name: string): string {
  if (name === basename(name) && name !== "." && name !== "..") return join(folder, name);
  throw new Error(`${name} is no plain file name`);
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
  const hash = startSha256();
  const writer = new BatchWriter(file, hash, 0);
  let size = 0;
  for await (const chunk of bytes) {
    await writer.write(chunk);
    size += chunk.length;
  }
  await writer.flush();
  await file.sync();
  return { size, sha256: hash.digest("hex") as Sha256 };
}

/** Asks the nearest folder that exists. */
async function freeBytes(folder: string): Promise<number> {
  return attemptOnMedium(`read the free space of ${folder}`, async () => {
    try {
      const { bavail, bsize } = await statfs(folder);
      return bavail * bsize;
    } catch (error) {
      const parent = dirname(folder);
      if ((error as NodeJS.ErrnoException).code === "ENOENT" && parent !== folder) return freeBytes(parent);
      throw error;
    }
  });
}
