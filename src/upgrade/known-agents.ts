import type { DocumentStore } from "../store/store.ts";
import { isJamError } from "../shared/errors.ts";
import { sha256Of } from "../shared/sha256.ts";
import { type Agent, formatAgentName } from "../juju/agent.ts";
import { buildCatalogue } from "../juju/catalogue.ts";
import { parseStreamContentId } from "../juju/stream.ts";
import { type IndexEntry, parseIndexFile } from "../simplestreams/index-file.ts";
import type { ContentId } from "../simplestreams/item.ts";
import { type ProductFile, parseProductFile } from "../simplestreams/product-file.ts";
import { textOfDocument } from "../simplestreams/signed-text.ts";
import { type MirrorReader, readCurrentSnapshot } from "../mirror/current.ts";
import {
  type FurtherMemory,
  type RememberedDocument,
  type UpstreamMemory,
  readFurtherMemory,
  readMemory,
} from "../mirror/upstream-state.ts";
import type { Snapshot } from "../mirror/snapshot.ts";
import { candidateOf, compileDenials } from "../juju/select-rule.ts";
import type { SelectionRules } from "../juju/selection-rules.ts";

/** A store, as far as reading what is known needs it. */
export interface KnownReader extends MirrorReader {
  readonly documents: DocumentStore;
}

/** Every agent that this mirror holds or has read of. */
export interface KnownAgents {
  /** What the mirror shows; undefined before the first sync. */
  readonly snapshot: Snapshot | undefined;
  /** The agents of the snapshot. */
  readonly held: readonly Agent[];
  /** What upstream listed at the last sync, in the streams that were read; undefined when no documents are kept. */
  readonly upstream: readonly Agent[] | undefined;
}

/**
 * What is held, and what the upstream documents say that the last sync accepted and kept. Asks no network.
 * @throws JamError JAM_STORE_…
 */
export async function readKnownAgents(store: KnownReader): Promise<KnownAgents> {
  const snapshot = await readCurrentSnapshot(store);
  const memory = await readMemory(store.documents, snapshot);
  const first = await readUpstreamAgents(store.documents, memory);
  const further = await readFurtherMemory(store.documents, snapshot);
  return {
    snapshot,
    held: snapshot?.agents ?? [],
    upstream: first && [...first, ...(await readFurtherAgents(store.documents, further, first))],
  };
}

/** What further upstreams listed that the first one does not. */
async function readFurtherAgents(
  documents: DocumentStore,
  further: FurtherMemory,
  first: readonly Agent[],
): Promise<Agent[]> {
  const names = new Set(first.map(formatAgentName));
  const others: Agent[] = [];
  for (const own of further.values()) {
    const memory = new Map(own.map((document) => [document.path, document]));
    for (const agent of (await readUpstreamAgents(documents, memory)) ?? []) {
      if (names.has(formatAgentName(agent))) continue;
      names.add(formatAgentName(agent));
      others.push(agent);
    }
  }
  return others;
}

const INDEX_PATHS = ["index2.sjson", "index2.json", "index.sjson", "index.json"];

/** The catalogue of the documents that are remembered; undefined when no usable index is among them. */
async function readUpstreamAgents(
  documents: DocumentStore,
  memory: UpstreamMemory,
): Promise<readonly Agent[] | undefined> {
  for (const name of INDEX_PATHS) {
    const path = `streams/v1/${name}`;
    const text = await readKept(documents, memory.get(path));
    if (text === undefined) continue;
    const products = await readProducts(documents, memory, parseIndexFile(text, path).entries.values());
    return products && buildCatalogue(products).agents;
  }
  return undefined;
}

/** Undefined when one that was read before is not usable now: what it lists is not known then. */
async function readProducts(
  documents: DocumentStore,
  memory: UpstreamMemory,
  entries: Iterable<IndexEntry>,
): Promise<Map<ContentId, ProductFile> | undefined> {
  const products = new Map<ContentId, ProductFile>();
  for (const { contentId, path } of entries) {
    if (parseStreamContentId(contentId) === undefined) continue;
    const known = memory.get(path);
    if (known === undefined) continue;
    const text = await readKept(documents, known);
    if (text === undefined) return undefined;
    products.set(contentId, parseProductFile(text, path));
  }
  return products;
}

/** The trusted text of a kept document; undefined when it is not here whole. It was verified when it came. */
async function readKept(
  documents: DocumentStore,
  known: RememberedDocument | undefined,
): Promise<string | undefined> {
  if (known === undefined) return undefined;
  const bytes = await documents.get("upstream", known.sha256);
  if (bytes === undefined || sha256Of(bytes) !== known.sha256) return undefined;
  try {
    return textOfDocument(bytes, known.path);
  } catch (error) {
    if (isJamError(error)) return undefined;
    throw error;
  }
}

export interface UsableWanted {
  /** Streams that have to be known. */
  readonly streams: readonly string[];
  /** `held`: upstream counts for nothing. `never`: what was kept of upstream has to do. `missing`: upstream is asked for streams that were never read. `always`. */
  readonly ask: "held" | "never" | "missing" | "always";
  readonly deny: SelectionRules["deny"];
}

/** What is held and what upstream lists, without what `deny` names. */
export interface UsableAgents extends Pick<KnownAgents, "snapshot" | "held"> {
  readonly upstream: readonly Agent[];
  /** Where `upstream` comes from: asked now, kept by the last sync, or nothing is known of it. */
  readonly source: "asked" | "kept" | "none";
}

/**
 * The agents that an answer may rest on.
 * @param askUpstream reads what upstream lists now; undefined where it must not be asked, as in offline mode
 * @throws what `askUpstream` throws
 */
export async function findUsableAgents(
  { snapshot, held, upstream }: KnownAgents,
  { streams, ask, deny }: UsableWanted,
  askUpstream?: (streams: readonly string[]) => Promise<readonly Agent[]>,
): Promise<UsableAgents> {
  const denialOf = compileDenials(deny);
  const isAllowed = (agent: Agent) => denialOf(candidateOf(agent)) === undefined;
  const allowed = { snapshot, held: held.filter(isAllowed) };
  if (ask === "held") return { ...allowed, upstream: [], source: "none" };
  const [first = "released"] = streams;
  const isRead = upstream?.some((agent) => isListedIn(agent, first)) ?? false;
  const asks = ask === "always" || (ask === "missing" && !isRead);
  if (asks && askUpstream !== undefined) {
    return { ...allowed, upstream: (await askUpstream(streams)).filter(isAllowed), source: "asked" };
  }
  return {
    ...allowed,
    upstream: (upstream ?? []).filter(isAllowed),
    source: upstream === undefined ? "none" : "kept",
  };
}

function isListedIn({ listings }: Agent, stream: string): boolean {
  return listings.some(({ contentId }) => parseStreamContentId(contentId)?.stream === stream);
}
