import type { TreeFile, TreeFolder, Store } from "../store/store.ts";
import { JamError } from "../shared/errors.ts";
import type { RefName } from "../shared/ref-name.ts";
import { mapConcurrently } from "../shared/map-concurrently.ts";
import { sha256Of, type Sha256 } from "../shared/sha256.ts";
import { formatAgentName, type Agent } from "../juju/agent.ts";
import { PathSpace } from "../juju/path-space.ts";
import type { ReadPage } from "./catalogue.ts";
import { listDamaged } from "./damaged-list.ts";
import type { FaceDocument } from "../juju/curated-face.ts";
import { ownFolder, renderFace, withoutDamaged, withoutVersions, type ShownPart } from "./face.ts";
import { keepSnapshot, type SnapshotContent } from "./keep-snapshot.ts";
import { readSnapshotsOf } from "./read-snapshots.ts";
import { noteMove, readRef } from "./refs.ts";
import { gracedIn } from "./retention.ts";
import { firstTreeId, isTreeOf, snapshotIdOf, type Snapshot } from "./snapshot.ts";

/** Where a snapshot is shown, and what of the ref's earlier ones stays reachable. */
export interface Publication {
  readonly ref: RefName;
  /** Snapshots that clients may still be reading from: their documents and tarballs stay reachable. */
  readonly graced: readonly ShownPart[];
}

/**
 * Publishes a new snapshot. The order is the safety proof: tarballs and proof are here already, then the snapshot, then
 * the whole tree next to the old one, at last the one mutable name. Killed anywhere, readers see the old tree or
 * the new one.
 * @throws JamError JAM_STORE_…
 */
export async function publishSnapshot(
  store: Store,
  content: SnapshotContent,
  publication: Publication,
): Promise<Snapshot> {
  const snapshot = await keepSnapshot(store, content);
  await showSnapshot(store, snapshot, { ...publication, at: content.createdAt, isNew: true });
  return snapshot;
}

/** How a snapshot is shown. */
type Showing = Publication &
  Pick<TreeMove, "at" | "isNew" | "withdrawn" | "rollbacks"> & {
    /** Shares nothing with the tree before, because that contains what is withdrawn now. Default false. */
    readonly isApart?: boolean;
  };

/**
 * Points a ref at a snapshot that is kept: at a tree of its own, because what a tree contains in addition to its snapshot
 * depends on what the ref has shown before.
 * @throws JamError JAM_STORE_…
 */
export async function showSnapshot(
  store: Store,
  snapshot: Snapshot,
  { ref, graced, isApart = false, ...move }: Showing,
): Promise<void> {
  const before = await store.refs.read(ref);
  const treeId = firstTreeId(snapshot.id, ref);
  if (before === treeId) return;
  // Left from an earlier time that the ref showed this snapshot, or from a run that was killed.
  const isShown = (await store.refs.list()).some(({ target }) => target === treeId);
  if (!isShown) await store.trees?.delete(treeId);
  const isBase = before !== undefined && isTreeOf(before, ref) && !isApart;
  const base = isBase ? before : undefined;
  if (!(await buildTree(store, treeId, { snapshot, graced, base }))) throw allDamaged(snapshot);
  await moveRef(store, ref, { ...move, before, treeId });
}

/**
 * What a ref shows now and what it has shown within the grace period, without what is withdrawn from it: what its next tree
 * has to contain as well.
 */
export async function readGraced(
  store: Pick<Store, "refs" | "documents">,
  ref: RefName,
  { withdrawn, read, ...grace }: Grace,
): Promise<readonly ShownPart[]> {
  const shown = await readRef(store, ref, new Date(grace.now.getTime() - grace.graceMs));
  if (shown === undefined) return [];
  const graced = gracedIn(shown, grace).add(snapshotIdOf(shown.treeId));
  const snapshots = await readSnapshotsOf(store, graced, read);
  return snapshots.map((snapshot) => withoutVersions(snapshot, withdrawn ?? shown.withdrawn));
}

/** Up to when something is graced. */
interface Grace {
  readonly graceMs: number;
  readonly now: Date;
  /** Versions that are not shown any longer. Default: those that were withdrawn from the ref. */
  readonly withdrawn?: ReadonlySet<string>;
  /** Has the pages that were read before for the same task. Default: reads them. */
  readonly read?: ReadPage;
}

/** What a tree is built from. */
export interface TreeContent {
  readonly snapshot: Snapshot;
  readonly graced: readonly ShownPart[];
  /** The tree of the same ref that it takes the place of: what both contain is shared. Undefined builds all of it anew. */
  readonly base: string | undefined;
}

/**
 * Builds a tree of a snapshot, with what clients of the graced ones still need and without what is noted as damaged. A
 * complete one of that id stays; where no plain files are served there is none, and the ref alone moves. False, and
 * nothing is built, when every tarball of the snapshot is damaged.
 */
export async function buildTree(
  store: Pick<Store, "trees" | "blobs" | "documents">,
  treeId: string,
  { snapshot, graced, base }: TreeContent,
): Promise<boolean> {
  if (store.trees === undefined) return true;
  const damaged = await listDamaged(store.documents);
  const shown = withoutDamaged(snapshot, damaged);
  if (shown.agents.length === 0 && snapshot.agents.length > 0) return false;
  const lost = await lostTarballs(store.blobs, shown, graced);
  const parts = treeParts(snapshot, { graced, lost: lost.union(damaged) });
  const without = damagedPaths([snapshot, ...graced], damaged).difference(new Set(parts.keys()));
  await store.trees.build(treeId, parts.values(), { base, without });
  return true;
}

/** Where tarballs of these snapshots would be that are damaged. */
function damagedPaths(snapshots: readonly Snapshot[], damaged: ReadonlySet<Sha256>): Set<string> {
  if (damaged.size === 0) return new Set();
  const agents = snapshots.flatMap((one) => one.agents.filter(({ sha256 }) => damaged.has(sha256)));
  return new Set(agents.map(({ path }) => path));
}

function allDamaged({ id }: Snapshot): JamError {
  return new JamError(
    "JAM_STORE_CORRUPT",
    `Snapshot ${id} cannot be shown: all of its tarballs are damaged.`,
    {
      hint: "Run `jam sync` to fetch them again.",
      details: { snapshot: id },
    },
  );
}

/** A ref's move to a tree. */
export interface TreeMove {
  /** The tree that it points at now. */
  readonly before: string | undefined;
  readonly treeId: string;
  readonly at: Date;
  /** True where the snapshot of the tree was made for this move. Default false. */
  readonly isNew?: boolean;
  /** Versions that are withdrawn from the ref with this move. Default: as before. */
  readonly withdrawn?: Iterable<string>;
  /** Where rollbacks lead after this move, the nearest one last. Default: not noted. */
  readonly rollbacks?: readonly string[];
}

/**
 * Points the ref at a complete tree: the one step that readers see. Notes the move first, for the grace of what the ref
 * showed before.
 * @throws JamError JAM_STORE_LOCKED when another process moved the ref meanwhile
 */
export async function moveRef(
  store: Pick<Store, "refs" | "documents">,
  ref: RefName,
  { before, treeId, isNew = false, ...move }: TreeMove,
): Promise<void> {
  const from = before === undefined ? undefined : snapshotIdOf(before);
  await noteMove(store, ref, { ...move, from, to: snapshotIdOf(treeId), isNew });
  if (await store.refs.swap(ref, before, treeId)) return;
  throw new JamError("JAM_STORE_LOCKED", "Another process published while this one held the lock.", {
    hint: "Let only one machine write to this data directory, then run `jam sync` again.",
    details: { ref, expected: before ?? null, found: (await store.refs.read(ref)) ?? null },
  });
}

/**
 * Tarballs that only graced snapshots list and that are gone from the store. Nothing fetches them again, so they must not
 * stop a publication.
 */
async function lostTarballs(
  blobs: Store["blobs"],
  snapshot: Snapshot,
  graced: readonly ShownPart[],
): Promise<Set<Sha256>> {
  const listed = new Set(snapshot.agents.map(({ sha256 }) => sha256));
  const dropped = new Set<Sha256>();
  for (const { sha256 } of distinctAgents(graced)) if (!listed.has(sha256)) dropped.add(sha256);
  const lost = new Set<Sha256>();
  const look = async (sha256: Sha256) => {
    if ((await blobs.stat(sha256)) === undefined) lost.add(sha256);
  };
  await mapConcurrently(dropped, look);
  return lost;
}

/** What a tree consists of. The new snapshot comes first: upstream may have a folder now where an older snapshot has a file. */
export function treeParts(
  snapshot: Snapshot,
  { graced, lost }: { readonly graced: readonly ShownPart[]; readonly lost: ReadonlySet<Sha256> },
): ReadonlyMap<string, TreeFile | TreeFolder> {
  const parts = new Map<string, TreeFile | TreeFolder>();
  const space = new PathSpace();
  const add = (path: string, part: TreeFile | TreeFolder) => {
    if (!parts.has(path) && space.take(path) === undefined) parts.set(path, part);
  };
  const shown = withoutDamaged(snapshot, lost);
  const rendered = renderFace(shown);
  const addOwn = (one: ShownPart, render: () => readonly FaceDocument[]) => {
    const folder = ownFolder(one).slice(0, -1);
    add(folder, { folder, version: versionOf(one, lost), documents: () => documentsIn(folder, render()) });
  };
  addOwn(snapshot, () => rendered);
  for (const { path, text } of rendered) {
    if (path.startsWith(ownFolder(snapshot))) continue;
    const twin = `${ownFolder(snapshot)}${path.slice(path.lastIndexOf("/") + 1)}`;
    const hasTwin = rendered.some((one) => one.path === twin && one.text === text);
    add(path, { path, bytes: Buffer.from(text), ...(hasTwin && { sameAs: twin }) });
  }
  for (const { path, sha256 } of shown.agents) add(path, { path, sha256 });
  for (const old of graced) addOwn(old, () => renderFace(withoutDamaged(old, lost)));
  for (const { path, sha256 } of distinctAgents(graced))
    if (!parts.has(path) && !lost.has(sha256)) add(path, { path, sha256 });
  return parts;
}

/** The agents of these snapshots. Those that pages have in common, which are one object each, are there once. */
function distinctAgents(parts: readonly ShownPart[]): Set<Agent> {
  const agents = new Set<Agent>();
  for (const part of parts) for (const agent of part.agents) agents.add(agent);
  return agents;
}

function documentsIn(folder: string, documents: readonly FaceDocument[]) {
  return documents.flatMap(({ path, text }) =>
    path.startsWith(`${folder}/`) ? [{ name: path.slice(folder.length + 1), bytes: Buffer.from(text) }] : [],
  );
}

/** Documents of a snapshot differ only by what they do not list, because it is damaged, lost or withdrawn. */
function versionOf({ agents, withdrawn = [] }: ShownPart, lost: ReadonlySet<Sha256>): string {
  const missing = lost.size === 0 ? [] : agents.filter(({ sha256 }) => lost.has(sha256));
  const left = [...missing.map(formatAgentName).sort(), ...withdrawn];
  return left.length === 0 ? "whole" : sha256Of(left.join("\n"));
}
