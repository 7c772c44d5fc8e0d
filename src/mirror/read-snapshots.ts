import { isJamError, JamError } from "../shared/errors.ts";
import { MIRROR_REF, type RefName } from "../shared/ref-name.ts";
import type { Store } from "../store/store.ts";
import { pageReader, readAgents, type ReadPage, type ReadingOptions } from "./catalogue.ts";
import { parseHeader, type SnapshotHeader } from "./snapshot-document.ts";
import { snapshotIdOf, type Snapshot } from "./snapshot.ts";

/** The part of a store that is needed to know what a ref shows. */
export interface MirrorReader {
  readonly refs: Pick<Store["refs"], "read">;
  readonly documents: Pick<Store["documents"], "get">;
}

/** The snapshot that a ref shows now; undefined before the first publication. */
export async function currentSnapshot(
  store: MirrorReader,
  ref: RefName,
  options?: SnapshotReading,
): Promise<Snapshot | undefined> {
  const treeId = await store.refs.read(ref);
  return treeId === undefined ? undefined : readSnapshot(store, snapshotIdOf(treeId), options);
}

/** The header of what a ref shows now; undefined before the first publication. */
export async function currentHeader(store: MirrorReader, ref: RefName): Promise<SnapshotHeader | undefined> {
  const treeId = await store.refs.read(ref);
  return treeId === undefined ? undefined : readHeader(store, snapshotIdOf(treeId));
}

/** What a run that publishes starts from. */
export interface Baseline {
  /** What the ref shows; where that is damaged, the newest snapshot that can be read. */
  readonly current: Snapshot | undefined;
  /** Why `current` is not what the ref shows, for people; undefined when it is. The run then has to publish anew. */
  readonly damage: string | undefined;
}

/**
 * The snapshot that a run has to replace or keep. One that is damaged or missing does not stop the run: it is what the run
 * puts right.
 * @throws JamError JAM_STORE_IO, JAM_STORE_PERMISSION
 */
export async function readBaseline(
  store: MirrorReader & Pick<Store, "documents">,
  ref: RefName,
  options?: SnapshotReading,
): Promise<Baseline> {
  const treeId = await store.refs.read(ref);
  if (treeId === undefined) return { current: undefined, damage: undefined };
  const id = snapshotIdOf(treeId);
  try {
    const current = await readSnapshot(store, id, options);
    if (current !== undefined) return { current, damage: undefined };
  } catch (error) {
    if (!isJamError(error, "JAM_STORE_CORRUPT")) throw error;
  }
  // What a channel shows is less than what the mirror had.
  const readable = (await readSnapshots(store)).filter(({ curated }) => curated === undefined);
  const damage = `The snapshot ${id}, which is shown now, is damaged or missing; this run publishes a new one.`;
  return { current: readable.at(-1), damage };
}

/**
 * The snapshot that the mirror shows now.
 * @throws JamError JAM_MIRROR_EMPTY before the first sync or import
 */
export async function requireCurrentSnapshot(store: MirrorReader, dataDir: string): Promise<Snapshot> {
  const snapshot = await currentSnapshot(store, MIRROR_REF);
  if (snapshot !== undefined) return snapshot;
  throw mirrorEmpty(dataDir);
}

/**
 * The header of what the mirror shows now.
 * @throws JamError JAM_MIRROR_EMPTY before the first sync or import
 */
export async function requireCurrentHeader(store: MirrorReader, dataDir: string): Promise<SnapshotHeader> {
  const header = await currentHeader(store, MIRROR_REF);
  if (header !== undefined) return header;
  throw mirrorEmpty(dataDir);
}

/** The error of a command that needs what was never published. */
export function mirrorEmpty(dataDir: string): JamError {
  return new JamError("JAM_MIRROR_EMPTY", `${dataDir} contains no agents yet.`, {
    hint: "Run `jam sync` first (on the far side of an air gap `jam bundle import`), or name the right folder with --data or `data:` in jam.yaml.",
    details: { data: dataDir },
  });
}

/** Ids of all snapshots that are kept, oldest first. */
export async function listSnapshotIds(documents: Pick<Store["documents"], "list">): Promise<string[]> {
  return (await documents.list("snapshots")).map((name) => name.replace(/\.json$/, ""));
}

/**
 * A snapshot without its agents; undefined when it is not kept.
 * @throws JamError JAM_STORE_CORRUPT, JAM_STORE_FORMAT, JAM_STORE_IO
 */
export async function readHeader(
  store: Pick<MirrorReader, "documents">,
  id: string,
): Promise<SnapshotHeader | undefined> {
  const bytes = await store.documents.get("snapshots", `${id}.json`);
  return bytes === undefined ? undefined : parseHeader(bytes, id);
}

/** How a snapshot is read. */
export interface SnapshotReading extends ReadingOptions {
  /** Shares pages with whatever else is read. */
  readonly read?: ReadPage;
}

/**
 * A snapshot by id; undefined when it is not kept.
 * @throws JamError JAM_STORE_CORRUPT, JAM_STORE_FORMAT, JAM_STORE_IO
 */
export async function readSnapshot(
  store: Pick<MirrorReader, "documents">,
  id: string,
  { read, ...reading }: SnapshotReading = {},
): Promise<Snapshot | undefined> {
  const header = await readHeader(store, id);
  if (header === undefined) return undefined;
  try {
    return await wholeSnapshot(header, read ?? pageReader(store.documents, reading));
  } catch (error) {
    // Pruning deletes a snapshot's document before the pages that only it names.
    if (isJamError(error, "JAM_STORE_CORRUPT") && (await readHeader(store, id)) === undefined)
      return undefined;
    throw error;
  }
}

/**
 * What `read` gives; undefined when that is damaged. A damaged snapshot cannot be served; the next publication replaces it.
 * @throws what `read` throws for another reason: what cannot be read now may be whole
 */
export async function unlessDamaged<T>(read: Promise<T | undefined>): Promise<T | undefined> {
  try {
    return await read;
  } catch (error) {
    if (isJamError(error, "JAM_STORE_CORRUPT")) return undefined;
    throw error;
  }
}

async function wholeSnapshot(header: SnapshotHeader, read: ReadPage): Promise<Snapshot> {
  const { counts: _counts, catalogue: _catalogue, ...envelope } = header;
  return { ...envelope, agents: await readAgents(header, read) };
}

/**
 * Every snapshot that is kept, oldest first; a damaged one is left out.
 * @throws JamError JAM_STORE_IO, JAM_STORE_PERMISSION, JAM_STORE_FORMAT: what cannot be read now must not count as gone
 */
export function readSnapshots(store: Pick<Store, "documents">): Promise<Snapshot[]> {
  const read = pageReader(store.documents);
  return readAll(store, (id) => readSnapshot(store, id, { read }));
}

/**
 * Those of these snapshots that are kept and whole, oldest first.
 * @throws JamError as `readSnapshots`
 */
export function readSnapshotsOf(
  store: Pick<Store, "documents">,
  ids: ReadonlySet<string>,
  read = pageReader(store.documents),
): Promise<Snapshot[]> {
  return readAll(store, async (id) => (ids.has(id) ? readSnapshot(store, id, { read }) : undefined));
}

/**
 * The header of every snapshot that is kept, oldest first; a damaged one is left out.
 * @throws JamError as `readSnapshots`
 */
export function readHeaders(store: Pick<Store, "documents">): Promise<SnapshotHeader[]> {
  return readAll(store, (id) => readHeader(store, id));
}

/** What `read` gives for every id, oldest first, without what is damaged. */
export async function readAll<T extends { readonly createdAt: string }>(
  store: Pick<Store, "documents">,
  read: (id: string) => Promise<T | undefined>,
): Promise<T[]> {
  // Most commands read one snapshot: this is loaded where all are read.
  const { DOCUMENTS_AT_ONCE, mapConcurrently } = await import("../shared/map-concurrently.ts");
  const readWhole = (id: string) => unlessDamaged(read(id));
  const found = await mapConcurrently(await listSnapshotIds(store.documents), readWhole, DOCUMENTS_AT_ONCE);
  // Ids name the second; two snapshots may be of one.
  return found
    .filter((one) => one !== undefined)
    .sort((a, b) => Date.parse(a.createdAt) - Date.parse(b.createdAt));
}
