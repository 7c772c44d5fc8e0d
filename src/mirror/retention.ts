import type { Sha256 } from "../shared/sha256.ts";
import { sumTarballBytes } from "../juju/agent.ts";
import { proofsOf, snapshotIdOf, type Snapshot } from "./snapshot.ts";

export interface RetentionRules {
  /** Snapshots kept for going back, beside those that a ref names. */
  readonly snapshots: number;
  /** How long what left the index stays for clients that are still fetching, in ms. */
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
  readonly snapshots: readonly Snapshot[];
  /** Ids of the snapshots that a ref names. */
  readonly referenced: ReadonlySet<string>;
  readonly trees: readonly string[];
  /** Ids of the trees that a ref names. */
  readonly referencedTrees: ReadonlySet<string>;
  readonly blobs: readonly HeldBlob[];
  /** Names of the proofs that are kept. */
  readonly proofs: readonly string[];
  /** Proofs that the memory of freshness still needs. */
  readonly remembered: ReadonlySet<string>;
  /** Contents that something unfinished waits for more of: a bundle whose other part is still on its way. */
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
  /** Bytes that the deleted tarballs free. */
  readonly bytes: number;
}

/** A verified tarball that no snapshot lists may belong to a run that was cut short: it waits this long. */
const ORPHAN_MS = 7 * 24 * 3_600_000;

/** What may go. Pure; deleting runs in the order of the fields: names first, bytes last. */
export function planRetention(input: RetentionInput): RetentionPlan {
  const kept = keptSnapshots(input);
  const keptIds = new Set(kept.map(({ id }) => id));
  const needed = new Set(kept.flatMap(({ agents }) => agents.map(({ sha256 }) => sha256)));
  const listed = new Set(input.snapshots.flatMap(({ agents }) => agents.map(({ sha256 }) => sha256)));
  const proven = new Set(
    kept.flatMap(proofsOf).flatMap(({ documents }) => documents.map(({ sha256 }) => sha256 as string)),
  );
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
  const graced = gracedIds(input);
  return {
    snapshots: input.snapshots.filter(({ id }) => !keptIds.has(id)).map(({ id }) => id),
    trees: input.trees.filter((id) => !input.referencedTrees.has(id) && !graced.has(snapshotIdOf(id))),
    blobs,
    proofs: input.proofs.filter(
      (name) => !proven.has(name) && !input.remembered.has(name) && !input.pinned.has(name),
    ),
    bytes: blobs.reduce((sum, { size }) => sum + size, 0),
  };
}

/** Ids of the snapshots that were replaced less than the grace period ago. */
export function gracedIds(
  input: Pick<RetentionInput, "snapshots" | "referenced" | "rules" | "now">,
): Set<string> {
  const graced = new Set<string>();
  input.snapshots.forEach(({ id }, position) => {
    const successor = input.snapshots[position + 1];
    if (input.referenced.has(id) || successor === undefined) return;
    if (input.now.getTime() - Date.parse(successor.createdAt) < input.rules.graceMs) graced.add(id);
  });
  return graced;
}

function keptSnapshots(input: RetentionInput): Snapshot[] {
  const graced = gracedIds(input);
  const isPinned = ({ id }: Snapshot) => input.referenced.has(id) || graced.has(id);
  const older = input.snapshots.filter(({ id }) => !input.referenced.has(id));
  const shown = ancestorsOf(input);
  // A run that was killed before it published left a snapshot that nobody can want to go back to.
  const byWorth = [...older.filter(({ id }) => !shown.has(id)), ...older.filter(({ id }) => shown.has(id))];
  const newest = new Set(byWorth.slice(Math.max(0, byWorth.length - input.rules.snapshots)));
  const kept = input.snapshots.filter((snapshot) => isPinned(snapshot) || newest.has(snapshot));
  if (input.rules.quota === undefined) return kept;
  while (sumTarballBytes(kept.flatMap(({ agents }) => agents)) > input.rules.quota) {
    const oldest = kept.findIndex((snapshot) => !isPinned(snapshot));
    if (oldest === -1) break;
    kept.splice(oldest, 1);
  }
  return kept;
}

/** Ids of what was shown before the referenced snapshots, as far back as snapshots are kept. */
function ancestorsOf({
  snapshots,
  referenced,
}: Pick<RetentionInput, "snapshots" | "referenced">): Set<string> {
  const parents = new Map(snapshots.map(({ id, parent }) => [id, parent]));
  const ancestors = new Set<string>();
  for (const id of referenced) {
    for (let next = parents.get(id); next !== undefined && !ancestors.has(next); next = parents.get(next))
      ancestors.add(next);
  }
  return ancestors;
}
