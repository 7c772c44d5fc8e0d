import type { LookupSource } from "../../juju/decisions/request.ts";
import type { Shelf } from "./version-index.ts";

/** What the streams list, as far as it takes to judge an answer. */
export interface Listed {
  readonly isEmpty: boolean;
  /** Arches for which a stream lists a number: `every` where the lists do not say; undefined when it is not listed. */
  readonly archesOf: (stream: string, version: string) => ReadonlySet<string> | "every" | undefined;
  /** Whether a stream lists anything of a `2.` or `3.6` (any patch or pre-release). */
  readonly hasSeries: (stream: string, series: string) => boolean;
}

/** What a shelf of this mirror lists. */
export function listedOnShelf({ available, listings, streams }: Shelf): Listed {
  return {
    isEmpty: available.length === 0,
    archesOf: (stream, version) => listings.get(stream)?.get(version),
    hasSeries: (stream, series) => hasSeries(listOf(streams, stream), series),
  };
}

/** What a question's own lists say: `V@arch` is for that arch only, `V` for all. */
export function listedInTexts({ available = [], streams }: LookupSource): Listed {
  const lists = streams ?? { released: available };
  return {
    isEmpty: available.length === 0 && Object.values(lists).every((list) => list.length === 0),
    archesOf: (stream, version) => {
      const list = listOf(lists, stream);
      if (list.includes(version)) return "every";
      const start = `${version}@`;
      const arches = list.filter((text) => text.startsWith(start)).map((text) => text.slice(start.length));
      return arches.length === 0 ? undefined : new Set(arches);
    },
    hasSeries: (stream, series) => hasSeries(listOf(lists, stream), series),
  };
}

/** The arches, among those asked for, that no searched stream lists the number for. */
export function missingArches(
  listed: Listed,
  streams: readonly string[],
  version: string,
  arches: readonly string[],
): string[] {
  const found = streams.map((stream) => listed.archesOf(stream, version));
  if (found.includes("every")) return [];
  return arches.filter((arch) => !found.some((one) => one instanceof Set && one.has(arch)));
}

/** The first searched stream that lists the number. */
export function streamOf(listed: Listed, streams: readonly string[], version: string): string | undefined {
  return streams.find((stream) => listed.archesOf(stream, version) !== undefined);
}

function listOf(lists: Readonly<Record<string, readonly string[]>>, stream: string): readonly string[] {
  return Object.hasOwn(lists, stream) ? (lists[stream] ?? []) : [];
}

function hasSeries(list: readonly string[], series: string): boolean {
  return list.some((text) => {
    if (!text.startsWith(series)) return false;
    const next = text.charAt(series.length);
    return next === "." || next === "-";
  });
}
