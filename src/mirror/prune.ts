import { formatByteSize } from "../shared/byte-size.ts";
import { formatCount } from "../shared/listed.ts";
import { compareTexts, defined } from "../shared/collections.ts";
import { mapConcurrently } from "../shared/map-concurrently.ts";
import { JamError } from "../shared/errors.ts";
import { MIRROR_REF } from "../shared/ref-name.ts";
import type { Store } from "../store/store.ts";
import { readCachedBlobs } from "./cached-blobs.ts";
import type { ReadPage } from "./catalogue.ts";
import { clearDamage } from "./damaged-blobs.ts";
import { listDamaged } from "./damaged-list.ts";
import { noteFirstListed } from "./first-seen.ts";
import { hashesOfKept, readKeptSnapshots, type KeptSnapshot } from "./kept-contents.ts";
import { readDeletedListings, rememberDeleted } from "./listed-before.ts";
import { isMassRemoval } from "./mass-removal.ts";
import { readPinnedContents } from "./pinned-contents.ts";
import { readPinnedSnapshots } from "./pinned-snapshots.ts";
import { readRefusedContents } from "./pins.ts";
import { listSnapshotIds, readSnapshot } from "./read-snapshots.ts";
import { rebuildWithoutGraced, treesToRebuild } from "./rebuild-tree.ts";
import { readRefs, type ShownRef } from "./refs.ts";
import type { Sha256 } from "../shared/sha256.ts";
import { judgeSnapshots, planRetention, type RetentionPlan, type RetentionRules } from "./retention.ts";
import { readOffer } from "./offer.ts";
import { proofsOf, snapshotIdOf, type ProvenDocument } from "./snapshot.ts";
import { namedUpstreamPages } from "./upstream-catalogue.ts";
import { readUpstreamState } from "./upstream-state.ts";

export interface PruneOptions {
  /** Ids of snapshots to delete although retention would keep them. Default none. */
  readonly unwanted?: ReadonlySet<string>;
  /** Has the pages that were read before for the same task. Default: reads them. */
  readonly read?: ReadPage;
}

/**
 * What retention would delete at this moment. Changes nothing.
 * @throws JamError JAM_STORE_…
 */
export async function planPrune(
  store: Store,
  rules: RetentionRules,
  now: Date,
  { unwanted = new Set(), read }: PruneOptions = {},
): Promise<RetentionPlan> {
  const snapshots = await readKeptSnapshots(store, read);
  const refs = await readRefs(store, snapshots);
  await requireShown(store, refs, snapshots);
  const shown = refs.find(({ name }) => name === MIRROR_REF);
  const current = snapshots.find(({ id }) => shown !== undefined && id === snapshotIdOf(shown.treeId));
  const state = await readUpstreamState(store.documents, current);
  const accepted = [...state.documents.values(), ...[...state.further.values()].flat()];
  const input = {
    snapshots,
    refs,
    trees: (await store.trees?.list()) ?? [],
    staged: await collect(store.blobs.listStaged?.()),
    proofs: await store.documents.list("upstream"),
    pages: await readPageNames(store.documents, snapshots),
    accepted: new Set([...accepted, ...(await proofsOfOffer(store))].map(({ sha256 }) => sha256 as string)),
    pinned: new Set([...(await readPinnedContents(store.documents)), ...(await cachedHashes(store, rules))]),
    pinnedSnapshots: new Set((await readPinnedSnapshots(store.documents)).keys()),
    unwanted,
    refused: await readRefusedContents(store.documents),
    rules,
    now,
  };
  const names = await store.blobs.names();
  const judged = judgeSnapshots(input);
  const others = names.filter((sha256) => !judged.needed.has(sha256) && !input.pinned.has(sha256));
  const stats = await mapConcurrently(others, (sha256) => store.blobs.stat(sha256));
  const blobs = stats.filter((stat) => stat !== undefined);
  const deletedListings = blobs.length === 0 ? undefined : await readDeletedListings(store.documents);
  return planRetention({ ...input, blobs, ...defined({ deletedListings }), held: names.length }, judged);
}

/**
 * What `jam prune` would delete: also the trees that it builds again before. Changes nothing.
 * @throws JamError JAM_STORE_…
 */
export async function foreseePrune(store: Store, rules: RetentionRules, now: Date): Promise<RetentionPlan> {
  const plan = await planPrune(store, rules, now);
  const rebuilt = (await treesToRebuild(store, rules, now)).filter((id) => !plan.trees.includes(id));
  const reason = "built again without what its clients no longer need";
  return {
    ...plan,
    trees: [...plan.trees, ...rebuilt].sort(compareTexts),
    treeReasons: new Map([...plan.treeReasons, ...rebuilt.map((id) => [id, reason] as const)]),
  };
}

/** The cache server evicts what clients asked for; it alone knows when each was last used. */
async function cachedHashes(
  { documents, cacheLease }: Store,
  { keepsCached = true }: RetentionRules,
): Promise<Iterable<Sha256>> {
  const isCache = keepsCached || (await cacheLease.holder()) !== undefined;
  return isCache ? (await readCachedBlobs(documents)).keys() : [];
}

/**
 * Deletes what retention allows: names before bytes, so that a kill in between leaves nothing dangling. When a
 * published tree still contains something whose grace is over, it is built again without it first.
 * Call with the writer's lease held.
 * @throws JamError JAM_STORE_…
 */
export async function pruneStore(
  store: Store,
  rules: RetentionRules,
  now: Date,
  { read }: Pick<PruneOptions, "read"> = {},
): Promise<RetentionPlan> {
  await preparePrune(store, rules, now);
  const plan = await planPrune(store, rules, now, defined({ read }));
  await carryOut(store, plan);
  return plan;
}

/**
 * Builds trees again without what is over, so that a plan that is made now can delete it. Call with the lease held.
 * @throws JamError JAM_STORE_…
 */
export async function preparePrune(store: Store, rules: RetentionRules, now: Date): Promise<void> {
  await rebuildWithoutGraced(store, rules, now);
}

/**
 * Refuses a plan that deletes more tarballs at once than the operator may have meant.
 * @param maxRemoval largest share, 0 … 1
 * @throws JamError JAM_PRUNE_TOO_MUCH
 */
export function refuseLargePrune({ blobs, bytes, held }: RetentionPlan, maxRemoval: number): void {
  if (!isMassRemoval(blobs.length, held, maxRemoval)) return;
  const share = `${Math.round((100 * blobs.length) / held)} %`;
  throw new JamError(
    "JAM_PRUNE_TOO_MUCH",
    `${blobs.length} of ${formatCount(held, "tarball")} (${share}, ${formatByteSize(bytes)}) would be deleted; at most ${Math.round(maxRemoval * 100)} % may be deleted at once. Nothing was deleted.`,
    {
      hint: "`jam prune --dry-run` lists them with the reasons. Correct `retention` in jam.yaml, or repeat the command with --force-removal (the limit is retention.maxRemoval).",
      details: { tarballs: blobs.length, held, bytes },
    },
  );
}

/**
 * Deletes what a plan names. Call with the writer's lease held since before it was made.
 * @throws JamError JAM_STORE_…
 */
export async function carryOut(store: Store, plan: RetentionPlan): Promise<void> {
  await rememberDeleted(store, { ids: plan.snapshots, keptPages: plan.keptPages });
  // Also where no channel has a delay: one that is set later counts from then.
  if (plan.firstListed !== undefined) await noteFirstListed(store, plan.firstListed);
  for (const id of plan.trees) await store.trees?.delete(id);
  for (const id of plan.snapshots) await store.documents.delete("snapshots", `${id}.json`);
  await mapConcurrently(plan.pages, (name) => store.documents.delete("catalogue", name));
  await mapConcurrently(plan.proofs, (name) => store.documents.delete("upstream", name));
  await mapConcurrently(plan.blobs, ({ sha256 }) => store.blobs.delete(sha256));
  if (plan.partial.length > 0) await store.blobs.discardStaged?.(plan.partialBefore);
  await forgetDamage(store.documents);
}

/**
 * Pages that retention decides about: not those of what upstream lists, and none while a snapshot cannot be read, which may
 * name any of them.
 */
async function readPageNames(
  documents: Store["documents"],
  snapshots: readonly KeptSnapshot[],
): Promise<readonly string[]> {
  const ids = await listSnapshotIds(documents);
  if (ids.length > snapshots.length) return [];
  const named = new Set<string>((await namedUpstreamPages(documents)).map(({ sha256 }) => sha256));
  return (await documents.list("catalogue")).filter((name) => !named.has(name));
}

/** What a mirror in cache mode offers rests on these documents. */
async function proofsOfOffer({ documents }: Pick<Store, "documents">): Promise<readonly ProvenDocument[]> {
  const offer = await readOffer(documents);
  return offer === undefined ? [] : proofsOf(offer).flatMap((proof) => proof.documents);
}

/** Deletes notes on damaged tarballs that no snapshot lists any longer. */
async function forgetDamage(documents: Store["documents"]): Promise<void> {
  const damaged = await listDamaged(documents);
  if (damaged.size === 0) return;
  const listed = hashesOfKept(await readKeptSnapshots({ documents }));
  for (const sha256 of damaged.difference(listed)) await clearDamage(documents, sha256);
}

/** What a ref needs is not known without its snapshot; then nothing may be deleted. */
async function requireShown(
  store: Pick<Store, "documents">,
  refs: readonly ShownRef[],
  snapshots: readonly KeptSnapshot[],
): Promise<void> {
  const readable = new Set(snapshots.map(({ id }) => id));
  for (const { name, treeId } of refs) {
    const id = snapshotIdOf(treeId);
    if (readable.has(id) || (await readSnapshot(store, id)) !== undefined) continue;
    throw new JamError("JAM_STORE_CORRUPT", `The snapshot ${id} that ref ${name} shows is missing.`, {
      hint:
        name === MIRROR_REF
          ? "Run `jam sync` to publish a fresh snapshot. Nothing was deleted."
          : "Point the ref at another snapshot, or delete it. Nothing was deleted.",
      details: { ref: name, snapshot: id },
    });
  }
}

async function collect<T>(found: AsyncIterable<T> | undefined): Promise<T[]> {
  return found === undefined ? [] : Array.fromAsync(found);
}
