import { lstat, open, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { extract } from "tar";
import { makeFolder, syncFolder, temporaryPath } from "../disk/durable-write.ts";
import { isAbsent, JamError } from "../shared/errors.ts";
import { FILES_LIST } from "./installation.ts";
import { listFiles } from "./list-files.ts";
import { verifyFiles } from "./verify-files.ts";
import type { PutArchive, PutOptions } from "./put-on-medium.ts";

/**
 * Unpacks an archive that is in `folder` next to it, for machines without tar and gzip. The files are flushed and compared
 * with the list in the archive before the folder gets its name. False when the same files were there already.
 * @throws JamError JAM_PROGRAM_EXISTS, JAM_PROGRAM_DAMAGED
 */
export async function unpackOnMedium(
  folder: string,
  archive: PutArchive,
  { force, signal }: PutOptions,
): Promise<boolean> {
  const target = join(folder, archive.name.replace(/\.tar\.gz$/, ""));
  const staged = temporaryPath(folder);
  const old = temporaryPath(folder);
  try {
    await makeFolder(staged);
    await extract({
      file: join(folder, archive.name),
      cwd: staged,
      strip: 1,
      strict: true,
      preserveOwner: false,
    });
    await requireWhole(staged, signal);
    if (await isThere(target)) {
      if (await isSame(staged, target, signal)) return false;
      if (!force) throw exists(target);
      await rename(target, old);
    }
    await flushAll(staged);
    await rename(staged, target);
    await syncFolder(folder);
    return true;
  } finally {
    for (const path of [staged, old]) await rm(path, { recursive: true, force: true });
  }
}

async function requireWhole(folder: string, signal: AbortSignal): Promise<void> {
  const { wrong } = await verifyFiles(folder, signal);
  if (wrong.length === 0) return;
  throw new JamError(
    "JAM_PROGRAM_DAMAGED",
    `${wrong[0]?.path} is ${wrong[0]?.state} after it was unpacked.`,
    {
      hint: "Use another medium: this one damages files.",
      details: { folder: dirname(folder), wrong },
    },
  );
}

async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (isAbsent(error)) return false;
    throw error;
  }
}

async function isSame(staged: string, target: string, signal: AbortSignal): Promise<boolean> {
  const lists = await Promise.all(
    [staged, target].map((folder) => readFile(join(folder, FILES_LIST), "utf8").catch(() => undefined)),
  );
  if (lists[0] !== lists[1]) return false;
  return (await verifyFiles(target, signal)).wrong.length === 0;
}

async function flushAll(folder: string): Promise<void> {
  const folders = new Set([folder]);
  for (const path of await listFiles(folder)) {
    const file = await open(join(folder, path));
    try {
      await file.sync();
    } finally {
      await file.close();
    }
    for (let parent = dirname(join(folder, path)); parent !== folder; parent = dirname(parent))
      folders.add(parent);
  }
  for (const one of folders) await syncFolder(one);
}

function exists(target: string): JamError {
  return new JamError("JAM_PROGRAM_EXISTS", `${target} contains other files.`, {
    hint: "Use another folder, or replace it with --force.",
    details: { folder: target },
  });
}
