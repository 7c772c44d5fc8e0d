import type { Agent } from "../juju/agent.ts";
import { MIRROR_REF, type RefName } from "../shared/ref-name.ts";
import type { Sha256 } from "../shared/sha256.ts";
import type { SnapshotMaking } from "./rules-in-force.ts";

/** One upstream document that a snapshot rests on: its bytes are kept as proof under `upstream/<sha256>`. */
export interface ProvenDocument {
  readonly path: string;
  readonly url: string;
  readonly sha256: Sha256;
  /** Fingerprint of the key that signed it; undefined when verification was switched off. */
  readonly signedBy?: string;
  /** ISO 8601; when the signature was made. */
  readonly signedAt?: string;
  /** ISO 8601; when its key had already expired when the document arrived (`--allow expired-key`). */
  readonly keyExpiredAt?: string;
  /** ISO 8601; the document's own `updated`. */
  readonly updatedAt?: string;
  /** The rules by which it was read and verified; absent for one that was accepted before these had a version. */
  readonly rules?: number;
}

/** Whether the verbatim face may be served from this snapshot: all that upstream's signed documents list is held. */
export type VerbatimFace =
  { readonly complete: true } | { readonly complete: false; readonly reason: string };

/** Documents of one upstream, read at one time. */
export interface UpstreamProof {
  readonly name: string;
  readonly url: string;
  /** False records that the operator switched verification off. */
  readonly verified: boolean;
  readonly documents: readonly ProvenDocument[];
}

/** Where an imported snapshot comes from. */
export interface BundleOrigin {
  readonly id: string;
  /** ISO 8601; when its maker's snapshot was made. */
  readonly createdAt: string;
  /** Fingerprint of its signer; null records that it was accepted without a signature that is trusted here. */
  readonly signedBy: string | null;
  /** ISO 8601; when the key of its signer had already expired when the bundle arrived (`--allow expired-key`). */
  readonly signerExpiredAt?: string;
}

/** Where the snapshot of a channel comes from, where it is not its feeder's own. */
export interface CuratedOrigin {
  readonly channel: string;
  /** The feeder: the mirror's ref or another channel. */
  readonly from: string;
  /** Id of the feeder's snapshot. */
  readonly snapshot: string;
}

/** Every proof that a snapshot rests on, that of its own documents first. */
export function proofsOf({
  upstream,
  earlierProofs = [],
}: Pick<Snapshot, "upstream" | "earlierProofs">): readonly UpstreamProof[] {
  return [upstream, ...earlierProofs];
}

/** True when the signatures of every upstream that a snapshot rests on were verified. */
export function isVerified(snapshot: Pick<Snapshot, "upstream" | "earlierProofs">): boolean {
  return proofsOf(snapshot).every(({ verified }) => verified);
}

/** An immutable catalogue with its provenance. */
export interface Snapshot {
  /** `20261123T204800Z-1a2b3c4d`: time of creation and the start of the catalogue's hash. Sorts by time. */
  readonly id: string;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly parent?: string;
  readonly upstream: UpstreamProof;
  /** Proofs of agents that the documents above no longer list; absent where there are none. */
  readonly earlierProofs?: readonly UpstreamProof[];
  /** The bundle that brought it over an air gap; absent when it was synced. */
  readonly bundle?: BundleOrigin;
  /** The promotion that made it; absent when it was synced or imported. */
  readonly curated?: CuratedOrigin;
  /** Who made it, by which rules; absent for a snapshot of an earlier version. */
  readonly made?: SnapshotMaking;
  readonly verbatim: VerbatimFace;
  readonly agents: readonly Agent[];
}

/** All of a snapshot but its agents. */
export type SnapshotEnvelope = Omit<Snapshot, "agents">;

/** A snapshot's id: when it was made and the start of its catalogue's hash, so that ids sort by time. */
export function makeSnapshotId(createdAt: Date, catalogue: Sha256): string {
  const time = createdAt.toISOString().replaceAll(/[-:]|\.\d+/g, "");
  return `${time}-${catalogue.slice(0, 8)}`;
}

/** When the snapshot of this id was made, to the second; undefined for what is not such an id. */
export function snapshotTimeOf(id: string): Date | undefined {
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z-/.exec(id) ?? [];
  const time = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(time.getTime()) ? undefined : time;
}

/** The parts of a tree's id. */
interface TreeId {
  readonly snapshot: string;
  readonly ref: RefName;
  /** From 1. Odd ones may contain what clients of earlier snapshots still need; even ones contain their snapshot alone. */
  readonly generation: number;
}

/** The snapshot that a published tree shows. */
export function snapshotIdOf(treeId: string): string {
  return treeId.split("~", 1)[0] as string;
}

/** The ref that a tree was built for. */
export function refOfTree(treeId: string): RefName {
  return parseTreeId(treeId).ref;
}

/** True for a tree that may contain what clients of the ref's earlier snapshots need for a grace period. */
export function mayHaveEarlier(treeId: string): boolean {
  return parseTreeId(treeId).generation % 2 === 1;
}

/** True for a tree that was built for this ref. */
export function isTreeOf(treeId: string, ref: RefName): boolean {
  return parseTreeId(treeId).ref === ref;
}

/**
 * The id of the first tree of a snapshot that is built for a ref. What a tree contains in addition to its snapshot depends on
 * what its ref has shown before, so refs share no trees.
 */
export function firstTreeId(snapshot: string, ref: RefName): string {
  return formatTreeId({ snapshot, ref, generation: 1 });
}

/**
 * The id for building the tree that a ref points at once more, for the same snapshot.
 * @param hasEarlier whether it contains what clients of earlier snapshots need: it is built once more when their grace is over
 */
export function nextTreeId(treeId: string, ref: RefName, hasEarlier = false): string {
  const { snapshot, ...own } = parseTreeId(treeId);
  const next = own.ref === ref ? own.generation + 1 : 2;
  const isRight = (next % 2 === 1) === hasEarlier;
  return formatTreeId({ snapshot, ref, generation: isRight ? next : next + 1 });
}

/** `<snapshot>`, then `<snapshot>~2`, for the mirror; `<snapshot>~<ref>~1` for another ref. */
function formatTreeId({ snapshot, ref, generation }: TreeId): string {
  if (ref !== MIRROR_REF) return `${snapshot}~${ref}~${generation}`;
  return generation === 1 ? snapshot : `${snapshot}~${generation}`;
}

function parseTreeId(treeId: string): TreeId {
  const [snapshot = "", ...rest] = treeId.split("~");
  const ref = rest.length > 1 ? (rest[0] as RefName) : MIRROR_REF;
  return { snapshot, ref, generation: Number(rest.at(-1) ?? 1) };
}
