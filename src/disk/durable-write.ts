import { constants } from "node:fs";
import { type FileHandle, mkdir, open, readdir, rename, rm, unlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { attempt, attemptUnlessAbsent } from "./io-error.ts";
import { systemCode } from "../shared/errors.ts";

/** A path that nothing else uses, in `folder`; `recover` removes what stays there. */
export function temporaryPath(folder: string): string {
  return join(folder, temporaryName(uniqueWord()));
}

/** Flushes the entries of a folder, so that created, renamed and removed names survive a power failure. */
export async function syncFolder(folder: string): Promise<void> {
  await attempt(`flush ${folder}`, async () => {
    const handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      await handle.sync();
    } catch (error) {
      // Some network and user-space file systems do not know this operation on folders: nothing more can be done there.
      if (systemCode(error) !== "EINVAL" && systemCode(error) !== "ENOTSUP") throw error;
    } finally {
      await handle.close();
    }
  });
}

/** The mode of folders before the umask: only owner and group may write, whatever the umask is. */
export const FOLDER_MODE = 0o775;

/**
 * Creates a folder and its missing parents, durably; no error and no flush when it exists.
 * `mode` is the folder's own; its parents get the usual one, and what is there keeps its own. True when it was created:
 * one that another call has just created may not be flushed yet.
 */
export async function makeFolder(folder: string, mode = FOLDER_MODE): Promise<boolean> {
  const parent = dirname(folder);
  // Not `mkdir` with `recursive`, which reports a read-only file system as ENOENT.
  return attempt(`create folder ${folder}`, async () => {
    let isNew: boolean;
    try {
      isNew = await makeOneFolder(folder, mode);
    } catch (error) {
      if (systemCode(error) !== "ENOENT" || parent === folder) throw error;
      await makeFolder(parent);
      isNew = await makeOneFolder(folder, mode);
    }
    if (isNew) await syncFolder(parent);
    return isNew;
  });
}

async function makeOneFolder(folder: string, mode: number): Promise<boolean> {
  try {
    await mkdir(folder, { mode });
    return true;
  } catch (error) {
    if (systemCode(error) === "EEXIST") return false;
    throw error;
  }
}

/** Puts `bytes` under a new name and flushes them; the caller flushes the folder. */
export async function writeFlushed(path: string, bytes: Uint8Array, mode: number): Promise<void> {
  const file = await open(path, "wx", mode);
  try {
    await writeAll(file, bytes, 0);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Writes a small file that may be lost or torn: no flush. A link in its place is refused, not followed. */
export async function writePlainly(path: string, bytes: Uint8Array | string): Promise<void> {
  const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW, O_NONBLOCK } = constants;
  await writeFile(path, bytes, { flag: O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK, mode: 0o644 });
}

/** Writes all of `bytes` from `position` on: one system call may take only a part of them. */
export async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    done += (await file.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
  }
}

/** Attempts of a replacement whose temporary file was removed by a concurrent recovery. */
const REPLACE_ATTEMPTS = 3;

/**
 * Creates or replaces a file: whoever reads, and a crash at any instant, sees the old bytes or the new ones.
 * Order: bytes → flush → rename → flush of the folder.
 */
export async function replaceFile(path: string, bytes: Uint8Array): Promise<void> {
  const folder = dirname(path);
  await attempt(`write ${path}`, async () => {
    for (let turn = 1; ; turn += 1) {
      const staged = temporaryPath(folder);
      try {
        await writeFlushed(staged, bytes, 0o644);
        await rename(staged, path);
        return;
      } catch (error) {
        await rm(staged, { force: true });
        if (systemCode(error) !== "ENOENT" || turn === REPLACE_ATTEMPTS) throw error;
      }
    }
  });
  await syncFolder(folder);
}

/** Removes one name; false when it is absent already. The caller flushes the folder where that matters. */
export async function removeFile(path: string): Promise<boolean> {
  const removed = await attemptUnlessAbsent(`remove ${path}`, async () => {
    await unlink(path);
    return true;
  });
  return removed ?? false;
}

/** Names in a folder, unordered; none when the folder does not exist. */
export async function listNames(folder: string): Promise<string[]> {
  return (await attemptUnlessAbsent(`list ${folder}`, () => readdir(folder))) ?? [];
}

let words = 0;

/** A word that is unique among all processes and calls. */
export function uniqueWord(): string {
  words += 1;
  return `${process.pid}-${performance.timeOrigin.toString(36).replace(".", "-")}-${words}`;
}

const TEMPORARY = /^\.tmp-/;

/** The name of a temporary file or folder. After a crash the owner of the folder removes what has such a name. */
export function temporaryName(unique: string): string {
  return `.tmp-${unique}`;
}

/** True for names that `temporaryName` returns. */
export function isTemporaryName(name: string): boolean {
  return TEMPORARY.test(name);
}

/** Removes what crashed runs left in `folder`. Call it only while nothing else writes there. */
export async function removeTemporaries(folder: string): Promise<void> {
  for (const name of await listNames(folder)) {
    if (!isTemporaryName(name)) continue;
    const path = join(folder, name);
    await attempt(`remove ${path}`, () => rm(path, { recursive: true, force: true }));
  }
}
