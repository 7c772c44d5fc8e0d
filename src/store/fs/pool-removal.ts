import { lstatSync, rmdirSync, rmSync, unlinkSync } from "node:fs";
import { lstat, readdir, rename, rm } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { setImmediate } from "node:timers/promises";
import { listNames, syncFolder, temporaryPath } from "../../disk/durable-write.ts";
import { attempt, attemptUnlessAbsent } from "../../disk/io-error.ts";
import { isAbsent, systemCode } from "../../shared/errors.ts";
import { isTreeId, isTreePath, poolFolder } from "../layout.ts";
import type { RequireHeld } from "./lease.ts";
import { parentsOf } from "./tree-plan.ts";
import { isKnown, readShares, type TreeShares, type UnknownShares } from "./tree-shares.ts";

/** Calls in a row before others have their turn: some milliseconds. */
const CALLS_IN_A_ROW = 200;

/**
 * Removes from its pool what only a tree that is being deleted needed. What another tree needs stays; where that is not known,
 * everything stays. Killed at any instant, it can be done again.
 * @param shares what the doomed tree shared
 * @param others the folders of all other trees, the one that is most like it first
 */
export async function removeFromPool(
  root: string,
  shares: TreeShares | UnknownShares,
  { others, requireHeld }: { readonly others: readonly string[]; readonly requireHeld: RequireHeld },
): Promise<void> {
  for (const pool of poolsOf(shares)) {
    const folder = join(root, poolFolder(pool));
    const unneeded = await unneededIn(folder, { pool, shares, others });
    if (unneeded === "all") await removePool(root, pool, requireHeld);
    else await removePaths(folder, unneeded, requireHeld);
  }
}

/** Removes the pools that no tree needs: left by runs that were killed, or by an older jam that deleted their trees. */
export async function removeUnusedPools(
  root: string,
  trees: readonly string[],
  requireHeld: RequireHeld,
): Promise<void> {
  const pools = new Set((await listNames(join(root, "pools"))).filter(isTreeId));
  if (pools.size === 0) return;
  for (const tree of trees) {
    const shares = await readShares(tree);
    for (const pool of shares === undefined ? [] : poolsOf(shares)) pools.delete(pool);
    if (pools.size === 0) return;
  }
  for (const pool of pools) await removePool(root, pool, requireHeld);
}

async function removePool(root: string, pool: string, requireHeld: RequireHeld): Promise<void> {
  const folder = join(root, poolFolder(pool));
  const doomed = temporaryPath(dirname(folder));
  const moved = await attemptUnlessAbsent(`remove ${folder}`, async () => {
    requireHeld();
    await rename(folder, doomed);
    return true;
  });
  if (moved === undefined) return;
  await attempt(`remove ${folder}`, () => rm(doomed, { recursive: true, force: true }));
}

/** What no other tree needs of what a doomed tree shares in a pool; `all` when no other tree has the pool. */
async function unneededIn(
  folder: string,
  {
    pool,
    shares,
    others,
  }: {
    readonly pool: string;
    readonly shares: TreeShares | UnknownShares;
    readonly others: readonly string[];
  },
): Promise<ReadonlySet<string> | "all"> {
  let unneeded = new Set<string>();
  let isShared = false;
  for (const tree of others) {
    const other = await readShares(tree);
    if (other === undefined || !poolsOf(other).includes(pool)) continue;
    if (!isKnown(other)) return new Set();
    if (!isShared) unneeded = await candidates(folder, shares);
    isShared = true;
    for (const path of other.files) unneeded.delete(path);
    const folders = new Set(other.folders.map(({ path }) => path));
    for (const path of unneeded) {
      if ([...parentsOf(path), path].some((one) => folders.has(one))) unneeded.delete(path);
    }
    if (unneeded.size === 0) break;
  }
  return isShared ? unneeded : "all";
}

function poolsOf(shares: TreeShares | UnknownShares): readonly string[] {
  return isKnown(shares) ? [shares.pool] : shares.pools;
}

/** What a doomed tree names; where that is not known, all that the pool has. */
async function candidates(folder: string, shares: TreeShares | UnknownShares): Promise<Set<string>> {
  if (isKnown(shares)) return new Set([...shares.files, ...shares.folders.map(({ path }) => path)]);
  const stat = await attemptUnlessAbsent(`read ${folder}`, () => lstat(folder));
  if (stat?.isDirectory() !== true) return new Set();
  return attempt(`list ${folder}`, async () => {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const paths = entries
      .filter((entry) => !entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name));
    return new Set(paths.map((path) => relative(folder, path)));
  });
}

/** Between the look at the lease and what it allows, nothing of this process can happen. */
async function removePaths(
  pool: string,
  paths: ReadonlySet<string>,
  requireHeld: RequireHeld,
): Promise<void> {
  let calls = 0;
  const act = async (path: string, remove: (at: string) => void) => {
    if ((calls += 1) % CALLS_IN_A_ROW === 0) await setImmediate();
    await attempt(`remove ${join(pool, path)}`, async () => {
      requireHeld();
      remove(join(pool, path));
    });
  };
  const safe = [...paths].filter(isTreePath);
  for (const path of safe) await act(path, removeEntry);
  const parents = new Set(safe.flatMap(parentsOf));
  // The innermost first.
  for (const parent of [...parents].sort().reverse()) await act(parent, removeIfEmpty);
  const changed = new Set([...safe, ...parents].map((path) => join(pool, dirname(path))));
  for (const folder of changed) if (lstatSync(folder, { throwIfNoEntry: false })) await syncFolder(folder);
}

function removeEntry(path: string): void {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat?.isDirectory() === true) rmSync(path, { recursive: true, force: true });
  else if (stat !== undefined) unlinkSync(path);
}

function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch (error) {
    if (!isAbsent(error) && systemCode(error) !== "ENOTEMPTY") throw error;
  }
}
