import type { DocumentStore } from "../store/store.ts";
import type { Agent } from "../juju/agent.ts";
import { parseStreamContentId } from "../juju/stream.ts";
import { MIRROR_REF } from "../shared/ref-name.ts";
import { listDamaged, listShownAgents } from "../mirror/damaged-list.ts";
import { pageReader, type ReadPage } from "../mirror/catalogue.ts";
import { readUpstreamPages, upstreamStateMark } from "../mirror/upstream-catalogue.ts";
import { currentSnapshot, type MirrorReader } from "../mirror/read-snapshots.ts";
import { markOfShown, readShown, type CacheRules, type ShownReader } from "../mirror/read-shown.ts";
import type { ChannelView } from "../mirror/channel-view.ts";
import type { Snapshot } from "../mirror/snapshot.ts";
import { candidateOf, compileDenials, type SelectionRules } from "../juju/select-rule.ts";

/** A store, as far as reading what is known needs it. */
export interface KnownReader extends MirrorReader {
  readonly documents: DocumentStore;
  /** Present in cache mode. */
  readonly cache?: KnownCache | undefined;
}

/** How a mirror in cache mode lists what it does not hold. */
export interface KnownCache extends CacheRules {
  readonly blobs: ShownReader["blobs"];
  readonly now: () => Date;
}

/** Every agent that this mirror holds or has seen upstream. */
export interface KnownAgents {
  /** What the mirror shows; undefined before the first sync. */
  readonly snapshot: Snapshot | undefined;
  /** The agents of the snapshot that the mirror lists: those with a damaged tarball are withdrawn. */
  readonly held: readonly Agent[];
  /** What upstream listed at the last sync, in the streams that were read; undefined when no documents are kept. */
  readonly upstream: readonly Agent[] | undefined;
  /** In cache mode: what the index lists, held or not. */
  readonly shown?: readonly Agent[];
}

/**
 * What is held, and what the upstream documents list that the last sync accepted and kept. Uses no network.
 * @throws JamError JAM_STORE_…
 */
export async function readKnownAgents(store: KnownReader): Promise<KnownAgents> {
  const read = pageReader(store.documents);
  const published = await currentSnapshot(store, MIRROR_REF, { read });
  const cached =
    store.cache && (await readShown({ ...store, ...store.cache }, store.cache, store.cache.now()));
  const snapshot = cached === undefined ? published : cached.snapshot;
  return {
    snapshot,
    held: cached?.held ?? (await listShownAgents(store.documents, snapshot?.agents ?? [])),
    ...(cached && { shown: await listShownAgents(store.documents, snapshot?.agents ?? []) }),
    upstream: (await readPages(store.documents, read)) ?? (await readDocuments(store.documents, published)),
  };
}

/** What upstream listed, from the pages that the last run kept of it; undefined where these are not all here. */
async function readPages(documents: DocumentStore, read: ReadPage): Promise<readonly Agent[] | undefined> {
  const pages = await readUpstreamPages(documents);
  const agents = pages && (await Promise.all(pages.map(read)));
  return agents?.every((page) => Array.isArray(page)) === true ? agents.flat() : undefined;
}

/** The same from upstream's documents. */
async function readDocuments(
  documents: DocumentStore,
  snapshot: Snapshot | undefined,
): Promise<readonly Agent[] | undefined> {
  const { readListedAgents } = await import("./listed-upstream.ts");
  return readListedAgents(documents, snapshot);
}

/**
 * Reads what is known of this moment. While neither the published snapshot nor what is remembered of upstream changes, it
 * gives the same again.
 */
export function createKnownReader(store: KnownReader): () => Promise<KnownAgents> {
  let last: { readonly mark: string; readonly known: Promise<KnownAgents> } | undefined;
  return async () => {
    const mark = await markOfKnown(store);
    if (last?.mark === mark) return last.known;
    const known = readKnownAgents(store);
    last = { mark, known };
    known.catch(() => {
      if (last?.known === known) last = undefined;
    });
    return known;
  };
}

/** A text that changes whenever the known agents may have changed. */
export async function markOfKnown({ refs, documents, cache }: KnownReader): Promise<string> {
  const damaged = [...(await listDamaged(documents))].sort().join(" ");
  const shown = cache === undefined ? "" : await markOfShown({ documents }, cache, cache.now());
  return `${(await refs.read(MIRROR_REF)) ?? ""} ${await upstreamStateMark(documents)} ${damaged} ${shown}`;
}

export interface UsableWanted {
  /** Streams that have to be known. */
  readonly streams: readonly string[];
  /**
   * When to read upstream now. `held`: never, and ignore what it listed. `never`: use what the last sync kept. `missing`:
   * for streams that were never read. `always`.
   */
  readonly ask: "held" | "never" | "missing" | "always";
  readonly deny: SelectionRules["deny"];
  /** For answers about a channel. */
  readonly channel?: Pick<ChannelView, "available"> | undefined;
}

/** What is held and what upstream lists, without what `deny` names. */
export interface UsableAgents extends Pick<KnownAgents, "snapshot" | "held"> {
  readonly upstream: readonly Agent[];
  /** The source of `upstream`: read now, kept by the last sync, or nothing is known. */
  readonly source: "asked" | "kept" | "none";
}

/**
 * The agents that an answer may use.
 * @param askUpstream reads what upstream lists now; undefined if upstream must not be contacted, as in offline mode
 * @throws what `askUpstream` throws
 */
export async function findUsableAgents(
  { snapshot, held, upstream }: KnownAgents,
  { streams, ask, deny, channel }: UsableWanted,
  askUpstream?: (streams: readonly string[]) => Promise<readonly Agent[]>,
): Promise<UsableAgents> {
  const denialOf = compileDenials(deny);
  const isAllowed = (agent: Agent) => denialOf(candidateOf(agent)) === undefined;
  const allowed = { snapshot, held: held.filter(isAllowed) };
  if (ask === "held") return { ...allowed, upstream: [], source: "none" };
  const [first = "released"] = streams;
  const isRead = upstream?.some((agent) => isListedIn(agent, first)) ?? false;
  const asks = ask === "always" || (ask === "missing" && !isRead);
  // What the mirror holds can come to a channel, whatever upstream lists by now.
  const near = channel?.available ?? [];
  if (asks && askUpstream !== undefined) {
    return {
      ...allowed,
      upstream: [...near, ...(await askUpstream(streams))].filter(isAllowed),
      source: "asked",
    };
  }
  return {
    ...allowed,
    upstream: [...near, ...(upstream ?? [])].filter(isAllowed),
    source: upstream === undefined ? "none" : "kept",
  };
}

function isListedIn({ listings }: Agent, stream: string): boolean {
  return listings.some(({ contentId }) => parseStreamContentId(contentId)?.stream === stream);
}
