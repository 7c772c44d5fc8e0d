import { compareVersions, type JujuVersion } from "../version.ts";
import { poolOf, type PoolEntry, type VersionPool } from "./version-pool.ts";
import { versionGenerationOf, type Generation } from "./generation.ts";
import type { LookupSource } from "./request.ts";

/** What a finder asks for; an absent field matches anything. */
export interface AgentFilter {
  readonly major?: number;
  readonly minor?: number;
  readonly number?: JujuVersion;
  /** Any of these. */
  readonly arches?: readonly string[];
}

/**
 * Why a lookup found nothing: none of the streams has an index entry, or they list nothing that fits.
 * Juju has a sentence of its own for each and counts both as "not found".
 */
export type LookupFailure = "no-index" | "no-match";

export interface LookupResult {
  /** In the order in which the places were searched; a version may stand twice. */
  readonly found: readonly JujuVersion[];
  /** Undefined when something was found. */
  readonly failure: LookupFailure | undefined;
}

/**
 * The agents that the named streams list, all streams merged.
 * Source: juju environs/tools/tools.go FindTools, findToolsForStreams (2.9.31).
 */
export function findInStreams(
  generation: Generation,
  source: LookupSource,
  streams: readonly string[],
  filter: AgentFilter,
): LookupResult {
  const found: JujuVersion[] = [];
  let isIndexed = false;
  for (const stream of streams) {
    const pool = poolOfStream(generation, source, stream);
    if (pool === undefined) continue;
    isIndexed = true;
    collect(pool, filter, found);
  }
  if (found.length > 0) return { found, failure: undefined };
  return { found, failure: isIndexed ? "no-match" : "no-index" };
}

/** The agents in the controller's own store that fit. Source: juju apiserver/common/tools.go matchingStorageTools. */
export function findInStore(
  generation: Generation,
  stored: readonly string[] | undefined,
  filter: AgentFilter,
): readonly JujuVersion[] {
  if (stored === undefined || stored.length === 0) return [];
  const found: JujuVersion[] = [];
  collect(poolOf(stored, versionGenerationOf(generation)), filter, found);
  return found;
}

/**
 * What a controller's finder answers: its store and the streams together; with anything in the store
 * it does not mind that the streams have nothing.
 * Source: juju apiserver/common/tools.go findMatchingTools (2.0.4 to 2.9.61), findMatchingAgents (3.x).
 */
export function findByController(
  generation: Generation,
  source: LookupSource & { readonly stored?: readonly string[] },
  streams: readonly string[],
  filter: AgentFilter,
): LookupResult {
  const stored = findInStore(generation, source.stored, filter);
  const listed = findInStreams(generation, source, streams, filter);
  if (stored.length === 0) return listed;
  return {
    found: listed.found.length === 0 ? stored : [...stored, ...listed.found],
    failure: undefined,
  };
}

/** What the stream lists; undefined when the index has no entry for it. */
function poolOfStream(generation: Generation, source: LookupSource, stream: string): VersionPool | undefined {
  const texts = source.streams === undefined ? releasedOnly(source, stream) : listOf(source.streams, stream);
  return texts === undefined ? undefined : poolOf(texts, versionGenerationOf(generation));
}

function releasedOnly(source: LookupSource, stream: string): readonly string[] | undefined {
  return stream === "released" ? (source.available ?? []) : undefined;
}

function listOf(streams: Readonly<Record<string, readonly string[]>>, stream: string) {
  return Object.hasOwn(streams, stream) ? streams[stream] : undefined;
}

function collect(pool: VersionPool, filter: AgentFilter, into: JujuVersion[]): void {
  for (const entries of groupsOf(pool, filter)) {
    for (const entry of entries) if (fits(entry, filter)) into.push(entry.version);
  }
}

/** The groups of the pool that can hold a match; all of them only where no major is asked for. */
function* groupsOf(pool: VersionPool, filter: AgentFilter): Iterable<readonly PoolEntry[]> {
  const major = filter.number?.major ?? filter.major;
  const minor = filter.number?.minor ?? filter.minor;
  if (major === undefined) {
    yield pool.entries;
    return;
  }
  const minors = pool.byMajor.get(major);
  if (minors === undefined) return;
  if (minor === undefined) yield* minors.values();
  else {
    const group = minors.get(minor);
    if (group !== undefined) yield group;
  }
}

function fits({ version, arch }: PoolEntry, filter: AgentFilter): boolean {
  if (arch !== undefined && filter.arches?.includes(arch) === false) return false;
  return filter.number === undefined || compareVersions(version, filter.number) === 0;
}
