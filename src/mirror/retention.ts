import type { Sha256 } from "../shared/sha256.ts";
import type { StagedStat } from "../store/store.ts";
import { firstListed, type FirstListed } from "./first-seen.ts";
import { hashesOfKept, type KeptSnapshot } from "./kept-contents.ts";
import type { ShownRef } from "./refs.ts";
import { judgeClaims, type ChannelRetention } from "./retention-claims.ts";
import { MIRROR_REF } from "../shared/ref-name.ts";
import { refOfTree, snapshotIdOf } from "./snapshot.ts";
import { TarballTotal } from "./tarball-total.ts";

export interface RetentionRules {
  /** Snapshots kept for going back, in addition to those that a ref shows. */
  readonly snapshots: number;
  /** How long what was removed from the index stays for clients that are still fetching, in ms. */
  readonly graceMs: number;
  /** How old an earlier snapshot may become, in ms; undefined is no limit. */
  readonly ageMs?: number | undefined;
  /** Bytes of tarballs above which older snapshots go first; undefined is no limit. */
  readonly quota: number | undefined;
  /** Limits of channels, by name. */
  readonly channels?: Readonly<Record<string, ChannelRetention>> | undefined;
  /**
   * Whether what a cache server fetched for clients stays, although no snapshot lists it. False for a mirror that is in cache
   * mode no longer; as long as a cache server runs, it stays all the same. Default true.
   */
  readonly keepsCached?: boolean;
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
  readonly refs: readonly Pick<ShownRef, "name" | "treeId" | "order" | "rollbacks">[];
  readonly trees: readonly string[];
  /** At least those that no snapshot needs which stays (`judgeSnapshots`), and that are not pinned. */
  readonly blobs: readonly HeldBlob[];
  /** How many tarballs there are. Default: as many as `blobs`. */
  readonly held?: number;
  /** Parts of tarballs that wait for a run that resumes them. Default none. */
  readonly staged?: readonly StagedStat[];
  /** Names of the proofs that are kept. */
  readonly proofs: readonly string[];
  /** Names of the pages of catalogues that are kept. Default none. */
  readonly pages?: readonly string[];
  /** Proofs that comparing the next documents with the accepted ones still needs. */
  readonly accepted: ReadonlySet<string>;
  /** Contents of something unfinished: a bundle whose other volumes have not arrived yet. */
  readonly pinned: ReadonlySet<string>;
  /** Ids of snapshots that an operator wants to keep. Default none. */
  readonly pinnedSnapshots?: ReadonlySet<string>;
  /** Ids of snapshots that an operator wants to delete; the caller has refused those that are in use. Default none. */
  readonly unwanted?: ReadonlySet<string>;
  /** When contents came that belong to something that was refused. Default none. */
  readonly refused?: ReadonlyMap<Sha256, Date>;
  /** When tarballs that only deleted snapshots listed were listed last, as ISO 8601. Default none. */
  readonly deletedListings?: ReadonlyMap<Sha256, string>;
  readonly rules: RetentionRules;
  readonly now: Date;
}

/** What decides which snapshots stay. */
type RetentionNeeds = Omit<RetentionInput, "blobs" | "held">;

export interface RetentionPlan {
  readonly snapshots: readonly string[];
  readonly trees: readonly string[];
  readonly blobs: readonly HeldBlob[];
  readonly proofs: readonly string[];
  /** Pages of catalogues that no kept snapshot names. */
  readonly pages: readonly string[];
  /** What is known of when the mirror first listed its tarballs, before some snapshots go that tell it; undefined where none goes. */
  readonly firstListed: FirstListed | undefined;
  /** Pages that kept snapshots name. */
  readonly keptPages: ReadonlySet<string>;
  /** Parts of tarballs that no run has resumed: all that have not grown since `partialBefore`. */
  readonly partial: readonly StagedStat[];
  readonly partialBefore: Date;
  /** Bytes that the deleted tarballs free. */
  readonly bytes: number;
  /** Tarballs in the store before anything is deleted. */
  readonly held: number;
  /** Why each of the snapshots and tarballs goes, by its id or hash; for people. */
  readonly reasons: ReadonlyMap<string, string>;
  /** Why each of the trees goes, by its id; for people. */
  readonly treeReasons: ReadonlyMap<string, string>;
}

/** A verified tarball that no snapshot lists, or a part of one, may belong to a run that was cut short: it waits this long. */
const ORPHAN_MS = 7 * 24 * 3_600_000;

/** Which snapshots stay, and what these need: only other tarballs have to be looked at. */
export interface JudgedSnapshots {
  readonly graced: ReadonlySet<string>;
  /** Why each of those that do not stay may go, by its id, oldest first. */
  readonly dropped: ReadonlyMap<string, string>;
  readonly kept: readonly KeptSnapshot[];
  readonly needed: ReadonlySet<Sha256>;
}

/** Decides which snapshots stay. Pure. */
export function judgeSnapshots(input: RetentionNeeds): JudgedSnapshots {
  const graced = gracedIds(input);
  const dropped = droppedSnapshots(input, graced);
  const kept = input.snapshots.filter(({ id }) => !dropped.has(id));
  return { graced, dropped, kept, needed: hashesOfKept(kept) };
}

/** What may be deleted. Pure; deleting runs in the order of the fields: names first, bytes last. */
export function planRetention(
  input: RetentionInput,
  { graced, dropped, kept, needed }: JudgedSnapshots = judgeSnapshots(input),
): RetentionPlan {
  const named = new Set<string>(kept.flatMap(({ pages }) => pages));
  const shownTrees = new Set(input.refs.map(({ treeId }) => treeId));
  const { blobs, reasons } = droppedBlobs(input, needed);
  const order = input.refs.find(({ name }) => name === MIRROR_REF)?.order ?? [];
  const partialBefore = new Date(input.now.getTime() - ORPHAN_MS);
  const trees = input.trees.filter((id) => !shownTrees.has(id) && !graced.has(snapshotIdOf(id)));
  return {
    snapshots: [...dropped.keys()],
    trees,
    blobs,
    proofs: input.proofs.filter(
      (name) => !needed.has(name as Sha256) && !input.accepted.has(name) && !input.pinned.has(name),
    ),
    firstListed: dropped.size === 0 ? undefined : firstListed(input.snapshots, order),
    pages: (input.pages ?? []).filter((name) => !named.has(name)),
    keptPages: named,
    partial: (input.staged ?? []).filter(({ changedAt }) => changedAt < partialBefore),
    partialBefore,
    bytes: blobs.reduce((sum, { size }) => sum + size, 0),
    held: input.held ?? input.blobs.length,
    reasons: new Map([...dropped, ...reasons]),
    treeReasons: new Map(trees.map((id) => [id, reasonForTree(id, input)])),
  };
}

/** Why a tree that no ref shows may go. */
function reasonForTree(id: string, { refs }: RetentionInput): string {
  const name = refOfTree(id);
  const shown = refs.find((ref) => ref.name === name);
  if (shown === undefined)
    return name === MIRROR_REF ? "the mirror shows nothing" : `the channel ${name} is gone`;
  const isSame = snapshotIdOf(shown.treeId) === snapshotIdOf(id);
  if (isSame) return "built again since, for the same snapshot";
  return "no longer shown, and the grace period is over (retention.grace)";
}

/** The tarballs that may go, and why each of them. */
function droppedBlobs(
  { snapshots, blobs, pinned, refused, deletedListings, rules, now }: RetentionInput,
  needed: ReadonlySet<Sha256>,
): Pick<RetentionPlan, "blobs" | "reasons"> {
  let listed: ReadonlySet<Sha256> | undefined;
  const ageMs = (date: Date) => now.getTime() - date.getTime();
  const reasonFor = ({ sha256, storedAt }: HeldBlob): string | undefined => {
    listed ??= hashesOfKept(snapshots);
    if (listed.has(sha256)) return "only snapshots that are deleted list it";
    const refusedAt = refused?.get(sha256);
    if (refusedAt !== undefined && ageMs(refusedAt) >= rules.graceMs)
      return "it came with a bundle that was refused";
    // Not what a cut-off run left: something else kept it after its snapshots were deleted, and these were past their grace.
    const listedAt = deletedListings?.get(sha256);
    if (listedAt !== undefined && storedAt.getTime() <= Date.parse(listedAt))
      return "only snapshots that were deleted listed it";
    return ageMs(storedAt) > ORPHAN_MS ? "no snapshot has listed it for 7 days" : undefined;
  };
  const reasons = new Map<string, string>();
  const going = blobs.filter((blob) => {
    if (needed.has(blob.sha256) || pinned.has(blob.sha256)) return false;
    const reason = reasonFor(blob);
    if (reason !== undefined) reasons.set(blob.sha256, reason);
    return reason !== undefined;
  });
  return { blobs: going, reasons };
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
function gracedIds(input: RetentionNeeds): Set<string> {
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

/** The snapshots that may go, oldest first, and why each of them. */
function droppedSnapshots(input: RetentionNeeds, graced: ReadonlySet<string>): Map<string, string> {
  const { snapshots, refs, rules, now } = input;
  const referenced = new Set(refs.map(({ treeId }) => snapshotIdOf(treeId)));
  const isFixed = (id: string) =>
    referenced.has(id) || graced.has(id) || input.pinnedSnapshots?.has(id) === true;
  const { unwanted, rollbacks } = judgeClaims({ snapshots, refs, rules, now }, referenced);
  const reasonFor = ({ id }: KeptSnapshot): string | undefined => {
    if (isFixed(id)) return undefined;
    return input.unwanted?.has(id) === true ? "asked for" : unwanted.get(id);
  };
  const dropped = new Map<string, string>();
  for (const snapshot of snapshots) {
    const reason = reasonFor(snapshot);
    if (reason !== undefined) dropped.set(snapshot.id, reason);
  }
  if (rules.quota === undefined) return dropped;
  const kept = snapshots.filter(({ id }) => !dropped.has(id));
  const total = new TarballTotal(kept);
  for (const snapshot of kept) {
    if (total.bytes <= rules.quota) break;
    if (isFixed(snapshot.id) || rollbacks.has(snapshot.id)) continue;
    dropped.set(snapshot.id, "the tarballs exceed retention.quota");
    total.drop(snapshot);
  }
  const order = new Map(snapshots.map(({ id }, position) => [id, position]));
  return new Map([...dropped].sort(([a], [b]) => (order.get(a) ?? 0) - (order.get(b) ?? 0)));
}
