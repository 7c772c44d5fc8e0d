import { lstat, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { listNames, removeFile, syncFolder, writePlainly } from "../../disk/durable-write.ts";
import { attempt, attemptUnlessAbsent } from "../../disk/io-error.ts";
import type { ErrorDetails } from "../../shared/errors.ts";
import type { Sha256 } from "../../shared/sha256.ts";
import type { QuarantineTotal } from "../store.ts";
import { asidePath, blobFolder, blobPath, parsePartialName, quarantinePaths } from "../layout.ts";

/** Bytes of a rejected file that are kept: enough to tell a login page from a damaged archive. */
export const SAMPLE_BYTES = 4096;

/** Rejected files of which a sample is kept; the oldest goes first. */
const MAX_SAMPLES = 100;

/** Damaged blobs that are kept whole; the oldest goes first. */
const MAX_ASIDE = 4;

/** Why bytes were rejected. */
export interface Rejection {
  readonly code: string;
  readonly details: ErrorDetails;
  readonly rejectedAt: Date;
}

/** Keeps the beginning of rejected bytes and a note, one pair per wanted hash, for whoever has to find the cause. */
export async function quarantine(
  root: string,
  sha256: Sha256,
  sample: Uint8Array,
  rejection: Rejection,
): Promise<void> {
  const paths = quarantinePaths(sha256);
  const note = { sha256, ...rejection, sampleBytes: sample.length };
  await attempt(`write ${join(root, paths.note)}`, async () => {
    await writePlainly(join(root, paths.sample), sample);
    await writePlainly(join(root, paths.note), `${JSON.stringify(note, undefined, 2)}\n`);
  });
  await dropOldest(root);
}

async function dropOldest(root: string): Promise<void> {
  const names = await listNames(join(root, "quarantine"));
  const kept = names.flatMap((name) => {
    const parsed = parsePartialName(name);
    return parsed?.part === "source" ? [parsed.sha256] : [];
  });
  if (kept.length <= MAX_SAMPLES) return;
  const aged = await Promise.all(
    kept.map(async (sha256) => {
      const path = join(root, quarantinePaths(sha256).note);
      const stat = await attemptUnlessAbsent(`read ${path}`, () => lstat(path));
      return { sha256, writtenMs: stat?.mtimeMs ?? 0 };
    }),
  );
  aged.sort((a, b) => a.writtenMs - b.writtenMs);
  for (const { sha256 } of aged.slice(0, -MAX_SAMPLES)) {
    const paths = quarantinePaths(sha256);
    await removeFile(join(root, paths.sample));
    await removeFile(join(root, paths.note));
  }
}

/** Moves what has the place of a blob into the quarantine, whole. No error when nothing is there. */
export async function putAside(root: string, sha256: Sha256): Promise<void> {
  const [from, to] = [join(root, blobPath(sha256)), join(root, asidePath(sha256))];
  const isMoved = await attemptUnlessAbsent(`move ${from}`, async () => {
    await lstat(from);
    await rm(to, { recursive: true, force: true });
    await rename(from, to);
    return true;
  });
  if (isMoved !== true) return;
  await syncFolder(join(root, blobFolder(sha256)));
  await dropOldestAside(root);
}

async function dropOldestAside(root: string): Promise<void> {
  const folder = join(root, "quarantine");
  const paths = (await listNames(folder)).filter((name) => name.endsWith(".damaged"));
  if (paths.length <= MAX_ASIDE) return;
  const aged = await Promise.all(
    paths.map(async (name) => {
      const path = join(folder, name);
      const stat = await attemptUnlessAbsent(`read ${path}`, () => lstat(path));
      // The date of the move: the file's own date is the one of its bytes.
      return { path, movedMs: stat?.ctimeMs ?? 0 };
    }),
  );
  aged.sort((a, b) => a.movedMs - b.movedMs);
  for (const { path } of aged.slice(0, -MAX_ASIDE))
    await attempt(`remove ${path}`, () => rm(path, { recursive: true, force: true }));
}

/** Counts what is in the quarantine, folders that were put aside with all that they contain included. */
export async function quarantineTotal(root: string): Promise<QuarantineTotal> {
  let [files, bytes] = [0, 0];
  const pending = [join(root, "quarantine")];
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    for (const name of await listNames(folder)) {
      const path = join(folder, name);
      const stat = await attemptUnlessAbsent(`read ${path}`, () => lstat(path));
      if (stat?.isDirectory() === true) pending.push(path);
      if (stat?.isFile() !== true) continue;
      files += 1;
      bytes += stat.size;
    }
  }
  return { files, bytes };
}
