import { formatAgentName, type Agent } from "../juju/agent.ts";
import { compareTexts } from "../shared/collections.ts";
import { mapConcurrently } from "../shared/map-concurrently.ts";
import { formatCount } from "../shared/listed.ts";
import { MIRROR_REF } from "../shared/ref-name.ts";
import { isSha256, type Sha256 } from "../shared/sha256.ts";
import type { DocumentStore, Store } from "../store/store.ts";
import { pageReader, readAgents, readPage, type ReadPage } from "./catalogue.ts";
import { listedPages } from "./listed-pages.ts";
import { currentHeader, listSnapshotIds, readHeader, readHeaders, unlessDamaged } from "./read-snapshots.ts";
import type { SnapshotHeader } from "./snapshot-document.ts";
import { snapshotTimeOf } from "./snapshot.ts";
import { stateDocument } from "./state-document.ts";

/** The bytes that an agent had when it was last listed here. */
export interface ListedBefore {
  /** Its name. */
  readonly agent: string;
  /** Upstream's path. */
  readonly path: string;
  readonly sha256: Sha256;
  /** Bytes. */
  readonly size: number;
  /** ISO 8601; when the last list was made that is known to have had it. */
  readonly listedAt: string;
}

/** What is known of what was listed here. */
export interface ListedHistory {
  /** For each path and name the bytes that it had last. */
  readonly agents: readonly ListedBefore[];
  /** How many kept snapshots cannot be read: what they list is not known. */
  readonly unread: number;
}

/** All that upstream ever published has half as many agents; the note has 5 MB then. The oldest are forgotten first. */
const MAX_REMEMBERED = 20_000;

const note = stateDocument<{ agents: ListedBefore[] }>({
  name: "listed-before.json",
  format: "jam-listed-before:1",
  schema: (zod) =>
    zod.object({
      agents: zod.array(
        zod.object({
          agent: zod.string(),
          path: zod.string(),
          sha256: zod.custom<Sha256>(isSha256),
          size: zod.number().int().nonnegative(),
          listedAt: zod.iso.datetime(),
        }),
      ),
    }),
  damage: {
    what: "The list of bytes that agents had before they left the mirror",
    hint: "Nothing was changed. Restore the file from a backup. Without one, delete it: an agent that left the mirror is then compared with the snapshots that are kept, and with nothing else.",
  },
  indent: 0,
});

/**
 * What was listed here before, by the snapshots that are kept and by what was remembered of others. A path or name with
 * several contents has the one that was listed last.
 * @param read has the pages that were read before for the same task
 * @throws JamError JAM_STORE_CORRUPT when what was remembered cannot be read, JAM_STORE_…
 */
export async function readListedBefore(
  { documents }: Pick<Store, "documents">,
  read: ReadPage = pageReader(documents),
): Promise<ListedHistory> {
  const latest = new Latest((await note.read(documents))?.agents ?? []);
  const headers = await readHeaders({ documents });
  let unread = (await listSnapshotIds(documents)).length - headers.length;
  for await (const { agents, at } of listedPages(headers, { read, timeOf, which: "latest" })) {
    if (agents === undefined) unread += 1;
    else latest.addAll(agents, at);
  }
  return { agents: latest.values(), unread };
}

/** What to say where not everything is known that was listed here; `before` is undefined where nobody asked. */
export function warnOfUnread(before: ListedHistory | undefined): string[] {
  if (before === undefined || before.unread === 0) return [];
  return [
    `${formatCount(before.unread, "earlier snapshot")} cannot be read: new agents are not compared with what they had. \`jam verify\` says more.`,
  ];
}

/**
 * When what only deleted snapshots listed was listed last, by hash; ISO 8601.
 * @throws JamError JAM_STORE_CORRUPT when what was remembered cannot be read, JAM_STORE_…
 */
export async function readDeletedListings(
  documents: Pick<DocumentStore, "get">,
): Promise<ReadonlyMap<Sha256, string>> {
  const listings = new Map<Sha256, string>();
  for (const { sha256, listedAt } of (await note.read(documents))?.agents ?? [])
    if ((listings.get(sha256) ?? "") < listedAt) listings.set(sha256, listedAt);
  return listings;
}

/**
 * Names of the agents that only deleted snapshots listed, by the hash of their tarball.
 * @throws JamError JAM_STORE_CORRUPT when what was remembered cannot be read, JAM_STORE_…
 */
export async function readDeletedNames(
  documents: Pick<DocumentStore, "get">,
): Promise<ReadonlyMap<Sha256, ReadonlySet<string>>> {
  const names = new Map<Sha256, Set<string>>();
  for (const { sha256, agent } of (await note.read(documents))?.agents ?? [])
    names.set(sha256, (names.get(sha256) ?? new Set()).add(agent));
  return names;
}

/**
 * Remembers what only these snapshots list, before they are deleted. Call with the lease held.
 * @param ids of the snapshots
 * @param keptPages names of the pages that other snapshots name
 */
export async function rememberDeleted(
  store: Pick<Store, "documents" | "refs">,
  { ids, keptPages }: { readonly ids: readonly string[]; readonly keptPages: ReadonlySet<string> },
): Promise<void> {
  if (ids.length === 0) return;
  const { documents } = store;
  const found = new Latest([]);
  const current = await unlessDamaged(currentHeader(store, MIRROR_REF));
  const shown = new Map<string, Sha256>();
  const minors = new Set<string>();
  const readShown = pageReader(documents);
  const headers = await mapConcurrently(ids, (id) => unlessDamaged(readHeader({ documents }, id)));
  const readable = headers.filter((header) => header !== undefined);
  // Each page is read once, and may be large: none is kept.
  const read: ReadPage = (page) => readPage(documents, page);
  const options = { read, timeOf, which: "latest", leftOut: keptPages } as const;
  for await (const { page, agents = [], at } of listedPages(readable, options)) {
    const minor = page?.minor ?? "";
    if (current !== undefined && !minors.has(minor)) {
      minors.add(minor);
      const ofMinor = await unlessDamaged(readAgents(current, readShown, minor === "" ? undefined : minor));
      for (const { path, sha256 } of ofMinor ?? []) shown.set(path, sha256);
    }
    // What the mirror lists is remembered when that leaves it.
    found.addAll(
      agents.filter(({ path, sha256 }) => shown.get(path) !== sha256),
      at,
    );
  }
  await remember(documents, found.values());
}

/** Remembers agents that leave a list of which no snapshot is kept. Call with the lease held. */
export async function rememberAgents(
  documents: Pick<DocumentStore, "get" | "put">,
  agents: readonly Agent[],
  listedAt: string,
): Promise<void> {
  await remember(
    documents,
    agents.map((agent) => describe(agent, listedAt)),
  );
}

async function remember(
  documents: Pick<DocumentStore, "get" | "put">,
  found: readonly ListedBefore[],
): Promise<void> {
  if (found.length === 0) return;
  const before = (await note.read(documents))?.agents ?? [];
  const latest = new Latest(before);
  for (const one of found) latest.add(one);
  const agents = latest
    .values()
    .toSorted((a, b) => compareTexts(b.listedAt, a.listedAt) || compareTexts(a.path, b.path))
    .slice(0, MAX_REMEMBERED);
  if (JSON.stringify(agents) !== JSON.stringify(before)) await note.write(documents, { agents });
}

/** When a list was made. What a channel shows is as old as what it was taken from. */
function timeOf({ createdAt, curated }: Pick<SnapshotHeader, "createdAt" | "curated">): string {
  return (curated && snapshotTimeOf(curated.snapshot)?.toISOString()) ?? createdAt;
}

function describe(agent: Agent, listedAt: string): ListedBefore {
  const { path, sha256, size } = agent;
  return { agent: formatAgentName(agent), path, sha256, size, listedAt };
}

/** For each path of a name what was listed last. */
class Latest {
  readonly #byPlace = new Map<string, ListedBefore>();

  constructor(agents: readonly ListedBefore[]) {
    for (const one of agents) this.add(one);
  }

  add(one: ListedBefore): void {
    const key = `${one.agent} ${one.path}`;
    const before = this.#byPlace.get(key);
    if (before === undefined || before.listedAt <= one.listedAt) this.#byPlace.set(key, one);
  }

  addAll(agents: readonly Agent[], listedAt: string): void {
    for (const agent of agents) this.add(describe(agent, listedAt));
  }

  values(): ListedBefore[] {
    return [...this.#byPlace.values()];
  }
}
