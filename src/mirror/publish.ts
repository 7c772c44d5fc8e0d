import type { TreeFile, Store } from "../store/store.ts";
import { JamError } from "../shared/errors.ts";
import { sha256Of } from "../shared/sha256.ts";
import { formatAgentName, type Agent } from "../juju/agent.ts";
import { renderCuratedFace } from "../juju/catalogue.ts";
import { PathSpace } from "../juju/path-space.ts";
import { formatSnapshot, makeSnapshotId, MIRROR_REF, type Snapshot } from "./snapshot.ts";

export interface Publication {
  readonly agents: readonly Agent[];
  readonly upstream: Snapshot["upstream"];
  readonly earlierProofs?: Snapshot["earlierProofs"];
  /** The bundle that brought it. */
  readonly bundle?: Snapshot["bundle"];
  readonly verbatim: Snapshot["verbatim"];
  /** Snapshots that clients may still be reading from: their documents and tarballs stay reachable. */
  readonly graced: readonly Snapshot[];
  readonly parent: string | undefined;
  readonly createdAt: Date;
}

/**
 * Publishes a snapshot. The order is the safety proof: tarballs and proof are here already, then the snapshot, then
 * the whole tree beside the old one, at last the one mutable name. Killed anywhere, readers see the old tree or
 * the new one.
 * @throws JamError JAM_STORE_…
 */
export async function publishSnapshot(store: Store, publication: Publication): Promise<Snapshot> {
  const agents = publication.agents.toSorted(byName);
  const id = makeSnapshotId(publication.createdAt, sha256Of(JSON.stringify(agents)));
  const snapshot: Snapshot = {
    format: "jam-snapshot:1",
    id,
    createdAt: publication.createdAt.toISOString(),
    ...(publication.parent === undefined ? {} : { parent: publication.parent }),
    upstream: publication.upstream,
    ...(publication.earlierProofs === undefined ? {} : { earlierProofs: publication.earlierProofs }),
    ...(publication.bundle === undefined ? {} : { bundle: publication.bundle }),
    verbatim: publication.verbatim,
    agents,
  };
  await store.documents.put("snapshots", `${id}.json`, formatSnapshot(snapshot));
  const before = await store.refs.read(MIRROR_REF);
  await publishTree(store, { treeId: id, snapshot, graced: publication.graced, before });
  return snapshot;
}

/** Builds a snapshot's tree, with what clients of the graced ones still need, and points the ref at it. */
export async function publishTree(
  store: Store,
  tree: {
    readonly treeId: string;
    readonly snapshot: Snapshot;
    readonly graced: readonly Snapshot[];
    readonly before: string | undefined;
  },
): Promise<void> {
  await store.trees.build(tree.treeId, treeEntries(tree.snapshot, tree.graced));
  if (await store.refs.swap(MIRROR_REF, tree.before, tree.treeId)) return;
  throw new JamError("JAM_STORE_LOCKED", "Another process published while this one held the lock.", {
    hint: "Let only one machine write to this data directory, then run `jam sync` again.",
    details: { expected: tree.before ?? null, found: (await store.refs.read(MIRROR_REF)) ?? null },
  });
}

function treeEntries(snapshot: Snapshot, graced: readonly Snapshot[]): TreeFile[] {
  const entries = new Map<string, TreeFile>();
  const space = new PathSpace();
  // What upstream has moved since may have left a file where a folder is needed now: the new snapshot goes first.
  const add = (entry: TreeFile) => {
    if (!entries.has(entry.path) && space.take(entry.path) === undefined) entries.set(entry.path, entry);
  };
  for (const { path, text } of renderSnapshot(snapshot)) add({ path, bytes: Buffer.from(text) });
  for (const { path, sha256 } of snapshot.agents) add({ path, sha256 });
  for (const old of graced) {
    const prefix = `streams/v1/${old.id}/`;
    for (const { path, text } of renderSnapshot(old)) {
      if (path.startsWith(prefix)) add({ path, bytes: Buffer.from(text) });
    }
    for (const { path, sha256 } of old.agents) add({ path, sha256 });
  }
  return [...entries.values()];
}

/** The curated face's documents of one snapshot; the same bytes every time. */
export function renderSnapshot(
  snapshot: Snapshot,
): readonly { readonly path: string; readonly text: string }[] {
  return renderCuratedFace(snapshot.agents, {
    snapshotId: snapshot.id,
    updatedAt: new Date(snapshot.createdAt),
  });
}

function byName(a: Agent, b: Agent): number {
  const [left, right] = [formatAgentName(a), formatAgentName(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}
