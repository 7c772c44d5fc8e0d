import { compareTexts } from "../shared/collections.ts";
import type { ContentId } from "../simplestreams/item.ts";
import type { ProductFile } from "../simplestreams/product-file.ts";
import type { Agent, Listing } from "./agent.ts";
import { conflict, differ, refuseContradictions } from "./catalogue-conflicts.ts";
import { readEntries, refuse, type CatalogueEntry, type RefusedListing } from "./catalogue-entry.ts";
import { compareVersions, formatVersion } from "./version.ts";

/** What an upstream lists, as agents. */
export interface Catalogue {
  /** Each version + release + arch once; oldest version first, then by release and arch. */
  readonly agents: readonly Agent[];
  /** Items left out because of their version, release or arch, or because they contradict others. */
  readonly refused: readonly RefusedListing[];
}

/**
 * The agents of an upstream's product files, the listings of one agent joined. Where streams disagree about an
 * agent's content, the content of the most stable stream is used and the others are refused with JAM_METADATA_CONFLICT. The same
 * content under another path is not a conflict: the path of the most stable stream is used.
 */
export function buildCatalogue(products: ReadonlyMap<ContentId, ProductFile>): Catalogue {
  const read = readEntries(products);
  const unreadable = read.flatMap((one) => ("refused" in one ? [one.refused] : []));
  const settled = refuseContradictions(read.flatMap((one) => ("entry" in one ? [one.entry] : [])));
  const contradicted: RefusedListing[][] = [];
  const agents: { agent: Agent; entry: CatalogueEntry }[] = [];
  for (const group of Map.groupBy(settled.entries, ({ name }) => name).values()) {
    const { kept, dropped } = settleAgent(group);
    contradicted.push(dropped);
    const [entry] = kept;
    if (entry !== undefined) agents.push({ agent: agentOf(entry, kept), entry });
  }
  agents.sort((a, b) => compareEntries(a.entry, b.entry));
  const refused = [...unreadable, ...settled.refused, ...contradicted.flat()];
  return { agents: agents.map(({ agent }) => agent), refused };
}

/** Which of the listings of one agent hold; the first of them gives path and content. */
function settleAgent(group: readonly CatalogueEntry[]): {
  kept: CatalogueEntry[];
  dropped: RefusedListing[];
} {
  const dropped: RefusedListing[] = [];
  const candidates: CatalogueEntry[] = [];
  // Nearly every agent is listed once, and lists have thousands of agents.
  if (group.length === 1) return { kept: [...group], dropped };
  const [{ name }] = group as [CatalogueEntry];
  for (const same of Map.groupBy(group.toSorted(byStability), ({ contentId }) => contentId).values()) {
    const newest = same.filter(({ item }) => item.date === same[0]?.item.date);
    if (differ(newest, contentOf)) {
      const error = conflict(newest, `${name} is listed with two contents under one date`);
      for (const entry of same) dropped.push(refuse(entry, error));
    } else for (const entry of same) candidates.push(entry);
  }
  const [winner] = candidates;
  const kept = candidates.filter((entry) => contentOf(entry) === (winner && contentOf(winner)));
  const stands = new Set(kept);
  for (const entry of candidates) {
    if (stands.has(entry)) continue;
    const error = conflict(
      [winner as CatalogueEntry, entry],
      `${name} is listed with two contents; the first one is used`,
    );
    dropped.push(refuse(entry, error));
  }
  return { kept, dropped };
}

function contentOf({ item }: CatalogueEntry): string {
  return item.sha256;
}

function agentOf({ item, number }: CatalogueEntry, kept: readonly CatalogueEntry[]): Agent {
  const { release, arch, path, size, sha256, md5 } = item;
  const version = formatVersion(number);
  const listings = listingsOf(kept);
  return md5 === undefined
    ? { version, release, arch, path, size, sha256, listings }
    : { version, release, arch, path, size, sha256, md5, listings };
}

function listingsOf(kept: readonly CatalogueEntry[]): Listing[] {
  const listings = kept.map(({ contentId, item: { productId, date } }) => ({ contentId, productId, date }));
  if (listings.length === 1) return listings;
  const first = new Map<string, Listing>();
  for (const one of listings) {
    const key = `${one.contentId} ${one.productId}`;
    if (!first.has(key)) first.set(key, one);
  }
  return [...first.values()];
}

/** The most stable stream first, in it the newest date, then names, so that the order never depends on the input's. */
function byStability(a: CatalogueEntry, b: CatalogueEntry): number {
  return (
    a.rank - b.rank ||
    compareTexts(a.contentId, b.contentId) ||
    compareTexts(b.item.date, a.item.date) ||
    compareTexts(a.item.productId, b.item.productId) ||
    compareTexts(a.item.path, b.item.path) ||
    compareTexts(a.item.itemName, b.item.itemName)
  );
}

function compareEntries(a: CatalogueEntry, b: CatalogueEntry): number {
  return (
    compareVersions(a.number, b.number) ||
    compareTexts(a.item.release, b.item.release) ||
    compareTexts(a.item.arch, b.item.arch)
  );
}
