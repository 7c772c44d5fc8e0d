import { link, lstat, mkdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  FOLDER_MODE,
  isTemporaryName,
  listNames,
  syncFolder,
  temporaryName,
  temporaryPath,
  uniqueWord,
  writeFlushed,
} from "../../disk/durable-write.ts";
import { attempt, attemptUnlessAbsent } from "../../disk/io-error.ts";
import { isAbsent, isLinkRefused, JamError } from "../../shared/errors.ts";
import { mapConcurrently } from "../../shared/map-concurrently.ts";
import { isTreeId, poolFolder, TREE_FOLDER } from "../layout.ts";
import { checkRefName } from "../store-errors.ts";
import type { RefStore, TreeStore } from "../store.ts";
import { inspectTree } from "./inspect-tree.ts";
import type { RequireHeld } from "./lease.ts";
import { linkBlob } from "./link-blob.ts";
import { removeFromPool, removeUnusedPools } from "./pool-removal.ts";
import { putPoolLinks } from "./pool-links.ts";
import { addToPool, checkBlobs, choosePool, type PoolPlace } from "./pools.ts";
import { planTree, type TreeDocument, type TreePlan } from "./tree-plan.ts";
import { readShares, writeShares } from "./tree-shares.ts";

/** File operations under way at once: keeps the thread pool busy without thousands of waiting promises. */
const PARALLEL = 64;

/**
 * Trees as folders `published/<id>/tools`, so that `published/<id>` is what Juju takes as `--metadata-source`. What a tree
 * shares is in `pools/`, and the tree has links to it. A tree is built under a temporary name and gets its id by one
 * rename when all of it is on disk, in its pool too; it loses its id by one rename before the first file of it goes. So
 * what has an id is whole.
 */
export function fsTreeStore(root: string, refs: Pick<RefStore, "list">, requireHeld: RequireHeld): TreeStore {
  const published = join(root, "published");
  return {
    async build(id, parts, { base, without } = {}) {
      checkRefName(id);
      requireHeld();
      if (await isFolder(join(published, id))) return;
      const plan = planTree(parts);
      await checkBlobs(root, plan.blobs);
      const shares = plan.links.length > 0;
      const place = shares ? await choosePool(root, id, { shared: plan.shared, base, without }) : undefined;
      const staged = temporaryPath(published);
      try {
        await fillTree(root, staged, { plan, place, requireHeld });
        await attempt(`write ${join(published, id)}`, () => rename(staged, join(published, id)));
        await syncFolder(published);
      } catch (error) {
        // What cannot be removed now is left to the next recovery; the cause is what matters here.
        await removeDoomed(root, staged, requireHeld).catch(() => undefined);
        throw error;
      }
    },
    list: () => listTrees(root),
    async inspect(id, expected) {
      checkRefName(id);
      return inspectTree(root, id, expected);
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
      await removeDoomed(root, doomed, requireHeld);
    },
  };
}

/** Removes the trees of runs that were killed, with what they have in pools. Call with the lease held. */
export async function removeUnfinishedTrees(root: string, requireHeld: RequireHeld): Promise<void> {
  const published = join(root, "published");
  const names = (await listNames(published)).filter(isTemporaryName);
  for (const name of names) await removeDoomed(root, join(published, name), requireHeld);
  const trees = await listTrees(root);
  await removeUnusedPools(
    root,
    trees.map((id) => join(published, id)),
    requireHeld,
  );
}

/** Removes a tree that has no id: first what it has in its pool, so that a kill leaves the note of that. */
async function removeDoomed(root: string, folder: string, requireHeld: RequireHeld): Promise<void> {
  const shares = await readShares(folder);
  if (shares !== undefined) {
    // The newest one is most like the others: mostly nothing has to be read but that.
    const others = (await listTrees(root)).reverse().map((id) => join(root, "published", id));
    await removeFromPool(root, shares, { others, requireHeld });
  }
  await attempt(`remove ${folder}`, () => rm(folder, { recursive: true, force: true }));
}

/** Ids of complete trees, ascending. */
async function listTrees(root: string): Promise<string[]> {
  const published = join(root, "published");
  const names = (await listNames(published)).filter(isTreeId);
  const folders = await Promise.all(names.map((name) => isFolder(join(published, name))));
  return names.filter((_, at) => folders[at]).sort();
}

/**
 * The order is the safety proof: the note of what the tree shares, then what it has for itself, at last what the pool gains. A
 * run that is killed leaves its note, by which the next one takes the rest away.
 */
async function fillTree(
  root: string,
  staged: string,
  {
    plan,
    place,
    requireHeld,
  }: {
    readonly plan: TreePlan;
    readonly place: PoolPlace | undefined;
    readonly requireHeld: RequireHeld;
  },
): Promise<void> {
  const tools = join(staged, TREE_FOLDER);
  const folders = ["", ...plan.folders].map((folder) => join(tools, folder));
  await attempt(`create folder ${staged}`, async () => {
    for (const folder of [staged, ...folders]) await mkdir(folder, { mode: FOLDER_MODE });
  });
  if (place !== undefined) {
    await writeShares(staged, {
      pool: place.pool,
      links: plan.links,
      files: plan.shared.blobs.map(({ path }) => path),
      folders: plan.shared.folders.map(({ folder, version }) => ({ path: folder, version })),
    });
  }
  const documents = Map.groupBy(plan.documents, ({ sameAs }) => (sameAs === undefined ? "own" : "pool"));
  // All under way settle before a failure shows, so that nothing still writes into a tree that is being removed.
  await mapConcurrently(documents.get("own") ?? [], (one) => writeDocument(tools, one), PARALLEL);
  await mapConcurrently(
    plan.blobs,
    ({ path, sha256 }) => linkBlob(root, sha256, join(tools, path)),
    PARALLEL,
  );
  if (place !== undefined) await putPoolLinks(root, tools, { links: plan.links, pool: place.pool });
  await mapConcurrently([...folders, staged], syncFolder, PARALLEL);
  if (place === undefined) return;
  await syncFolder(join(root, "published"));
  await addToPool(root, place, { staging: staged, requireHeld });
  for (const one of documents.get("pool") ?? []) {
    await linkDocument(join(root, poolFolder(place.pool)), tools, one);
    await syncFolder(dirname(join(tools, one.path)));
  }
}

function writeDocument(tools: string, { path, bytes }: TreeDocument): Promise<void> {
  return attempt(`write ${join(tools, path)}`, () => writeFlushed(join(tools, path), bytes, 0o644));
}

/** Gives a document of the pool a name in the tree. */
async function linkDocument(pool: string, tools: string, document: TreeDocument): Promise<void> {
  const { path, sameAs = "" } = document;
  await attempt(`write ${join(tools, path)}`, async () => {
    try {
      await link(join(pool, sameAs), join(tools, path));
    } catch (error) {
      if (!isLinkRefused(error) && !isAbsent(error)) throw error;
      await writeDocument(tools, document);
    }
  });
}

async function isFolder(path: string): Promise<boolean> {
  const stat = await attemptUnlessAbsent(`read ${path}`, () => lstat(path));
  return stat?.isDirectory() ?? false;
}

function treeInUse(id: string, refs: readonly string[]): JamError {
  return new JamError("JAM_USAGE_INVALID", `Snapshot ${id} is published as ${refs.join(", ")}.`, {
    hint: "Publish another snapshot first.",
    details: { id, refs },
  });
}
