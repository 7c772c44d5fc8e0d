import type { StreamLists } from "../../juju/decisions/request.ts";
import { compareVersions, type JujuVersion, type MajorMinor } from "../../juju/version.ts";
import type { VersionIndex } from "./version-index.ts";

/** What the streams list, as far as it is needed to evaluate an answer. */
export interface Listed {
  readonly streams: StreamLists;
  readonly isEmpty: boolean;
  /** Arches for which a stream lists a number: `every` where the lists do not name any; undefined when it is not listed. */
  readonly archesOf: (stream: string, version: JujuVersion) => ReadonlySet<string> | "every" | undefined;
}

/** What this mirror lists for one reader. */
export function listedInIndex({ archesOf, streams }: VersionIndex): Listed {
  return { streams, isEmpty: hasNothing(streams), archesOf };
}

/** A question's own lists: `V@arch` is for that arch only, `V` for all. */
export function listedInQuestion(streams: StreamLists): Listed {
  return {
    streams,
    isEmpty: hasNothing(streams),
    archesOf: (stream, version) => {
      const arches = new Set<string>();
      for (const entry of streams.get(stream)?.ofSeries(version.major, version.minor) ?? []) {
        if (compareVersions(entry.version, version) !== 0) continue;
        if (entry.arch === undefined) return "every";
        arches.add(entry.arch);
      }
      return arches.size === 0 ? undefined : arches;
    },
  };
}

function hasNothing(streams: StreamLists): boolean {
  return streams.values().every(({ isEmpty }) => isEmpty);
}

/** Whether a stream lists anything of a major, or of one of its minors. */
export function hasSeries({ streams }: Listed, stream: string, { major, minor }: MajorMinor): boolean {
  for (const _entry of streams.get(stream)?.ofSeries(major, minor) ?? []) return true;
  return false;
}

/** The arches, among those given, that no searched stream lists the number for. */
export function missingArches(
  listed: Listed,
  streams: readonly string[],
  version: JujuVersion,
  arches: readonly string[],
): string[] {
  const found = streams.map((stream) => listed.archesOf(stream, version));
  if (found.includes("every")) return [];
  return arches.filter((arch) => !found.some((one) => one instanceof Set && one.has(arch)));
}

/** The first searched stream that lists the number. */
export function streamOf(
  listed: Listed,
  streams: readonly string[],
  version: JujuVersion,
): string | undefined {
  return streams.find((stream) => listed.archesOf(stream, version) !== undefined);
}
