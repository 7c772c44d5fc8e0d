import { constants } from "node:fs";
import { chmod, copyFile, link, lstat, mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  FOLDER_MODE,
  listNames,
  syncFolder,
  temporaryPath,
  writeFlushed,
  uniqueWord,
  temporaryName,
} from "../../disk/durable-write.ts";
import { attempt, attemptUnlessAbsent } from "../../disk/io-error.ts";
import { isAbsent, isLinkRefused, JamError } from "../../shared/errors.ts";
import { mapConcurrently } from "../../shared/map-concurrently.ts";
import type { Sha256 } from "../../shared/sha256.ts";
import { blobPath, isTreeId, isTreePath, TREE_FOLDER } from "../layout.ts";
import { checkRefName } from "../store-errors.ts";
import type { RefStore, TreeFile, TreeStore } from "../store.ts";
import { isBlobFile } from "./blobs.ts";
import type { RequireHeld } from "./lease.ts";

/** File operations under way at once: keeps the thread pool busy without thousands of waiting promises. */
const PARALLEL = 64;

/**
 * Trees as folders `published/<id>/tools`, so that `published/<id>` is what Juju takes as `--metadata-source`. A tree
 * is built under a temporary name and gets its id by one rename when all of it is on disk; it loses its id by one
 * rename before the first file of it goes. So what has an id is whole.
 */
export function fsTreeStore(root: string, refs: Pick<RefStore, "list">, requireHeld: RequireHeld): TreeStore {
  const published = join(root, "published");
  return {
    async build(id, files) {
      checkRefName(id);
      requireHeld();
      if (await isFolder(join(published, id))) return;
      const staged = temporaryPath(published);
      try {
        await fillTree(root, staged, planTree(files));
        await attempt(`write ${join(published, id)}`, () => rename(staged, join(published, id)));
        await syncFolder(published);
      } catch (error) {
        // What cannot be removed now is left to `recover`; the cause is what matters here.
        await removeTree(staged).catch(() => undefined);
        throw error;
      }
    },
    async list() {
      const names = (await listNames(published)).filter(isTreeId);
      const folders = await Promise.all(names.map((name) => isFolder(join(published, name))));
      return names.filter((_, at) => folders[at]).sort();
    },
    async delete(id) {
      checkRefName(id);
      requireHeld();
      const users = (await refs.list()).filter(({ target }) => target === id);
      if (users.length > 0)
        throw treeInUse(
          id,
          users.map(({ name }) => name),
        );
      const path = join(published, id);
      const doomed = join(published, temporaryName(uniqueWord()));
      const moved = await attemptUnlessAbsent(`remove ${path}`, async () => {
        await rename(path, doomed);
        return true;
      });
      if (moved === undefined) return;
      await syncFolder(published);
      await removeTree(doomed);
    },
  };
}

async function removeTree(folder: string): Promise<void> {
  await attempt(`remove ${folder}`, () => rm(folder, { recursive: true, force: true }));
}

/** What a tree consists of: every folder, parents first, and every path once. */
interface TreePlan {
  readonly folders: readonly string[];
  readonly files: readonly TreeFile[];
}

function planTree(files: Iterable<TreeFile>): TreePlan {
  const byPath = new Map<string, TreeFile>();
  const folders = new Set<string>([TREE_FOLDER]);
  for (const file of files) {
    if (!isTreePath(file.path)) throw badPath(file.path, "is no safe relative path");
    const known = byPath.get(file.path);
    if (known !== undefined && !isSameFile(known, file))
      throw badPath(file.path, "is listed with two contents");
    const path = `${TREE_FOLDER}/${file.path}`;
    byPath.set(file.path, { ...file, path });
    for (let up = dirname(path); up !== "."; up = dirname(up)) folders.add(up);
  }
  return { folders: [...folders].sort(), files: [...byPath.values()] };
}

function isSameFile(one: TreeFile, other: TreeFile): boolean {
  if ("sha256" in one) return "sha256" in other && one.sha256 === other.sha256;
  return "bytes" in other && Buffer.compare(one.bytes, other.bytes) === 0;
}

async function fillTree(root: string, staged: string, plan: TreePlan): Promise<void> {
  await attempt(`create folder ${staged}`, async () => {
    await mkdir(staged, { mode: FOLDER_MODE });
    for (const folder of plan.folders) await mkdir(join(staged, folder), { mode: FOLDER_MODE });
  });
  await checkBlobs(root, plan.files);
  // All under way settle before a failure shows, so that nothing still writes into a tree that is being removed.
  await mapConcurrently(plan.files, (file) => addFile(root, staged, file), PARALLEL);
  await mapConcurrently([...plan.folders, "."], (folder) => syncFolder(join(staged, folder)), PARALLEL);
}

async function checkBlobs(root: string, files: readonly TreeFile[]): Promise<void> {
  const wanted = new Map<Sha256, string>();
  for (const file of files) if ("sha256" in file) wanted.set(file.sha256, file.path);
  const check = async ([sha256, path]: [Sha256, string]) => {
    if (!(await isBlobFile(join(root, blobPath(sha256))))) throw missingBlob(sha256, path);
  };
  await mapConcurrently(wanted, check, PARALLEL);
}

async function addFile(root: string, staged: string, file: TreeFile): Promise<void> {
  const target = join(staged, file.path);
  await attempt(`write ${target}`, async () => {
    if ("bytes" in file) return writeFlushed(target, file.bytes, 0o644);
    const blob = join(root, blobPath(file.sha256));
    try {
      await link(blob, target);
    } catch (error) {
      if (isAbsent(error)) throw missingBlob(file.sha256, file.path);
      if (!isLinkRefused(error)) throw error;
      await copyFlushed(blob, target);
    }
  });
}

async function copyFlushed(from: string, to: string): Promise<void> {
  await copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  await chmod(to, 0o444);
  const file = await open(to, "r");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

async function isFolder(path: string): Promise<boolean> {
  const stat = await attemptUnlessAbsent(`read ${path}`, () => lstat(path));
  return stat?.isDirectory() ?? false;
}

function badPath(path: string, reason: string): JamError {
  return new JamError("JAM_METADATA_CONFLICT", `The path ${JSON.stringify(path)} ${reason}.`, {
    hint: "Deny one of the agents that have this path in jam.yaml.",
    details: { path },
  });
}

function missingBlob(sha256: Sha256, path: string): JamError {
  return new JamError(
    "JAM_STORE_CORRUPT",
    `${path} cannot be published: blob ${sha256} is not in the store.`,
    {
      hint: "Run `jam sync` to fetch it again.",
      details: { sha256, path },
    },
  );
}

function treeInUse(id: string, refs: readonly string[]): JamError {
  return new JamError("JAM_USAGE_INVALID", `Snapshot ${id} is published as ${refs.join(", ")}.`, {
    hint: "Publish another snapshot first.",
    details: { id, refs },
  });
}
