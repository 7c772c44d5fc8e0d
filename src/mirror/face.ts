import { renderCuratedFace, type FaceDocument } from "../juju/curated-face.ts";
import type { Agent } from "../juju/agent.ts";
import type { Sha256 } from "../shared/sha256.ts";
import type { ContentId } from "../simplestreams/item.ts";
import type { ProductFile } from "../simplestreams/product-file.ts";
import type { Snapshot, VerbatimFace } from "./snapshot.ts";

/** A tarball as a face serves it. */
export interface FaceTarball {
  readonly sha256: Sha256;
  /** Bytes. */
  readonly size: number;
}

/** The documents of a snapshot's curated face; the same bytes every time. */
export function renderFace(snapshot: Pick<Snapshot, "agents" | "id" | "createdAt">): readonly FaceDocument[] {
  return renderCuratedFace(snapshot.agents, {
    snapshotId: snapshot.id,
    updatedAt: new Date(snapshot.createdAt),
  });
}

/** The folder of the product files that a snapshot's index names, with a slash at its end. No other snapshot has it. */
export function ownFolder({ id }: Pick<Snapshot, "id">): string {
  return `streams/v1/${id}/`;
}

/** The snapshot as it may be shown: without the agents whose tarballs are damaged. */
export function withoutDamaged(snapshot: Snapshot, damaged: ReadonlySet<Sha256>): Snapshot {
  if (!snapshot.agents.some(({ sha256 }) => damaged.has(sha256))) return snapshot;
  return { ...snapshot, agents: snapshot.agents.filter(({ sha256 }) => !damaged.has(sha256)) };
}

/** A snapshot, or what a ref still shows of it. */
export interface ShownPart extends Snapshot {
  /** Versions that were withdrawn; absent for a whole snapshot. */
  readonly withdrawn?: readonly string[];
}

/** The snapshot without the agents of versions that were withdrawn. */
export function withoutVersions(snapshot: Snapshot, versions: ReadonlySet<string>): ShownPart {
  if (versions.size === 0) return snapshot;
  const withdrawn = new Set(snapshot.agents.map(({ version }) => version)).intersection(versions);
  if (withdrawn.size === 0) return snapshot;
  const agents = snapshot.agents.filter(({ version }) => !withdrawn.has(version));
  return { ...snapshot, agents, withdrawn: [...withdrawn].sort() };
}

/** The tarballs of a snapshot by path, for both faces. */
export function tarballsOf(snapshot: Pick<Snapshot, "agents">): ReadonlyMap<string, FaceTarball> {
  return new Map(snapshot.agents.map(({ path, sha256, size }) => [path, { sha256, size }]));
}

/** What upstream's documents list, and which of them were not or could not be read. */
export interface ListedUpstream {
  readonly products: ReadonlyMap<ContentId, ProductFile>;
  readonly unreadable: readonly { readonly contentId: ContentId; readonly error: Error }[];
  /** Agent content ids that the index lists and no rule selects. */
  readonly unread: readonly ContentId[];
}

/**
 * Whether upstream's signed documents may be served unchanged: only when every tarball that they list is held
 * (principle P2; a signature over agents that are missing here breaks upgrades).
 */
export function evaluateVerbatimFace(
  metadata: ListedUpstream,
  verified: boolean,
  published: readonly Agent[],
): VerbatimFace {
  if (!verified) return incomplete("upstream's documents were not verified");
  const [unread] = metadata.unread;
  if (unread !== undefined) return incomplete(`upstream's index lists ${unread}, which is not mirrored`);
  const [unreadable] = metadata.unreadable;
  if (unreadable !== undefined)
    return incomplete(`${unreadable.contentId} cannot be read: ${unreadable.error.message}`);
  const held = new Map<string, Sha256>(published.map((agent) => [agent.path, agent.sha256]));
  for (const [contentId, file] of metadata.products) {
    if (file.refused.length > 0)
      return incomplete(`${contentId} contains ${file.refused[0]?.where}, which was refused`);
    const missing = file.items.filter((item) => held.get(item.path) !== item.sha256);
    if (missing.length > 0) {
      return incomplete(
        `${missing.length} of ${file.items.length} items of ${contentId} are not held, ${missing[0]?.path} among them`,
      );
    }
  }
  return { complete: true };
}

/**
 * Whether upstream's signed documents are not served because the mirror has a part of what they list, as nearly every mirror.
 * Any other reason is a fault. Snapshots keep the reason only.
 */
export function isPartOfUpstream({ reason }: { readonly reason: string }): boolean {
  return /^upstream's index lists \S+, which is not mirrored$|^\d+ of \d+ items of \S+ are not held, /.test(
    reason,
  );
}

function incomplete(reason: string): VerbatimFace {
  return { complete: false, reason };
}
