import { isVersion, parseVersion, type JujuVersion, type VersionGeneration } from "../version.ts";

/** More distinct texts than any real set of streams has; beyond it the memory starts afresh. */
const MAX_REMEMBERED = 50_000;

const remembered = { "1.25": new Map<string, JujuVersion>(), later: new Map<string, JujuVersion>() };

/**
 * `parseVersion` that remembers: equal texts give the same object, so a list of many agents is read once.
 * @throws JamError JAM_VERSION_INVALID with Juju's own text.
 */
export function readVersion(text: string, generation: VersionGeneration = "v2"): JujuVersion {
  const known = generation === "1.25" ? remembered["1.25"] : remembered.later;
  const found = known.get(text);
  if (found !== undefined) return found;
  const version = parseVersion(text, generation);
  if (known.size >= MAX_REMEMBERED) known.clear();
  known.set(text, version);
  return version;
}

/**
 * The version as Juju 2.0 and later read it; one that only 1.x accepts (`1.21-RC1`) as 1.x does. For comparing versions
 * of a question whose generation is not settled yet, or does not matter.
 * @throws JamError JAM_VERSION_INVALID with Juju's own text.
 */
export function readAnyVersion(text: string): JujuVersion {
  return readVersion(text, isVersion(text) ? "v2" : "1.25");
}

/** One listed version; `arch` is undefined where it is published for every arch. */
export interface PoolEntry {
  readonly version: JujuVersion;
  readonly arch: string | undefined;
}

/** A list of versions, each once, grouped by major and minor in the order of the list. */
export interface VersionPool {
  readonly size: number;
  readonly entries: readonly PoolEntry[];
  readonly byMajor: ReadonlyMap<number, ReadonlyMap<number, readonly PoolEntry[]>>;
}

const pools = {
  "1.25": new WeakMap<readonly string[], VersionPool>(),
  later: new WeakMap<readonly string[], VersionPool>(),
};

/**
 * The list, read and grouped; asked again for the same array it answers from memory, so the array must not change.
 * @throws JamError JAM_VERSION_INVALID
 */
export function poolOf(texts: readonly string[], generation: VersionGeneration = "v2"): VersionPool {
  const known = generation === "1.25" ? pools["1.25"] : pools.later;
  const found = known.get(texts);
  if (found !== undefined) return found;
  const pool = groupEntries([...new Set(texts)].map((text) => readEntry(text, generation)));
  known.set(texts, pool);
  return pool;
}

/** The pool without entries that name no version, such as the image tag `latest`. Juju passes over those. */
export function poolOfTags(tags: readonly string[]): VersionPool {
  const found = pools.later.get(tags);
  if (found !== undefined) return found;
  const pool = groupEntries(
    [...new Set(tags)].filter((tag) => isVersion(tag)).map((tag) => readEntry(tag, "v2")),
  );
  pools.later.set(tags, pool);
  return pool;
}

function readEntry(text: string, generation: VersionGeneration): PoolEntry {
  const at = text.indexOf("@");
  if (at < 0) return { version: readVersion(text, generation), arch: undefined };
  return { version: readVersion(text.slice(0, at), generation), arch: text.slice(at + 1) };
}

function groupEntries(entries: readonly PoolEntry[]): VersionPool {
  const byMajor = new Map<number, Map<number, PoolEntry[]>>();
  for (const entry of entries) {
    const { major, minor } = entry.version;
    const minors = byMajor.get(major) ?? new Map<number, PoolEntry[]>();
    if (minors.size === 0) byMajor.set(major, minors);
    const group = minors.get(minor);
    if (group === undefined) minors.set(minor, [entry]);
    else group.push(entry);
  }
  return { size: entries.length, entries, byMajor };
}
