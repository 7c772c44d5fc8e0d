import { addTo } from "../shared/collections.ts";
import { DOCUMENTS_AT_ONCE, mapConcurrently } from "../shared/map-concurrently.ts";
import { MIRROR_REF } from "../shared/ref-name.ts";
import type { Sha256 } from "../shared/sha256.ts";
import type { Store } from "../store/store.ts";
import { readAgents, readPage, type ReadPage } from "./catalogue.ts";
import { listedPages } from "./listed-pages.ts";
import type { KeptSnapshot } from "./kept-contents.ts";
import { currentHeader, listSnapshotIds, readHeader, unlessDamaged } from "./read-snapshots.ts";
import { readRef } from "./refs.ts";
import type { SnapshotHeader } from "./snapshot-document.ts";
import { stateDocument } from "./state-document.ts";

interface FirstSeenNote {
  readonly seen: readonly { readonly at: string; readonly tarballs: readonly string[] }[];
  /** Snapshots that have nothing more to tell. A note of an earlier jam has only what was listed last. */
  readonly looked?: readonly string[];
}

/**
 * When the mirror first listed its tarballs, which snapshots tell only as long as they are kept. Nothing leaves the note: all that
 * upstream ever published needs less than a megabyte.
 */
const firstSeen = stateDocument<FirstSeenNote>({
  name: "first-seen.json",
  format: "jam-first-seen:1",
  schema: (zod) =>
    zod.object({
      seen: zod.array(zod.object({ at: zod.iso.datetime(), tarballs: zod.array(zod.string()) })),
      looked: zod.array(zod.string()).exactOptional(),
    }),
  // A delay that begins anew is longer than it had to be, and never shorter.
  damage: "absent",
  indent: 0,
});

type SeenReader = Pick<Store, "refs"> & {
  readonly documents: Pick<Store["documents"], "get" | "list">;
};

interface Seen {
  readonly noted: FirstSeenNote | undefined;
  /** By hash, in ms. */
  readonly first: Map<string, number>;
  /** Ids of the kept snapshots that are known whole. */
  readonly looked: ReadonlySet<string>;
}

/**
 * When the mirror first listed each tarball: as it was noted, and as the snapshots tell that are kept.
 * @param now a date that is later is that of a clock that was wrong: the tarball was seen until now
 * @throws JamError JAM_STORE_…
 */
export async function readFirstSeen(store: SeenReader, now: Date): Promise<ReadonlyMap<string, Date>> {
  const { first } = await look(store, { now });
  return new Map([...first].map(([sha256, at]) => [sha256, new Date(at)]));
}

/**
 * Notes what `readFirstSeen` gives. Call with the lease held, after something was published.
 * @throws JamError JAM_STORE_…
 */
export async function noteFirstSeen(
  store: Pick<Store, "documents" | "refs">,
  { now }: { readonly now: Date },
): Promise<void> {
  await note(store, await look(store, { now }));
}

/**
 * Notes what snapshots tell, before some of them are deleted. Call with the lease held.
 * @throws JamError JAM_STORE_…
 */
export async function noteFirstListed(
  { documents }: Pick<Store, "documents">,
  { at: listed, ids }: FirstListed,
): Promise<void> {
  const noted = await firstSeen.read(documents);
  const first = firstNoted(noted);
  for (const [sha256, at] of listed) addEarlier(first, sha256, Date.parse(at));
  await note({ documents }, { noted, first, looked: new Set(ids) });
}

/** When tarballs were first listed, as snapshots tell. */
export interface FirstListed {
  /** ISO 8601, by hash. */
  readonly at: ReadonlyMap<Sha256, string>;
  /** The snapshots that tell it. */
  readonly ids: readonly string[];
}

/**
 * When each tarball was listed by the first of these snapshots that the mirror itself has shown. Pure.
 * @param order what the mirror has shown, as far as that is known
 */
export function firstListed(
  snapshots: readonly KeptSnapshot[],
  order: readonly { readonly id: string }[],
): FirstListed {
  const shown = new Set(order.map(({ id }) => id));
  const pages = new Map<KeptSnapshot["tarballs"][number], string>();
  for (const snapshot of snapshots) {
    if (!isOfMirror(snapshot, shown)) continue;
    const { createdAt, tarballs } = snapshot;
    for (const page of tarballs) if (createdAt < (pages.get(page) ?? "~")) pages.set(page, createdAt);
  }
  const first = new Map<Sha256, string>();
  for (const [page, at] of pages)
    for (const { sha256 } of page) if (at < (first.get(sha256) ?? "~")) first.set(sha256, at);
  return { at: first, ids: snapshots.map(({ id }) => id) };
}

async function note({ documents }: Pick<Store, "documents">, { noted, first, looked }: Seen): Promise<void> {
  const byDate = new Map<string, string[]>();
  for (const [sha256, at] of first) addTo(byDate, new Date(at).toISOString(), sha256);
  const seen = [...byDate].map(([at, tarballs]) => ({ at, tarballs }));
  const next = { seen, looked: [...looked] };
  if (JSON.stringify(noted) !== JSON.stringify(next)) await firstSeen.write(documents, next);
}

function firstNoted(noted: FirstSeenNote | undefined, now?: Date): Map<string, number> {
  const first = new Map<string, number>();
  for (const { at, tarballs } of noted?.seen ?? [])
    for (const sha256 of tarballs) addEarlier(first, sha256, Date.parse(at), now);
  return first;
}

function addEarlier(first: Map<string, number>, sha256: string, at: number, now?: Date): void {
  const known = Math.min(at, now?.getTime() ?? at);
  if (known < (first.get(sha256) ?? Infinity)) first.set(sha256, known);
}

async function look(store: SeenReader, { now }: { readonly now: Date }): Promise<Seen> {
  const { documents } = store;
  const noted = await firstSeen.read(documents);
  const kept = await listSnapshotIds(documents);
  const looked = new Set(noted?.looked).intersection(new Set(kept));
  const first = firstNoted(noted, now);
  const fresh = kept.filter((id) => !looked.has(id));
  // Each page is read once, and may be large: none is kept.
  const read: ReadPage = (page) => readPage(documents, page);
  const found = await addListed(store, { fresh, read }, (sha256, at) => addEarlier(first, sha256, at, now));
  for (const id of found) looked.add(id);
  await addCurrent(store, read, (sha256, at) => {
    if (!first.has(sha256)) addEarlier(first, sha256, at, now);
  });
  return { noted, first, looked };
}

type Add = (sha256: Sha256, at: number) => void;

/** Adds what these snapshots list, and gives the ids of those that could be read. Each page is read once. */
async function addListed(
  store: SeenReader,
  { fresh, read }: { readonly fresh: readonly string[]; readonly read: ReadPage },
  add: Add,
): Promise<readonly string[]> {
  const found = await mapConcurrently(fresh, (id) => unlessDamaged(readHeader(store, id)), DOCUMENTS_AT_ONCE);
  const headers = found.filter((header) => header !== undefined);
  const lost = new Set<Sha256>();
  const lists = listedPages(await ofMirror(store, headers), { read, timeOf: createdAtOf, which: "earliest" });
  for await (const { page, agents, at } of lists) {
    for (const { sha256 } of agents ?? []) add(sha256, Date.parse(at));
    if (agents === undefined && page !== undefined) lost.add(page.sha256);
  }
  const isWhole = ({ catalogue }: SnapshotHeader) =>
    "agents" in catalogue || !catalogue.pages.some(({ sha256 }) => lost.has(sha256));
  return headers.filter(isWhole).map(({ id }) => id);
}

function createdAtOf({ createdAt }: SnapshotHeader): string {
  return createdAt;
}

/** Those that the mirror showed when they were made. */
async function ofMirror(
  store: SeenReader,
  headers: readonly SnapshotHeader[],
): Promise<readonly SnapshotHeader[]> {
  const times = headers.flatMap(({ bundle, createdAt }) =>
    bundle === undefined ? [] : [Date.parse(createdAt)],
  );
  const oldest = new Date(Math.min(...times));
  const ref = times.length === 0 ? undefined : await readRef(store, MIRROR_REF, oldest);
  const shown = new Set(ref?.order.map(({ id }) => id));
  return headers.filter((header) => isOfMirror(header, shown));
}

/** Not what a channel was given, by a promotion or by an import into it. */
function isOfMirror(
  { id, curated, bundle }: Pick<SnapshotHeader, "id" | "curated" | "bundle">,
  shown: ReadonlySet<string>,
): boolean {
  return curated === undefined && (bundle === undefined || shown.has(id));
}

/** Adds what the mirror was switched to and no snapshot of its own tells. */
async function addCurrent(store: SeenReader, read: ReadPage, add: Add): Promise<void> {
  const header = await unlessDamaged(currentHeader(store, MIRROR_REF));
  if (header === undefined || (header.curated ?? header.bundle) === undefined) return;
  const createdAt = new Date(header.createdAt);
  const ref = await readRef(store, MIRROR_REF, createdAt);
  const since = ref?.order.at(-1)?.since ?? createdAt;
  for (const { sha256 } of (await unlessDamaged(readAgents(header, read))) ?? [])
    add(sha256, since.getTime());
}
