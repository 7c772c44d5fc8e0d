import { readFile, readdir, readlink } from "node:fs/promises";

/** What a process uses at one moment; memory in bytes. */
export interface Sample {
  /** Seconds since the start of the load. */
  readonly seconds: number;
  readonly rss: number;
  /** Resident memory by kind of mapping: the C library's heap, its arenas of threads, other anonymous memory, files. */
  readonly mappings: Readonly<Record<MappingKind, number>>;
  /** V8's heap of the main thread, and memory outside of it that belongs to its objects. */
  readonly heap: number;
  readonly external: number;
  readonly files: number;
}

type MappingKind = "heap" | "arenas" | "anonymous" | "files";

/** glibc's arenas of threads begin at multiples of this. Source: glibc malloc/arena.c, HEAP_MAX_SIZE */
const ARENA_BYTES = 64 << 20;

/** Measures the server; what it says of itself comes from `metrics`. */
export async function takeSample(pid: number, metrics: string, seconds: number): Promise<Sample> {
  const mappings = await readMappings(pid);
  const value = (name: string) => Number(new RegExp(String.raw`^${name} (\S+)`, "m").exec(metrics)?.[1] ?? 0);
  return {
    seconds,
    rss: Object.values(mappings).reduce((sum, bytes) => sum + bytes, 0),
    mappings,
    heap: value("nodejs_heap_size_used_bytes"),
    external: value("nodejs_external_memory_bytes"),
    files: (await readdir(`/proc/${pid}/fd`)).length,
  };
}

async function readMappings(pid: number): Promise<Record<MappingKind, number>> {
  const sums: Record<MappingKind, number> = { heap: 0, arenas: 0, anonymous: 0, files: 0 };
  let kind: MappingKind = "anonymous";
  for (const line of (await readFile(`/proc/${pid}/smaps`, "utf8")).split("\n")) {
    const mapping = /^([0-9a-f]+)-[0-9a-f]+ \S+ \S+ \S+ \d+ *(.*)$/.exec(line);
    if (mapping !== null) kind = kindOf(Number.parseInt(mapping[1] ?? "", 16), mapping[2] ?? "");
    else if (line.startsWith("Rss:")) sums[kind] += Number(/\d+/.exec(line)?.[0]) * 1024;
  }
  return sums;
}

function kindOf(start: number, name: string): MappingKind {
  if (name === "[heap]") return "heap";
  if (name !== "" && !name.startsWith("[")) return "files";
  return start % ARENA_BYTES === 0 ? "arenas" : "anonymous";
}

/** What a process has open, by kind. */
export async function openFiles(pid: number, folder: string): Promise<Record<string, number>> {
  const kinds: Record<string, number> = {};
  for (const name of await readdir(`/proc/${pid}/fd`)) {
    const target = await readlink(`/proc/${pid}/fd/${name}`).catch(() => "gone");
    const kind = target.startsWith(folder) ? target.slice(folder.length) : target.replace(/[[(\d].*/, "");
    kinds[kind] = (kinds[kind] ?? 0) + 1;
  }
  return kinds;
}

/** The middle one. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}

/** A soak shorter than this says nothing about growth: caches fill and V8 finds its sizes. */
const JUDGED_SAMPLES = 60;

/** Memory goes up and down by some megabytes; over the last half of an hour it may grow by this part. */
const MAX_GROWTH = 0.02;

/**
 * By what part the memory grew: from the second to the last third, and by the line through the last half. Undefined for a
 * short soak.
 */
export function growthOf(
  samples: readonly Sample[],
): { readonly thirds: number; readonly slope: number } | undefined {
  if (samples.length < JUDGED_SAMPLES) return undefined;
  const third = Math.ceil(samples.length / 3);
  const rss = samples.map((sample) => sample.rss);
  const [middle, last] = [median(rss.slice(third, 2 * third)), median(rss.slice(2 * third))];
  const half = samples.slice(samples.length >> 1);
  return { thirds: last / middle - 1, slope: slopeOf(half) };
}

/** True when either measure is above what is allowed. */
export function isGrowing(growth: { readonly thirds: number; readonly slope: number }): boolean {
  return Math.max(growth.thirds, growth.slope) > MAX_GROWTH;
}

/** The growth from the first to the last of these by the line of least squares, as a part of their mean. */
function slopeOf(samples: readonly Sample[]): number {
  const [times, sizes] = [samples.map(({ seconds }) => seconds), samples.map(({ rss }) => rss)];
  const [meanTime, meanSize] = [meanOf(times), meanOf(sizes)];
  const covariance = meanOf(times.map((time, at) => (time - meanTime) * ((sizes[at] ?? 0) - meanSize)));
  const variance = meanOf(times.map((time) => (time - meanTime) ** 2));
  const span = (times.at(-1) ?? 0) - (times[0] ?? 0);
  return ((covariance / variance) * span) / meanSize;
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, one) => sum + one, 0) / values.length;
}
