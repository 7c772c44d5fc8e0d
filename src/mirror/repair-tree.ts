import type { Store } from "../store/store.ts";
import type { Sha256 } from "../shared/sha256.ts";
import { readSnapshots } from "./prune.ts";
import { publishTree } from "./publish.ts";
import { gracedIds, type RetentionRules } from "./retention.ts";
import { MIRROR_REF, nextTreeId, snapshotIdOf, type Snapshot } from "./snapshot.ts";

/** Says that the published tree may link damaged files, until it has been built again. */
const MARK = "tree-to-repair.json";

/**
 * Notes, before anything is fetched, that a listed tarball is missing or damaged: the published tree may still link
 * the damaged file when the run that fetches it again does not live to replace it.
 */
export async function markDamage(
  store: Pick<Store, "documents">,
  current: Snapshot | undefined,
  fetch: readonly { readonly sha256: Sha256 }[],
): Promise<void> {
  const listed = new Set(current?.agents.map(({ sha256 }) => sha256));
  if (!fetch.some(({ sha256 }) => listed.has(sha256))) return;
  await store.documents.put("state", MARK, Buffer.from("{}\n"));
}

/**
 * Builds the published tree again where this run or an earlier one noted damage. A tree that was built after the
 * note, for a new snapshot, links whole files already.
 */
export async function repairTree(
  store: Store,
  run: {
    /** What was published when the run began. */
    readonly before: Snapshot | undefined;
    readonly retention: RetentionRules;
    readonly now: Date;
  },
): Promise<void> {
  if ((await store.documents.get("state", MARK)) === undefined) return;
  const treeId = await store.refs.read(MIRROR_REF);
  if (treeId !== undefined && snapshotIdOf(treeId) === run.before?.id) {
    const snapshots = await readSnapshots(store);
    const referenced = new Set([run.before.id]);
    const graced = gracedIds({ snapshots, referenced, rules: run.retention, now: run.now });
    await publishTree(store, {
      treeId: nextTreeId(treeId),
      snapshot: run.before,
      graced: snapshots.filter(({ id }) => graced.has(id)),
      before: treeId,
    });
  }
  await store.documents.delete("state", MARK);
}
