import { isVersion, parseVersion, type JujuVersion, type VersionGeneration } from "../version.ts";

/** More distinct texts than any real set of streams has; beyond it the memory starts afresh. */
const MAX_REMEMBERED = 50_000;

const remembered = { "1.25": new Map<string, JujuVersion>(), later: new Map<string, JujuVersion>() };

/**
 * `parseVersion` that remembers: equal texts give the same object, so a list of many agents is read once.
 * @throws JamError JAM_VERSION_INVALID with Juju's own text.
 */
export function readVersion(text: string, rules: VersionGeneration = "v2"): JujuVersion {
  const known = rules === "1.25" ? remembered["1.25"] : remembered.later;
  const found = known.get(text);
  if (found !== undefined) return found;
  const version = parseVersion(text, rules);
  if (known.size >= MAX_REMEMBERED) known.clear();
  known.set(text, version);
  return version;
}

/**
 * The version as Juju 2.0 and later read it; one that only 1.x accepts (`1.21-RC1`) as 1.x does. For versions of a
 * question whose generation is not known yet, or does not matter.
 * @throws JamError JAM_VERSION_INVALID with Juju's own text.
 */
export function readAnyVersion(text: string): JujuVersion {
  return readVersion(text, isVersion(text) ? "v2" : "1.25");
}

/** One listed version; `arch` is undefined where it is published for every arch. */
export interface ListedVersion {
  readonly version: JujuVersion;
  readonly arch: string | undefined;
}

/** Reads `3.6.5`, or `3.6.5@arm64` for one arch; undefined when it is neither. */
export function readListedVersion(text: string, rules: VersionGeneration): ListedVersion | undefined {
  if (isVersion(text, rules)) return { version: readVersion(text, rules), arch: undefined };
  const at = text.indexOf("@");
  if (at < 0 || !isVersion(text.slice(0, at), rules)) return undefined;
  return { version: readVersion(text.slice(0, at), rules), arch: text.slice(at + 1) };
}

type ByMinor = ReadonlyMap<number, readonly ListedVersion[]>;

/** Versions in the order in which they are listed, to be found by major and minor. */
export class VersionList {
  static readonly EMPTY = new VersionList([]);

  readonly #read: () => readonly ListedVersion[];
  #entries: readonly ListedVersion[] | undefined;
  #byMajor: ReadonlyMap<number, ByMinor> | undefined;

  /** @param entries the entries, or how to read them when they are needed */
  constructor(entries: readonly ListedVersion[] | (() => readonly ListedVersion[])) {
    this.#read = typeof entries === "function" ? entries : () => entries;
  }

  get entries(): readonly ListedVersion[] {
    return (this.#entries ??= this.#read());
  }

  get versions(): readonly JujuVersion[] {
    return this.entries.map(({ version }) => version);
  }

  get isEmpty(): boolean {
    return this.entries.length === 0;
  }

  /** The entries of a major, or of one of its minors. */
  *ofSeries(major: number, minor?: number): Iterable<ListedVersion> {
    const minors = (this.#byMajor ??= groupByMinor(this.entries)).get(major);
    if (minors === undefined) return;
    if (minor !== undefined) yield* minors.get(minor) ?? [];
    else for (const entries of minors.values()) yield* entries;
  }
}

function groupByMinor(entries: readonly ListedVersion[]): ReadonlyMap<number, ByMinor> {
  const byMajor = new Map<number, Map<number, ListedVersion[]>>();
  for (const entry of entries) {
    const { major, minor } = entry.version;
    const minors = byMajor.get(major) ?? new Map<number, ListedVersion[]>();
    if (minors.size === 0) byMajor.set(major, minors);
    const group = minors.get(minor);
    if (group === undefined) minors.set(minor, [entry]);
    else group.push(entry);
  }
  return byMajor;
}
