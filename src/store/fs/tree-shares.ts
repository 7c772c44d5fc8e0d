import { lstat, readFile, readdir, readlink } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { constants, gunzip, gzip } from "node:zlib";
import { writeFlushed } from "../../disk/durable-write.ts";
import { attempt, attemptUnlessAbsent } from "../../disk/io-error.ts";
import { isTreeId, isTreePath, parsePoolLink, SHARES_FILE, TREE_FOLDER } from "../layout.ts";

const SHARES_FORMAT = "jam-tree-shares:1";

/** What a published tree has in a pool. */
export interface TreeShares {
  readonly pool: string;
  /** Where the tree has links to folders of the pool. */
  readonly links: readonly string[];
  /** Tarballs, at the same path in tree and pool. Who acts on one looks whether it is safe. */
  readonly files: readonly string[];
  /** Folders of documents, with the version of each. */
  readonly folders: readonly { readonly path: string; readonly version: string }[];
}

/** A tree that has links to pools, and nothing tells what it needs there. */
export interface UnknownShares {
  readonly pools: readonly string[];
}

/** Writes what a tree shares into its folder, flushed; the caller flushes the folder. Ten thousand paths are some 60 KB. */
export async function writeShares(tree: string, shares: TreeShares): Promise<void> {
  const path = join(tree, SHARES_FILE);
  await attempt(`write ${path}`, async () => {
    const text = JSON.stringify({ format: SHARES_FORMAT, ...shares });
    const bytes = await promisify(gzip)(text, { level: constants.Z_BEST_SPEED });
    await writeFlushed(path, bytes, 0o644);
  });
}

/**
 * What the tree in a folder shares; undefined when it has all of its files for itself. What was written for it counts, also
 * where a copy has resolved its links.
 */
export async function readShares(tree: string): Promise<TreeShares | UnknownShares | undefined> {
  const path = join(tree, SHARES_FILE);
  const bytes = await attemptUnlessAbsent(`read ${path}`, () => readFile(path));
  const shares = bytes && (await parseShares(bytes));
  if (shares !== undefined) return shares;
  const pools = new Set<string>();
  await collectPools(join(tree, TREE_FOLDER), pools);
  return pools.size === 0 ? undefined : { pools: [...pools] };
}

/** True when it is known what the tree needs in its pool. */
export function isKnown(shares: TreeShares | UnknownShares): shares is TreeShares {
  return "pool" in shares;
}

async function parseShares(bytes: Uint8Array): Promise<TreeShares | undefined> {
  try {
    const value: unknown = JSON.parse((await promisify(gunzip)(bytes)).toString("utf8"));
    return isShares(value) ? value : undefined;
  } catch {
    // Torn or changed by somebody: what it said is not known.
    return undefined;
  }
}

function isShares(value: unknown): value is TreeShares {
  const { format, pool, links, files, folders } = value as Record<string, unknown>;
  if (format !== SHARES_FORMAT || typeof pool !== "string" || !isTreeId(pool)) return false;
  return isListOf(links, isPath) && isListOf(files, isText) && isListOf(folders, isFolderVersion);
}

function isListOf(value: unknown, isOne: (one: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(isOne);
}

function isText(value: unknown): boolean {
  return typeof value === "string";
}

function isPath(value: unknown): boolean {
  return typeof value === "string" && isTreePath(value);
}

function isFolderVersion(value: unknown): boolean {
  const { path, version } = value as Record<string, unknown>;
  return isPath(path) && typeof version === "string";
}

/** The pools that links below a folder lead to. */
async function collectPools(folder: string, pools: Set<string>): Promise<void> {
  const stat = await attemptUnlessAbsent(`read ${folder}`, () => lstat(folder));
  if (stat?.isDirectory() !== true) return;
  const entries = await attempt(`list ${folder}`, () => readdir(folder, { withFileTypes: true }));
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await collectPools(path, pools);
    if (!entry.isSymbolicLink()) continue;
    const pool = parsePoolLink(await attempt(`read ${path}`, () => readlink(path)));
    if (pool !== undefined) pools.add(pool);
  }
}
