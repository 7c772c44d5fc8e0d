import { lstat, readFile, rename, rm, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { syncFolder, temporaryPath } from "../../disk/durable-write.ts";
import { attempt, attemptUnlessAbsent } from "../../disk/io-error.ts";
import { formatPoolLink, poolFolder, TREE_FOLDER } from "../layout.ts";
import { noSymbolicLinks } from "./refs.ts";
import { isKnown, readShares, type TreeShares } from "./tree-shares.ts";

/** Puts the links of a tree to its pool where nothing is yet; `tools` is the folder that they are in. */
export async function putPoolLinks(
  root: string,
  tools: string,
  { links, pool }: Pick<TreeShares, "links" | "pool">,
): Promise<void> {
  for (const path of links) await putLink(root, join(tools, path), formatPoolLink(pool, path));
}

/**
 * Puts back the links of a published tree that a copy left out (`rsync --no-links`) or wrote as text (some network file
 * systems), where the pool is there. A folder in the place of a link stays: it is a copy of what the link led to. True
 * when something was put back.
 */
export async function restorePoolLinks(root: string, id: string): Promise<boolean> {
  const tree = join(root, "published", id);
  const shares = await readShares(tree);
  if (shares === undefined || !isKnown(shares)) return false;
  let isRestored = false;
  for (const link of shares.links) {
    const path = join(tree, TREE_FOLDER, link);
    const target = formatPoolLink(shares.pool, link);
    if (!(await isLost(path, target))) continue;
    const led = await attemptUnlessAbsent(`read ${target}`, () =>
      lstat(join(root, poolFolder(shares.pool), link)),
    );
    if (led?.isDirectory() !== true) continue;
    await replaceByLink(root, path, target);
    isRestored = true;
  }
  return isRestored;
}

/** True where nothing is, or a file with the text of the link. */
async function isLost(path: string, target: string): Promise<boolean> {
  const stat = await attemptUnlessAbsent(`read ${path}`, () => lstat(path));
  if (stat === undefined) return true;
  if (!stat.isFile()) return false;
  return (await attempt(`read ${path}`, () => readFile(path, "utf8"))).trim() === target;
}

async function replaceByLink(root: string, path: string, target: string): Promise<void> {
  const staged = temporaryPath(join(root, "published"));
  try {
    await putLink(root, staged, target);
    await attempt(`create ${path}`, () => rename(staged, path));
  } finally {
    await rm(staged, { force: true });
  }
  await syncFolder(dirname(path));
}

async function putLink(root: string, path: string, target: string): Promise<void> {
  await attempt(`create ${path}`, async () => {
    try {
      await symlink(target, path);
    } catch (error) {
      throw noSymbolicLinks(error, root);
    }
  });
}
