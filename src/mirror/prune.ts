import type { Store } from "../store/store.ts";
import { readFurtherMemory, readMemory } from "./upstream-state.ts";
import { readPins } from "./pins.ts";
import { publishTree } from "./publish.ts";
import { readRefusedContents } from "./refused-contents.ts";
import { planRetention, type HeldBlob, type RetentionPlan, type RetentionRules } from "./retention.ts";
import { MIRROR_REF, nextTreeId, parseSnapshot, snapshotIdOf, type Snapshot } from "./snapshot.ts";

/** Every snapshot that is kept, oldest first; a damaged one is left out. */
export async function readSnapshots(store: Pick<Store, "documents">): Promise<Snapshot[]> {
  const snapshots: Snapshot[] = [];
  for (const name of await store.documents.list("snapshots")) {
    const bytes = await store.documents.get("snapshots", name);
    const id = name.replace(/\.json$/, "");
    try {
      if (bytes !== undefined) snapshots.push(parseSnapshot(bytes, id));
    } catch {
      // A damaged snapshot can serve nobody; `jam status` names it and the next publication replaces it.
    }
  }
  // Ids name the second; two snapshots may be of one.
  return snapshots.sort((a, b) => Date.parse(a.createdAt) - Date.parse(b.createdAt));
}

/**
 * What retention lets go of at this moment. Changes nothing.
 * @throws JamError JAM_STORE_…
 */
export async function planPrune(store: Store, rules: RetentionRules, now: Date): Promise<RetentionPlan> {
  const snapshots = await readSnapshots(store);
  const treeId = await store.refs.read(MIRROR_REF);
  const current = treeId === undefined ? undefined : snapshotIdOf(treeId);
  const memory = await readMemory(
    store.documents,
    snapshots.find(({ id }) => id === current),
  );
  const further = await readFurtherMemory(
    store.documents,
    snapshots.find(({ id }) => id === current),
  );
  return planRetention({
    snapshots,
    referenced: new Set(current === undefined ? [] : [current]),
    trees: await store.trees.list(),
    referencedTrees: new Set(treeId === undefined ? [] : [treeId]),
    blobs: await collect(store.blobs.list()),
    proofs: await store.documents.list("upstream"),
    remembered: new Set(
      [...memory.values(), ...[...further.values()].flat()].map(({ sha256 }) => sha256 as string),
    ),
    pinned: await readPins(store.documents),
    refused: await readRefusedContents(store.documents),
    rules,
    now,
  });
}

/**
 * Lets go of what retention allows: names before bytes, so that a kill in between leaves nothing dangling. When
 * the published tree still carries something whose grace is over, it is built again without it first.
 * Call with the writer's lease held.
 * @throws JamError JAM_STORE_…
 */
export async function pruneStore(store: Store, rules: RetentionRules, now: Date): Promise<RetentionPlan> {
  await dropGraced(store, rules, now);
  const plan = await planPrune(store, rules, now);
  for (const id of plan.trees) await store.trees.delete(id);
  for (const id of plan.snapshots) await store.documents.delete("snapshots", `${id}.json`);
  for (const name of plan.proofs) await store.documents.delete("upstream", name);
  for (const { sha256 } of plan.blobs) await store.blobs.delete(sha256);
  return plan;
}

/**
 * Builds the published tree without what it carried for clients of older snapshots, once all grace is over.
 * A snapshot's first tree carries that; a tree built again carries nothing, so this happens once a snapshot.
 */
async function dropGraced(store: Store, rules: RetentionRules, now: Date): Promise<void> {
  const treeId = await store.refs.read(MIRROR_REF);
  if (treeId === undefined || treeId !== snapshotIdOf(treeId)) return;
  const bytes = await store.documents.get("snapshots", `${treeId}.json`);
  if (bytes === undefined) return;
  const snapshot = parseSnapshot(bytes, treeId);
  const isOver = now.getTime() - Date.parse(snapshot.createdAt) >= rules.graceMs;
  if (snapshot.parent === undefined || !isOver) return;
  await publishTree(store, { treeId: nextTreeId(treeId), snapshot, graced: [], before: treeId });
}

async function collect(blobs: AsyncIterable<HeldBlob>): Promise<HeldBlob[]> {
  const all: HeldBlob[] = [];
  for await (const blob of blobs) all.push(blob);
  return all;
}
