import { compareTexts } from "../shared/collections.ts";
import { JamError, toJamError } from "../shared/errors.ts";
import { mapConcurrently } from "../shared/map-concurrently.ts";
import { nearest } from "../shared/nearest.ts";
import { MIRROR_REF } from "../shared/ref-name.ts";
import { formatAgentName, sumTarballBytes, type Agent } from "../juju/agent.ts";
import { compareVersions, parseVersion } from "../juju/version.ts";
import type { Store } from "../store/store.ts";
import { type PinnedSnapshots, readPinnedSnapshots } from "./pinned-snapshots.ts";
import { currentSnapshot, listSnapshotIds, readHeader, readSnapshot } from "./read-snapshots.ts";
import type { CatalogueCounts, SnapshotHeader } from "./snapshot-document.ts";
import { describeProofs } from "./describe-proofs.ts";
import { isVerified, snapshotIdOf, type Snapshot, type SnapshotEnvelope } from "./snapshot.ts";
import type {
  DescribedSnapshot,
  SnapshotDiff,
  SnapshotDocument,
  SnapshotsDocument,
} from "./snapshots-document.ts";

/** The part of a store that is needed to look at snapshots. */
export type SnapshotReader = Pick<Store, "refs" | "documents">;

/**
 * Every snapshot that is kept, newest first: what `jam snapshot list -o json` prints. One that cannot be read is named.
 * @throws JamError JAM_STORE_…
 */
export async function listSnapshots(store: SnapshotReader): Promise<SnapshotsDocument> {
  const uses = await readUses(store);
  const snapshots: SnapshotHeader[] = [];
  const damaged: { id: string; message: string }[] = [];
  const read = async (id: string) => {
    try {
      const snapshot = await readHeader(store, id);
      if (snapshot !== undefined) snapshots.push(snapshot);
    } catch (error) {
      damaged.push({ id, message: toJamError(error).message });
    }
  };
  await mapConcurrently(await listSnapshotIds(store.documents), read);
  const newestFirst = snapshots.sort(
    (a, b) => Date.parse(b.createdAt) - Date.parse(a.createdAt) || compareTexts(b.id, a.id),
  );
  return {
    snapshots: newestFirst.map((snapshot) => describe(snapshot, uses)),
    damaged: damaged.sort((a, b) => compareTexts(a.id, b.id)),
  };
}

/**
 * A snapshot with its provenance: what `jam snapshot show -o json` prints.
 * @throws JamError JAM_STORE_…
 */
export async function describeSnapshot(store: SnapshotReader, snapshot: Snapshot): Promise<SnapshotDocument> {
  const counts = { agents: snapshot.agents.length, bytes: sumTarballBytes(snapshot.agents) };
  return {
    snapshot: describe({ ...snapshot, counts }, await readUses(store)),
    made: snapshot.made ?? null,
    bundle: snapshot.bundle ?? null,
    channel: snapshot.curated ?? null,
    proofs: describeProofs(snapshot),
    agents: snapshot.agents.map(formatAgentName),
  };
}

/** What changes from one snapshot to another. Pure. */
export function diffSnapshots(from: Snapshot, to: Snapshot): SnapshotDiff {
  const before = byName(from.agents);
  const after = byName(to.agents);
  return {
    from: from.id,
    to: to.id,
    added: [...after.keys()].filter((name) => !before.has(name)),
    removed: [...before.keys()].filter((name) => !after.has(name)),
    changed: [...after].flatMap(([agent, { sha256 }]) => {
      const old = before.get(agent)?.sha256;
      return old === undefined || old === sha256 ? [] : [{ agent, from: old, to: sha256 }];
    }),
    bytes: sumTarballBytes(to.agents) - sumTarballBytes(from.agents),
    versions: { added: versionsOnlyIn(to, from), removed: versionsOnlyIn(from, to) },
    metadata: diffMetadata(from, to),
  };
}

function versionsOnlyIn(one: Snapshot, other: Snapshot): string[] {
  const known = new Set(other.agents.map(({ version }) => version));
  const versions = new Set(one.agents.map(({ version }) => version));
  return sortVersions([...versions].filter((version) => !known.has(version)));
}

function sortVersions(versions: readonly string[]): string[] {
  return versions
    .map((version) => ({ version, parsed: parseVersion(version) }))
    .sort((a, b) => compareVersions(a.parsed, b.parsed))
    .map(({ version }) => version);
}

function diffMetadata(from: Snapshot, to: Snapshot): SnapshotDiff["metadata"] {
  const before = new Map(from.upstream.documents.map((document) => [document.path, document]));
  const after = new Map(to.upstream.documents.map((document) => [document.path, document]));
  return [...new Set([...before.keys(), ...after.keys()])]
    .filter((path) => before.get(path)?.sha256 !== after.get(path)?.sha256)
    .map((path) => ({
      path,
      from: before.get(path)?.updatedAt ?? null,
      to: after.get(path)?.updatedAt ?? null,
    }));
}

/**
 * The snapshot that an operator names: by its id, by the beginning of its id where only one begins so, or as `current`.
 * @throws JamError JAM_SNAPSHOT_NOT_FOUND naming the nearest one, JAM_STORE_CORRUPT when it cannot be read
 */
export async function findSnapshot(store: SnapshotReader, word: string): Promise<Snapshot> {
  if (word === "current") {
    const current = await currentSnapshot(store, MIRROR_REF);
    if (current !== undefined) return current;
    throw notFound(word, "Nothing has been published yet.", undefined);
  }
  const ids = await listSnapshotIds(store.documents);
  const fitting = ids.includes(word) ? [word] : ids.filter((id) => id.startsWith(word));
  const [id, another] = fitting;
  if (id === undefined)
    throw notFound(word, `No snapshot ${word} is kept.`, nearest(word, [...ids, "current"]));
  if (another !== undefined) {
    throw notFound(word, `${fitting.length} snapshots begin with ${word}: ${fitting.join(", ")}.`, undefined);
  }
  const snapshot = await readSnapshot(store, id);
  if (snapshot !== undefined) return snapshot;
  throw notFound(word, `Snapshot ${id} was pruned just now.`, undefined);
}

function notFound(word: string, message: string, near: string | undefined): JamError {
  const hint = near === undefined ? "" : `Did you mean ${near}? `;
  return new JamError("JAM_SNAPSHOT_NOT_FOUND", message, {
    hint: `${hint}\`jam snapshot list\` shows the snapshots that are kept.`,
    details: { snapshot: word },
  });
}

/** What keeps snapshots. */
interface Uses {
  readonly refs: ReadonlyMap<string, readonly string[]>;
  readonly pins: PinnedSnapshots;
}

async function readUses({ refs, documents }: SnapshotReader): Promise<Uses> {
  const shown = Map.groupBy(await refs.list(), ({ target }) => snapshotIdOf(target));
  return {
    refs: new Map([...shown].map(([id, all]) => [id, all.map(({ name }) => name)])),
    pins: await readPinnedSnapshots(documents),
  };
}

function describe(
  snapshot: SnapshotEnvelope & { readonly counts: Pick<CatalogueCounts, "agents" | "bytes"> },
  { refs, pins }: Uses,
): DescribedSnapshot {
  const { id, createdAt, parent, counts, upstream, bundle } = snapshot;
  return {
    id,
    createdAt,
    parent: parent ?? null,
    agents: counts.agents,
    bytes: counts.bytes,
    upstream: upstream.url,
    verified: isVerified(snapshot),
    bundle: bundle?.id ?? null,
    pinned: pins.get(id) ?? null,
    refs: refs.get(id) ?? [],
  };
}

function byName(agents: readonly Agent[]): Map<string, Agent> {
  return new Map(agents.map((agent) => [formatAgentName(agent), agent]));
}
