import type { Agent } from "../../juju/agent.ts";
import { ARCHES } from "../../juju/arch.ts";
import { osTypeOf } from "../../juju/release.ts";
import { archesSearchedBy, osTypesSearchedBy } from "../../juju/metadata-search/searched-platforms.ts";
import { parseVersion, type JujuVersion } from "../../juju/version.ts";
import { parseStreamContentId, type AgentFamily, type StreamContentId } from "../../juju/stream.ts";
import type { Generation } from "../../juju/decisions/generation.ts";
import type { LookupSource, StreamVersions } from "../../juju/decisions/request.ts";

/** What one reader of the metadata finds: the lists that a lookup meets, and for which arches each number is listed. */
export interface Shelf extends Required<Pick<LookupSource, "available" | "streams">> {
  /** Arches by stream and version; a stream that no index names is absent. */
  readonly listings: ReadonlyMap<string, ReadonlyMap<string, ReadonlySet<string>>>;
}

/** Who reads: which lists, and by which generation's search. */
export interface ShelfReader {
  readonly family: AgentFamily;
  readonly generation: Generation;
  /** The release that reads, where its generation is not just named: releases of one generation differ in what they search. */
  readonly version?: JujuVersion;
}

/** All agents of one place, sorted into shelves by reader as they are asked for; each shelf is made once. */
export interface AgentShelves {
  readonly agents: readonly Agent[];
  readonly for: (reader: ShelfReader) => Shelf;
}

/** The shelves of a place. Every array they give out stays as it is, so that lookups may remember what they read. */
export function createShelves(agents: readonly Agent[]): AgentShelves {
  const shelves = new Map<string, Shelf>();
  return {
    agents,
    for: (reader) => {
      const search = searchOf(reader);
      const key = `${reader.family} ${search.name}`;
      const known = shelves.get(key);
      if (known !== undefined) return known;
      const shelf = shelfOf(listingsOf(agents, reader.family, search), search.marksArch);
      shelves.set(key, shelf);
      return shelf;
    },
  };
}

/** A shelf with only those numbers that a stream lists for every one of the arches. */
export function completeFor(shelf: Shelf, arches: readonly string[], marksArch: boolean): Shelf {
  const listings = new Map(
    [...shelf.listings].map(([stream, versions]) => [
      stream,
      new Map([...versions].filter(([, listed]) => arches.every((arch) => listed.has(arch)))),
    ]),
  );
  return shelfOf(listings, marksArch);
}

/** What a search takes into account where neither arch nor OS is asked for. */
interface Search {
  readonly name: string;
  readonly arches: readonly string[];
  /** Undefined takes every release. */
  readonly osTypes: readonly string[] | undefined;
  /** Whether the generation minds the arch of each agent. */
  readonly marksArch: boolean;
}

/** Up to 2.9 nothing that upstream lists is left out. */
const OLD: Search = { name: "2.9", arches: ARCHES, osTypes: undefined, marksArch: false };

/** A release of each generation that searches by architecture and OS type, for questions that name no version. */
const RELEASE_OF: Readonly<Partial<Record<Generation, string>>> = {
  "3.0": "3.0.0",
  "3.1-3.2": "3.1.0",
  "3.3.4-3.6.21": "3.6.0",
  "3.6.23+": "3.6.23",
  "4.0": "4.0.0",
};

/** Source: juju environs/tools/simplestreams.go makeToolsConstraint. */
function searchOf({ generation, version }: ShelfReader): Search {
  const release = RELEASE_OF[generation];
  if (release === undefined) return OLD;
  const searcher = version ?? parseVersion(release);
  const [arches, osTypes] = [archesSearchedBy(searcher), osTypesSearchedBy(searcher)];
  const marksArch = generation === "4.0";
  return { name: `${arches.join()} ${osTypes.join()} ${marksArch}`, arches, osTypes, marksArch };
}

type Listings = Map<string, Map<string, Set<string>>>;

function listingsOf(agents: readonly Agent[], family: AgentFamily, search: Search): Listings {
  const listings: Listings = new Map();
  // A mirror has a handful of content ids and thousands of listings.
  const ids = new Map<string, StreamContentId | undefined>();
  for (const agent of agents) {
    for (const { contentId, productId } of agent.listings) {
      if (!ids.has(contentId)) ids.set(contentId, parseStreamContentId(contentId));
      const id = ids.get(contentId);
      if (id?.family !== family) continue;
      const versions = getOrMake(listings, id.stream, () => new Map<string, Set<string>>());
      if (!search.arches.includes(agent.arch)) continue;
      const os = search.osTypes === undefined ? undefined : osTypeOf(agent.release, productId);
      if (os !== undefined && search.osTypes?.includes(os) === false) continue;
      getOrMake(versions, agent.version, () => new Set<string>()).add(agent.arch);
    }
  }
  return listings;
}

function getOrMake<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}

function shelfOf(listings: Shelf["listings"], marksArch: boolean): Shelf {
  const streams: Record<string, readonly string[]> = {};
  for (const [stream, versions] of listings) {
    streams[stream] = marksArch
      ? [...versions].flatMap(([version, arches]) => [...arches].map((arch) => `${version}@${arch}`))
      : [...versions.keys()];
  }
  const available = [...new Set(Object.values(streams).flat())];
  return { available, streams: streams satisfies StreamVersions, listings };
}
