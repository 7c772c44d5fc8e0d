import { MIRROR_REF } from "../shared/ref-name.ts";
import type { Sha256 } from "../shared/sha256.ts";
import type { TarballContent } from "./contents.ts";
import { hashesOfKept, type KeptSnapshot } from "./kept-contents.ts";
import type { ShownRef } from "./refs.ts";
import { snapshotIdOf } from "./snapshot.ts";

export interface RetentionRules {
  /** Snapshots kept for going back, in addition to those that a ref shows. */
  readonly snapshots: number;
  /** How long what was removed from the index stays for clients that are still fetching, in ms. */
  readonly graceMs: number;
  /** Bytes of tarballs above which older snapshots go first; undefined is no limit. */
  readonly quota: number | undefined;
}

export interface HeldBlob {
  readonly sha256: Sha256;
  readonly size: number;
  readonly storedAt: Date;
}

export interface RetentionInput {
  /** Every snapshot, oldest first. */
  readonly snapshots: readonly KeptSnapshot[];
  /** Every ref. What a ref shows, and has shown within the grace period, stays. */
  readonly refs: readonly Pick<ShownRef, "name" | "treeId" | "order">[];
  readonly trees: readonly string[];
  readonly blobs: readonly HeldBlob[];
  /** Names of the proofs that are kept. */
  readonly proofs: readonly string[];
  /** Names of the pages of catalogues that are kept. Default none. */
  readonly pages?: readonly string[];
  /** Proofs that comparing the next documents with the accepted ones still needs. */
  readonly accepted: ReadonlySet<string>;
  /** Contents of something unfinished: a bundle whose other volumes have not arrived yet. */
  readonly pinned: ReadonlySet<string>;
  /** When contents came that belong to something that was refused. Default none. */
  readonly refused?: ReadonlyMap<Sha256, Date>;
  readonly rules: RetentionRules;
  readonly now: Date;
}

export interface RetentionPlan {
  readonly snapshots: readonly string[];
  readonly trees: readonly string[];
  readonly blobs: readonly HeldBlob[];
  readonly proofs: readonly string[];
  /** Pages of catalogues that no kept snapshot names. */
  readonly pages: readonly string[];
  /** Bytes that the deleted tarballs free. */
  readonly bytes: number;
}

/** A verified tarball that no snapshot lists may belong to a run that was cut short: it waits this long. */
const ORPHAN_MS = 7 * 24 * 3_600_000;

/** What may be deleted. Pure; deleting runs in the order of the fields: names first, bytes last. */
export function planRetention(input: RetentionInput): RetentionPlan {
  const graced = gracedIds(input);
  const kept = keptSnapshots(input, graced);
  const keptIds = new Set(kept.map(({ id }) => id));
  const needed = hashesOfKept(kept);
  const listed = hashesOfKept(input.snapshots);
  const named = new Set<string>(kept.flatMap(({ pages }) => pages));
  const shownTrees = new Set(input.refs.map(({ treeId }) => treeId));
  const ageMs = (blob: Pick<HeldBlob, "storedAt">) => input.now.getTime() - blob.storedAt.getTime();
  const isOverdue = (sha256: Sha256) => {
    const refusedAt = input.refused?.get(sha256);
    return refusedAt !== undefined && ageMs({ storedAt: refusedAt }) >= input.rules.graceMs;
  };
  const blobs = input.blobs.filter(
    ({ sha256, ...blob }) =>
      !needed.has(sha256) &&
      !input.pinned.has(sha256) &&
      (listed.has(sha256) || isOverdue(sha256) || ageMs(blob) > ORPHAN_MS),
  );
  return {
    snapshots: input.snapshots.filter(({ id }) => !keptIds.has(id)).map(({ id }) => id),
    trees: input.trees.filter((id) => !shownTrees.has(id) && !graced.has(snapshotIdOf(id))),
    blobs,
    proofs: input.proofs.filter(
      (name) => !needed.has(name as Sha256) && !input.accepted.has(name) && !input.pinned.has(name),
    ),
    pages: (input.pages ?? []).filter((name) => !named.has(name)),
    bytes: blobs.reduce((sum, { size }) => sum + size, 0),
  };
}

/**
 * Ids of the snapshots that a ref has shown and that were replaced there less than the grace period ago. What the ref
 * shows now is not among them.
 */
export function gracedIn(
  { order }: Pick<ShownRef, "order">,
  { graceMs, now }: { readonly graceMs: number; readonly now: Date },
): Set<string> {
  const graced = new Set<string>();
  order.forEach(({ id }, position) => {
    const successor = order[position + 1];
    if (successor !== undefined && now.getTime() - successor.since.getTime() < graceMs) graced.add(id);
  });
  const shown = order.at(-1)?.id;
  if (shown !== undefined) graced.delete(shown);
  return graced;
}

/**
 * Ids of the snapshots that clients may still be reading from: replaced in any ref within the grace period. One that no
 * ref is known to have shown counts from the snapshot that was made after it.
 */
function gracedIds(input: RetentionInput): Set<string> {
  const { snapshots, refs, now } = input;
  const { graceMs } = input.rules;
  const shown = new Set(refs.flatMap(({ order }) => order.map(({ id }) => id)));
  const others = snapshots.flatMap(({ id }, position) => {
    const successor = snapshots[position + 1];
    if (shown.has(id) || successor === undefined) return [];
    return now.getTime() - Date.parse(successor.createdAt) < graceMs ? [id] : [];
  });
  return new Set([...refs.flatMap((ref) => [...gracedIn(ref, { graceMs, now })]), ...others]);
}

function keptSnapshots(input: RetentionInput, graced: ReadonlySet<string>): KeptSnapshot[] {
  const referenced = new Set(input.refs.map(({ treeId }) => snapshotIdOf(treeId)));
  const earlier = new Set(input.refs.flatMap(rollbackTargets));
  const isFixed = ({ id }: KeptSnapshot) => referenced.has(id) || graced.has(id) || earlier.has(id);
  const older = input.snapshots.filter(({ id }) => !referenced.has(id));
  const shown = new Set(input.refs.flatMap(({ order }) => order.map(({ id }) => id)));
  // A run that was killed before it published left a snapshot that no ref has shown: it is the first to go.
  const byRank = [...older.filter(({ id }) => !shown.has(id)), ...older.filter(({ id }) => shown.has(id))];
  const newest = new Set(byRank.slice(Math.max(0, byRank.length - input.rules.snapshots)));
  const kept = input.snapshots.filter((snapshot) => isFixed(snapshot) || newest.has(snapshot));
  if (input.rules.quota === undefined) return kept;
  const total = new TarballTotal(kept);
  while (total.bytes > input.rules.quota) {
    const oldest = kept.findIndex((snapshot) => !isFixed(snapshot));
    const [dropped] = oldest === -1 ? [] : kept.splice(oldest, 1);
    if (dropped === undefined) break;
    total.drop(dropped);
  }
  return kept;
}

/** Bytes of the tarballs that snapshots list, each tarball counted once. */
class TarballTotal {
  bytes = 0;
  /** How many snapshots name each page, and how many pages list each tarball. */
  readonly #pages = new Map<readonly TarballContent[], number>();
  readonly #tarballs = new Map<Sha256, number>();

  constructor(snapshots: readonly KeptSnapshot[]) {
    for (const { tarballs } of snapshots)
      for (const page of tarballs) {
        if (count(this.#pages, page, 1) > 1) continue;
        for (const { sha256, size } of page) if (count(this.#tarballs, sha256, 1) === 1) this.bytes += size;
      }
  }

  drop({ tarballs }: KeptSnapshot): void {
    for (const page of tarballs) {
      if (count(this.#pages, page, -1) > 0) continue;
      for (const { sha256, size } of page) if (count(this.#tarballs, sha256, -1) === 0) this.bytes -= size;
    }
  }
}

function count<K>(counts: Map<K, number>, key: K, by: number): number {
  const now = (counts.get(key) ?? 0) + by;
  counts.set(key, now);
  return now;
}

/** How many snapshots a channel can be rolled back to at least. */
const ROLLBACKS_KEPT = 3;

/** What a ref other than the mirror's showed last: it must be possible to go back at once, however often upstream moves. */
function rollbackTargets({ name, order }: RetentionInput["refs"][number]): readonly string[] {
  if (name === MIRROR_REF) return [];
  const distinct = new Set(order.map(({ id }) => id).toReversed());
  return [...distinct].slice(1, ROLLBACKS_KEPT + 1);
}
