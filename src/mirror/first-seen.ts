import { addTo } from "../shared/collections.ts";
import { DOCUMENTS_AT_ONCE, mapConcurrently } from "../shared/map-concurrently.ts";
import { MIRROR_REF } from "../shared/ref-name.ts";
import type { Sha256 } from "../shared/sha256.ts";
import type { Store } from "../store/store.ts";
import { agentsOfPage, pageReader, readAgents, type ReadPage } from "./catalogue.ts";
import type { PageName } from "./catalogue-page.ts";
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
 * Notes what `readFirstSeen` gives. Call with the lease held, before snapshots are deleted and after one was published.
 * @param options.ids only what these snapshots tell; default all that are kept
 * @throws JamError JAM_STORE_…
 */
export async function noteFirstSeen(
  store: Pick<Store, "documents" | "refs">,
  options: { readonly now?: Date; readonly ids?: readonly string[] },
): Promise<void> {
  const { noted, first, looked } = await look(store, options);
  const byDate = new Map<string, string[]>();
  for (const [sha256, at] of first) addTo(byDate, new Date(at).toISOString(), sha256);
  const seen = [...byDate].map(([at, tarballs]) => ({ at, tarballs }));
  const note = { seen, looked: [...looked] };
  if (JSON.stringify(noted) !== JSON.stringify(note)) await firstSeen.write(store.documents, note);
}

async function look(
  store: SeenReader,
  { now, ids }: { readonly now?: Date; readonly ids?: readonly string[] },
): Promise<Seen> {
  const { documents } = store;
  const noted = await firstSeen.read(documents);
  const kept = await listSnapshotIds(documents);
  const looked = new Set(noted?.looked).intersection(new Set(kept));
  const first = new Map<string, number>();
  const add = (sha256: string, at: number) => {
    const known = Math.min(at, now?.getTime() ?? at);
    if (known < (first.get(sha256) ?? Infinity)) first.set(sha256, known);
  };
  for (const { at, tarballs } of noted?.seen ?? [])
    for (const sha256 of tarballs) add(sha256, Date.parse(at));
  const fresh = (ids ?? kept).filter((id) => !looked.has(id));
  const read = pageReader(documents);
  for (const id of await addListed(store, { fresh, read }, add)) looked.add(id);
  await addCurrent(store, read, (sha256, at) => {
    if (!first.has(sha256)) add(sha256, at);
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
  const pages = new Map<Sha256, { readonly id: string; readonly page: PageName; readonly at: number }>();
  for (const { id, createdAt, catalogue } of await ofMirror(store, headers)) {
    const at = Date.parse(createdAt);
    if ("agents" in catalogue) for (const { sha256 } of catalogue.agents) add(sha256, at);
    else
      for (const page of catalogue.pages)
        if (at < (pages.get(page.sha256)?.at ?? Infinity)) pages.set(page.sha256, { id, page, at });
  }
  const lost = new Set<Sha256>();
  for (const { id, page, at } of pages.values()) {
    const agents = await unlessDamaged(agentsOfPage(id, page, read));
    if (agents === undefined) lost.add(page.sha256);
    else for (const { sha256 } of agents) add(sha256, at);
  }
  const isWhole = ({ catalogue }: SnapshotHeader) =>
    "agents" in catalogue || !catalogue.pages.some(({ sha256 }) => lost.has(sha256));
  return headers.filter(isWhole).map(({ id }) => id);
}

/** Those that the mirror showed when they were made: not what a channel was given, by a promotion or by an import into it. */
async function ofMirror(
  store: SeenReader,
  headers: readonly SnapshotHeader[],
): Promise<readonly SnapshotHeader[]> {
  const own = headers.filter(({ curated }) => curated === undefined);
  const times = own.flatMap(({ bundle, createdAt }) => (bundle === undefined ? [] : [Date.parse(createdAt)]));
  if (times.length === 0) return own;
  const ref = await readRef(store, MIRROR_REF, new Date(Math.min(...times)));
  const shown = new Set(ref?.order.map(({ id }) => id));
  return own.filter(({ id, bundle }) => bundle === undefined || shown.has(id));
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
