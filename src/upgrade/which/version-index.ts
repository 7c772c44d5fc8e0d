import type { Agent } from "../../juju/agent.ts";
import { ARCHES, archesSearchedBy, osTypesSearchedBy } from "../../juju/platform.ts";
import { osTypeOf } from "../../juju/release.ts";
import { formatVersion, parseVersion, type JujuVersion, type VersionGeneration } from "../../juju/version.ts";
import { parseStreamContentId, type AgentFamily, type StreamContentId } from "../../juju/stream.ts";
import { versionGenerationOf, type Generation } from "../../juju/decisions/generation.ts";
import type { StreamLists } from "../../juju/decisions/request.ts";
import { readVersion, VersionList, type ListedVersion } from "../../juju/decisions/version-list.ts";

/** Arches by stream and version; a stream that no index names is absent. */
type ArchIndex = ReadonlyMap<string, ReadonlyMap<string, ReadonlySet<string>>>;

/** What one reader of the metadata finds: the lists that a search meets, and for which arches each number is listed. */
export interface VersionIndex {
  readonly streams: StreamLists;
  /** All versions of any stream, each once. */
  readonly all: VersionList;
  /** The arches for which a stream lists a number; undefined where it lists none. */
  readonly archesOf: (stream: string, version: JujuVersion) => ReadonlySet<string> | undefined;
  /** The same with only those numbers that a stream lists for every one of the arches. */
  readonly completeFor: (arches: readonly string[]) => VersionIndex;
}

/** Who reads: which lists, and by which generation's search. */
export interface IndexReader {
  readonly family: AgentFamily;
  readonly generation: Generation;
  /** The release that reads, unless its generation is only named: releases of one generation search differently. */
  readonly version?: JujuVersion;
}

/** All agents of one place, indexed by reader when they are needed; each index is made once. */
export interface VersionIndexes {
  readonly agents: readonly Agent[];
  readonly for: (reader: IndexReader) => VersionIndex;
}

/** The indexes of a place. */
export function createIndexes(agents: readonly Agent[]): VersionIndexes {
  const indexes = new Map<string, VersionIndex>();
  return {
    agents,
    for: (reader) => {
      const search = searchOf(reader);
      const key = `${reader.family} ${search.name}`;
      const known = indexes.get(key);
      if (known !== undefined) return known;
      const index = indexOf(archesOf(agents, reader.family, search), search);
      indexes.set(key, index);
      return index;
    },
  };
}

/** What a search takes into account where neither arch nor OS is requested. */
interface Search {
  readonly name: string;
  readonly arches: readonly string[];
  /** Undefined takes every release. */
  readonly osTypes: readonly string[] | undefined;
  /** Whether the generation looks at the arch of each agent. */
  readonly marksArch: boolean;
  /** How that generation reads versions. */
  readonly rules: VersionGeneration;
}

/** A release of each generation that searches by architecture and OS type, for questions that name no version. */
const RELEASE_OF: Readonly<Partial<Record<Generation, string>>> = {
  "3.0": "3.0.0",
  "3.1-3.2": "3.1.0",
  "3.3.4-3.6.21": "3.6.0",
  "3.6.23+": "3.6.23",
  "4.0": "4.0.0",
};

/** Source: juju environs/tools/simplestreams.go makeToolsConstraint. */
function searchOf({ generation, version }: IndexReader): Search {
  const rules = versionGenerationOf(generation);
  const release = RELEASE_OF[generation];
  // Up to 2.9 nothing that upstream lists is left out.
  if (release === undefined) {
    return { name: `2.9 ${rules}`, arches: ARCHES, osTypes: undefined, marksArch: false, rules };
  }
  const searcher = version ?? parseVersion(release);
  const [arches, osTypes] = [archesSearchedBy(searcher), osTypesSearchedBy(searcher)];
  const marksArch = generation === "4.0";
  return { name: `${arches.join()} ${osTypes.join()} ${marksArch}`, arches, osTypes, marksArch, rules };
}

function archesOf(agents: readonly Agent[], family: AgentFamily, search: Search): ArchIndex {
  const streams = new Map<string, Map<string, Set<string>>>();
  // A mirror has a handful of content ids and thousands of listings.
  const ids = new Map<string, StreamContentId | undefined>();
  for (const agent of agents) {
    for (const { contentId, productId } of agent.listings) {
      if (!ids.has(contentId)) ids.set(contentId, parseStreamContentId(contentId));
      const id = ids.get(contentId);
      if (id?.family !== family) continue;
      const versions = getOrMake(streams, id.stream, () => new Map<string, Set<string>>());
      if (!search.arches.includes(agent.arch)) continue;
      const os = search.osTypes === undefined ? undefined : osTypeOf(agent.release, productId);
      if (os !== undefined && search.osTypes?.includes(os) === false) continue;
      getOrMake(versions, agent.version, () => new Set<string>()).add(agent.arch);
    }
  }
  return streams;
}

function getOrMake<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}

function indexOf(index: ArchIndex, search: Search): VersionIndex {
  const lists = [...index].map(([stream, versions]) => [stream, listOf(versions, search)] as const);
  let all: VersionList | undefined;
  return {
    streams: new Map(lists),
    get all() {
      return (all ??= merge(lists.map(([, list]) => list)));
    },
    archesOf: (stream, version) => index.get(stream)?.get(formatVersion(version)),
    completeFor: (arches) => indexOf(onlyComplete(index, arches), search),
  };
}

function listOf(
  versions: ReadonlyMap<string, ReadonlySet<string>>,
  { marksArch, rules }: Search,
): VersionList {
  // Most streams are never searched.
  return new VersionList(() =>
    [...versions].flatMap(([text, arches]): ListedVersion[] => {
      const version = readVersion(text, rules);
      return marksArch ? [...arches].map((arch) => ({ version, arch })) : [{ version, arch: undefined }];
    }),
  );
}

function merge(lists: readonly VersionList[]): VersionList {
  const entries = lists.flatMap(({ entries: ofList }) => ofList);
  const byName = entries.map(
    (entry) => [`${formatVersion(entry.version)}@${entry.arch ?? ""}`, entry] as const,
  );
  return new VersionList([...new Map(byName).values()]);
}

function onlyComplete(index: ArchIndex, arches: readonly string[]): ArchIndex {
  return new Map(
    [...index].map(([stream, versions]) => [
      stream,
      new Map([...versions].filter(([, listed]) => arches.every((arch) => listed.has(arch)))),
    ]),
  );
}
