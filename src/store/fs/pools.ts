import { type Stats, lstatSync } from "node:fs";
import { mkdir, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setImmediate } from "node:timers/promises";
import {
  FOLDER_MODE,
  listNames,
  makeFolder,
  syncFolder,
  temporaryPath,
  writeFlushed,
} from "../../disk/durable-write.ts";
import { attempt, lstatOrNothing } from "../../disk/io-error.ts";
import { systemCode } from "../../shared/errors.ts";
import { mapConcurrently } from "../../shared/map-concurrently.ts";
import { blobPath, poolFolder } from "../layout.ts";
import type { TreeOptions } from "../store.ts";
import type { RequireHeld } from "./lease.ts";
import { linkBlob, missingBlob } from "./link-blob.ts";
import { parentsOf, type SharedPlan, type TreeBlob } from "./tree-plan.ts";
import { isKnown, readShares, type TreeShares } from "./tree-shares.ts";

/** File operations under way at once: keeps the thread pool busy without thousands of waiting promises. */
const PARALLEL = 64;
/** Looks at the disk in a row before others have their turn: some milliseconds. */
const LOOKS_IN_A_ROW = 500;

/** A pool, and what is not in it yet. */
export interface PoolPlace {
  readonly pool: string;
  readonly missing: SharedPlan;
}

/**
 * The pool for a new tree: that of its base, unless a path there would change its content; else a new one. A pool only ever
 * gains names that nothing lists yet and loses names that no tree needs any longer, so trees that share it stay whole.
 * @throws JamError JAM_STORE_CORRUPT naming a blob that is missing
 */
export async function choosePool(
  root: string,
  id: string,
  { shared, base, without = [] }: TreeOptions & { readonly shared: SharedPlan },
): Promise<PoolPlace> {
  const shares = base === undefined ? undefined : await readShares(join(root, "published", base));
  if (shares !== undefined && isKnown(shares)) {
    const missing = await compareWithPool(root, { shared, shares, without });
    if (missing !== undefined) return { pool: shares.pool, missing };
  }
  await checkBlobs(root, shared.blobs);
  return { pool: await newPool(root, id), missing: shared };
}

/** What the pool of a tree has not got of a plan; undefined when the plan does not fit it. */
async function compareWithPool(
  root: string,
  {
    shared,
    shares,
    without,
  }: { readonly shared: SharedPlan; readonly shares: TreeShares; readonly without: Iterable<string> },
): Promise<SharedPlan | undefined> {
  const pool = join(root, poolFolder(shares.pool));
  if (lstatOrNothing(pool)?.isDirectory() !== true) return undefined;
  for (const path of without) if (lstatOrNothing(join(pool, path)) !== undefined) return undefined;
  const versions = new Map(shares.folders.map(({ path, version }) => [path, version]));
  const folders = [];
  for (const folder of shared.folders) {
    const found = lstatOrNothing(join(pool, folder.folder));
    if (found === undefined) folders.push(folder);
    else if (versions.get(folder.folder) !== folder.version || !found.isDirectory()) return undefined;
  }
  const blobs = [];
  let looks = 0;
  for (const blob of shared.blobs) {
    if ((looks += 1) % LOOKS_IN_A_ROW === 0) await setImmediate();
    const source = { path: `${root}/${blobPath(blob.sha256)}`, stat: lookAtBlob(root, blob) };
    const path = `${pool}/${blob.path}`;
    const stat = lstatOrNothing(path);
    if (stat === undefined) blobs.push(blob);
    // Another file of the same name: its bytes may be others, or damaged.
    else if (!isSameFile({ path, stat }, source)) return undefined;
  }
  const parents = new Set(
    [...blobs.map(({ path }) => path), ...folders.map(({ folder }) => folder)].flatMap(parentsOf),
  );
  for (const parent of parents)
    if (lstatOrNothing(join(pool, parent))?.isDirectory() === false) return undefined;
  return { blobs, folders };
}

function isSameFile(one: Found, other: Found): boolean {
  if (!one.stat.isFile() || one.stat.ino !== other.stat.ino || one.stat.dev !== other.stat.dev) return false;
  // Some network file systems have numbers that are not exact here.
  return Number.isSafeInteger(one.stat.ino) || exactInode(one.path) === exactInode(other.path);
}

function exactInode(path: string): bigint | undefined {
  return lstatSync(path, { bigint: true, throwIfNoEntry: false })?.ino;
}

/** Something on disk, and where it is. */
interface Found {
  readonly path: string;
  readonly stat: Stats;
}

/**
 * Looks whether blobs are here.
 * @throws JamError JAM_STORE_CORRUPT naming the first one that is missing
 */
export async function checkBlobs(root: string, blobs: readonly TreeBlob[]): Promise<void> {
  let looks = 0;
  for (const blob of blobs) {
    if ((looks += 1) % LOOKS_IN_A_ROW === 0) await setImmediate();
    lookAtBlob(root, blob);
  }
}

function lookAtBlob(root: string, { sha256, path }: TreeBlob): Stats {
  const stat = lstatOrNothing(`${root}/${blobPath(sha256)}`);
  if (stat?.isFile() === true) return stat;
  throw missingBlob(sha256, path);
}

async function newPool(root: string, id: string): Promise<string> {
  const taken = new Set(await listNames(join(root, "pools")));
  for (let turn = 1; ; turn += 1) {
    const name = turn === 1 ? id : `${id}.${turn}`;
    if (!taken.has(name)) return name;
  }
}

/** Adds what is missing to a pool, flushed. `staging` is a folder for what is not whole yet. */
export async function addToPool(
  root: string,
  { pool, missing }: PoolPlace,
  { staging, requireHeld }: { readonly staging: string; readonly requireHeld: RequireHeld },
): Promise<void> {
  const folder = join(root, poolFolder(pool));
  await makeFolder(folder);
  const paths = [...missing.blobs.map(({ path }) => path), ...missing.folders.map((one) => one.folder)];
  const changed = await makeParents(folder, paths);
  await mapConcurrently(
    missing.blobs,
    async ({ sha256, path }) => {
      requireHeld();
      await linkBlob(root, sha256, join(folder, path));
    },
    PARALLEL,
  );
  for (const { folder: path, documents } of missing.folders) {
    const staged = temporaryPath(staging);
    await attempt(`write ${join(folder, path)}`, async () => {
      await mkdir(staged, { mode: FOLDER_MODE });
      for (const { name, bytes } of documents()) await writeFlushed(join(staged, name), bytes, 0o644);
      await syncFolder(staged);
      requireHeld();
      await rename(staged, join(folder, path));
    });
  }
  await mapConcurrently(changed, syncFolder, PARALLEL);
}

/** Makes the folders that these paths are in, and gives every folder that gets a new entry. */
async function makeParents(pool: string, paths: readonly string[]): Promise<Set<string>> {
  const parents = new Set(paths.flatMap(parentsOf));
  const changed = new Set(paths.map((path) => join(pool, dirname(path))));
  // Parents first.
  for (const parent of [...parents].sort()) {
    const path = join(pool, parent);
    await attempt(`create folder ${path}`, async () => {
      try {
        await mkdir(path, { mode: FOLDER_MODE });
        changed.add(dirname(path));
      } catch (error) {
        if (systemCode(error) !== "EEXIST") throw error;
      }
    });
  }
  return changed;
}
