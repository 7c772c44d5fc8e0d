import { compareVersions, type JujuVersion } from "../version.ts";
import type { StreamLists } from "./request.ts";
import type { ListedVersion, VersionList } from "./version-list.ts";

/** What a finder asks for; an absent field matches anything. */
export interface AgentFilter {
  readonly major?: number;
  readonly minor?: number;
  readonly number?: JujuVersion;
  /** Any of these. */
  readonly arches?: readonly string[];
}

/**
 * Why a search found nothing: none of the streams has an index entry, or they list nothing that fits.
 * Juju has its own message for each and treats both as "not found".
 */
export type SearchFailure = "no-index" | "no-match";

export interface SearchResult {
  /** In the order in which the places were searched; a version may appear twice. */
  readonly found: readonly JujuVersion[];
  /** Undefined when something was found. */
  readonly failure: SearchFailure | undefined;
}

/**
 * The agents that the named streams list, all streams merged.
 * Source: juju environs/tools/tools.go FindTools, findToolsForStreams (2.9.31).
 */
export function findInStreams(
  lists: StreamLists,
  streams: readonly string[],
  filter: AgentFilter,
): SearchResult {
  const found: JujuVersion[] = [];
  let isIndexed = false;
  for (const stream of streams) {
    const list = lists.get(stream);
    if (list === undefined) continue;
    isIndexed = true;
    collect(list, filter, found);
  }
  if (found.length > 0) return { found, failure: undefined };
  return { found, failure: isIndexed ? "no-match" : "no-index" };
}

/** The agents in the controller's own store that fit. Source: juju apiserver/common/tools.go matchingStorageTools. */
export function findInStore(stored: VersionList, filter: AgentFilter): readonly JujuVersion[] {
  const found: JujuVersion[] = [];
  collect(stored, filter, found);
  return found;
}

/**
 * What a controller's finder answers: its store and the streams together; with anything in the store
 * an empty result from the streams is not an error.
 * Source: juju apiserver/common/tools.go findMatchingTools (2.0.4 to 2.9.61), findMatchingAgents (3.x).
 */
export function findByController(
  source: { readonly streams: StreamLists; readonly stored: VersionList },
  streams: readonly string[],
  filter: AgentFilter,
): SearchResult {
  const stored = findInStore(source.stored, filter);
  const listed = findInStreams(source.streams, streams, filter);
  if (stored.length === 0) return listed;
  return {
    found: listed.found.length === 0 ? stored : [...stored, ...listed.found],
    failure: undefined,
  };
}

function collect(list: VersionList, filter: AgentFilter, into: JujuVersion[]): void {
  for (const entry of entriesFor(list, filter)) if (fits(entry, filter)) into.push(entry.version);
}

/** The entries that can match; all of them only where no major is requested. */
function entriesFor(list: VersionList, filter: AgentFilter): Iterable<ListedVersion> {
  const major = filter.number?.major ?? filter.major;
  return major === undefined ? list.entries : list.ofSeries(major, filter.number?.minor ?? filter.minor);
}

function fits({ version, arch }: ListedVersion, filter: AgentFilter): boolean {
  if (arch !== undefined && filter.arches?.includes(arch) === false) return false;
  return filter.number === undefined || compareVersions(version, filter.number) === 0;
}
