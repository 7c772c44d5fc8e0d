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

/** A soak shorter than this says nothing about growth: caches fill and V8 finds its sizes. */
const JUDGED_SECONDS = 15 * 60;

/** V8 collects garbage about once a minute: in so many samples one is just after it. */
const WINDOW = 24;

/** How a part of the memory grew from the second to the last third of the load. Bytes. */
export interface Growth {
  readonly what: string;
  readonly from: number;
  readonly to: number;
  readonly isTooMuch: boolean;
}

/**
 * The growth of what the C library has, which hardly goes down; of objects and buffers that are left after garbage was
 * collected; and of all resident memory. Of that, V8 keeps what it once needed for garbage, and lets more pile up while it
 * gets little of the processor: a machine that others use makes some percent of difference. Empty for a short soak.
 */
export function growthOf(samples: readonly Sample[]): readonly Growth[] {
  if ((samples.at(-1)?.seconds ?? 0) < JUDGED_SECONDS) return [];
  const [, middle = [], last = []] = thirdsOf(samples);
  const compare = (what: string, measure: (part: readonly Sample[]) => number, most: number): Growth => {
    const [from, to] = [measure(middle), measure(last)];
    return { what, from, to, isTooMuch: to > from * (1 + most) };
  };
  return [
    compare("resident", (part) => meanOf(part.map(({ rss }) => rss)), 0.05),
    compare("C library", (part) => meanOf(part.map(({ mappings: { heap, arenas } }) => heap + arenas)), 0.02),
    compare(
      "after garbage",
      (part) => meanOf(floorsOf(part.map(({ heap, external }) => heap + external))),
      0.1,
    ),
  ];
}

/** The parts of a series, each a third of it. */
export function thirdsOf<Each>(all: readonly Each[]): readonly (readonly Each[])[] {
  const third = Math.ceil(all.length / 3);
  return [0, 1, 2].map((part) => all.slice(part * third, (part + 1) * third));
}

/** The mean; 0 of nothing. */
export function meanOf(values: readonly number[]): number {
  return values.reduce((sum, one) => sum + one, 0) / Math.max(1, values.length);
}

/** The least of each window. */
function floorsOf(values: readonly number[]): readonly number[] {
  const windows = Math.max(1, Math.floor(values.length / WINDOW));
  return Array.from({ length: windows }, (_, at) =>
    Math.min(...values.slice(at * WINDOW, (at + 1) * WINDOW)),
  );
}
