import { isJamError } from "../shared/errors.ts";
import { MIRROR_REF, type RefName } from "../shared/ref-name.ts";
import type { Sha256 } from "../shared/sha256.ts";
import type { Store } from "../store/store.ts";
import type { ReadPage } from "./catalogue.ts";
import { listDamaged } from "./damaged-list.ts";
import { withoutVersions } from "./face.ts";
import { noteMissing } from "./note-missing.ts";
import { buildTree, moveRef, readGraced, type TreeContent } from "./publish.ts";
import { readHeader, readHeaders, readSnapshotsOf, unlessDamaged } from "./read-snapshots.ts";
import { readRefs, type ShownRef } from "./refs.ts";
import { gracedIn, type RetentionRules } from "./retention.ts";
import { isTreeOf, mayHaveEarlier, nextTreeId, snapshotIdOf, type Snapshot } from "./snapshot.ts";
import { stateDocument } from "./state-document.ts";

/** Says that published trees may link damaged files, until they have been built again. */
const damageNote = stateDocument({
  name: "tree-to-repair.json",
  format: "jam-tree-to-repair:1",
  schema: (zod) => zod.object({}),
  // Its presence is all that counts. It used to be written without a format.
  damage: { countsAs: {} },
});

/**
 * Notes, before anything is fetched, that a listed tarball is missing or damaged: published trees may still link
 * the damaged file when the run that fetches it again is killed before it replaces them. They may also link what only clients
 * of earlier snapshots need.
 * @param run.read has the pages that were read before for the same task; default: reads them
 */
export async function markDamage(
  store: Pick<Store, "documents" | "refs">,
  fetch: readonly { readonly sha256: Sha256 }[],
  run: { readonly graceMs: number; readonly read?: ReadPage },
): Promise<void> {
  if (fetch.length === 0) return;
  const wanted = new Set(fetch.map(({ sha256 }) => sha256));
  for (const { name, target } of await store.refs.list()) {
    const header = await unlessDamaged(readHeader(store, snapshotIdOf(target)));
    if (header === undefined) continue;
    // What was within its grace then is in the tree until that is built again.
    const now = new Date(header.createdAt);
    const inTree = await readGraced(store, name as RefName, { ...run, now, withdrawn: new Set() });
    if (!inTree.some(({ agents }) => agents.some(({ sha256 }) => wanted.has(sha256)))) continue;
    await damageNote.write(store.documents, {});
    return;
  }
}

/** True while published trees have to be built again. */
export async function hasTreesToRepair(documents: Pick<Store["documents"], "get">): Promise<boolean> {
  return (await damageNote.read(documents)) !== undefined;
}

/** Notes that the published trees have to be built again: `repairTrees` does it, in this run or a later one. */
export async function noteTreesToRepair(documents: Pick<Store["documents"], "put">): Promise<void> {
  await damageNote.write(documents, {});
}

/**
 * Builds every published tree again without the tarballs that are noted as damaged, and notes that it has to be built once
 * more when these are whole again.
 */
export async function rebuildTrees(
  store: Store,
  run: { readonly retention: RetentionRules; readonly now: Date },
): Promise<void> {
  await damageNote.write(store.documents, {});
  for (const shown of await readShown(store)) await rebuildShown(store, shown, run);
}

/**
 * Builds the published trees again where this run or an earlier one noted damage. A tree that was built after the
 * note, for a new snapshot, links whole files already.
 */
export async function repairTrees(
  store: Store,
  run: {
    /** What the mirror showed when the run began. */
    readonly before: Snapshot | undefined;
    readonly retention: RetentionRules;
    readonly now: Date;
  },
): Promise<void> {
  if ((await damageNote.read(store.documents)) === undefined) return;
  for (const shown of await readShown(store)) {
    // Without a snapshot before it is not known whether the tree was built after the note.
    const isNew = run.before !== undefined && shown.header.id !== run.before.id;
    if (shown.ref.name === MIRROR_REF && isNew) continue;
    await rebuildShown(store, shown, run);
  }
  // What is damaged still is missing in the trees: they are built again when it is whole.
  if ((await listDamaged(store.documents)).size === 0) await damageNote.delete(store.documents);
}

/** Builds the tree of a ref again, with what clients of its earlier snapshots still need. */
async function rebuildShown(
  store: Store,
  { ref, header: { id } }: Shown,
  { retention, now }: { readonly retention: RetentionRules; readonly now: Date },
): Promise<void> {
  const ids = gracedIn(ref, { graceMs: retention.graceMs, now });
  const read = await readSnapshotsOf(store, new Set([...ids, id]));
  const snapshot = read.find((one) => one.id === id);
  if (snapshot === undefined) return;
  await noteMissing(store, snapshot, now);
  // Nothing is shared with the tree before, which may contain what is damaged.
  const graced = read
    .filter((one) => ids.has(one.id))
    .map((earlier) => withoutVersions(earlier, ref.withdrawn));
  const content = { snapshot, graced, base: undefined };
  await rebuild(store, ref, { ...content, now });
}

type Shown = Awaited<ReturnType<typeof readShown>>[number];

/**
 * Builds the published trees without what they contain for clients of older snapshots, once all grace is over.
 * The id of a tree tells whether it may contain that.
 */
export async function rebuildWithoutGraced(store: Store, rules: RetentionRules, now: Date): Promise<void> {
  for (const { ref, header } of await shownWithGraced(store, rules, now)) {
    const [snapshot] = await readSnapshotsOf(store, new Set([header.id]));
    if (snapshot === undefined) continue;
    const base = isTreeOf(ref.treeId, ref.name) ? ref.treeId : undefined;
    await rebuild(store, ref, { snapshot, graced: [], base, now });
  }
}

/** Ids of the shown trees that `rebuildWithoutGraced` would build again: the old ones go then. Changes nothing. */
export async function treesToRebuild(
  store: Pick<Store, "documents" | "refs" | "trees">,
  rules: RetentionRules,
  now: Date,
): Promise<string[]> {
  if (store.trees === undefined) return [];
  return (await shownWithGraced(store, rules, now)).map(({ ref }) => ref.treeId);
}

/** Refs whose tree contains what clients of older snapshots needed, and whose grace is over. */
async function shownWithGraced(
  store: Pick<Store, "documents" | "refs">,
  { graceMs }: RetentionRules,
  now: Date,
): Promise<Shown[]> {
  if (!(await store.refs.list()).some(({ target }) => mayHaveEarlier(target))) return [];
  return (await readShown(store)).filter(({ ref, header }) => {
    const hasEarlier = header.parent !== undefined || ref.order.length > 1;
    const since = ref.order.at(-1)?.since ?? new Date(header.createdAt);
    return hasEarlier && mayHaveEarlier(ref.treeId) && now.getTime() - since.getTime() >= graceMs;
  });
}

/** Every ref with the snapshot that it shows, where that can be read. */
async function readShown(store: Pick<Store, "documents" | "refs">) {
  const headers = await readHeaders(store);
  return (await readRefs(store, headers)).flatMap((ref) => {
    const header = headers.find(({ id }) => id === snapshotIdOf(ref.treeId));
    return header === undefined ? [] : [{ ref, header }];
  });
}

async function rebuild(
  store: Store,
  { name, treeId }: ShownRef,
  { now, ...tree }: TreeContent & { readonly now: Date },
): Promise<void> {
  // Where no plain files are served there is no tree, and nothing in it to be replaced.
  if (store.trees === undefined) return;
  const next = nextTreeId(treeId, name, tree.graced.length > 0);
  // Left from a run that was killed before it moved the ref; what was damaged then may be whole now.
  await store.trees.delete(next);
  // A tree without agents would send every client to the internet: the old one stays.
  const isBuilt = await buildTree(store, next, tree).catch(async (error: unknown) => {
    if (!isJamError(error, "JAM_STORE_CORRUPT")) throw error;
    await noteMissing(store, tree.snapshot, now);
    return buildTree(store, next, tree);
  });
  if (!isBuilt) return;
  await moveRef(store, name, { before: treeId, treeId: next, at: now });
}
