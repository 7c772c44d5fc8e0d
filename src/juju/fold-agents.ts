import { parseAgentBinary } from "./agent.ts";
import { OS_TYPES } from "./release.ts";

/** What an agent that is to be folded has; `release` and `arch` are what the lines join. */
export interface AgentPlace {
  readonly version: string;
  readonly release: string;
  readonly arch: string;
}

/** Where an agent of this name belongs; a name that Juju does not read as an agent's stands alone. */
export function readAgentPlace(name: string): AgentPlace {
  try {
    const { version, release, arch } = parseAgentBinary(name);
    return { version, release, arch };
  } catch {
    return { version: name, release: "", arch: "" };
  }
}

/** Agents that differ only in release and architecture, as one line. */
export interface AgentLine<Row extends AgentPlace> {
  readonly version: string;
  /** `ubuntu (+4 series)`. */
  readonly releases: string;
  /** `amd64 arm64`. */
  readonly arches: string;
  /** At least one. */
  readonly rows: readonly Row[];
}

/** What must be the same for agents to share a line. */
export interface Sameness<Row> {
  /** The tarball. Releases of one architecture fold only where they share it; every architecture has its own. */
  readonly tarball: (row: Row) => string;
  /** All that the line shows in addition to version, releases and architectures. */
  readonly shown: (row: Row) => string;
}

/**
 * Lines of agents: versions in the order of their first agent, and in each the lines in that of theirs. Every line stands for
 * all its releases on all its architectures.
 */
export function foldAgents<Row extends AgentPlace>(
  rows: readonly Row[],
  sameness: Sameness<Row>,
): AgentLine<Row>[] {
  const versions = Map.groupBy(rows, ({ version }) => version);
  return [...versions].flatMap(([version, own]) => foldVersion(version, own, sameness));
}

function foldVersion<Row extends AgentPlace>(
  version: string,
  rows: readonly Row[],
  { tarball, shown }: Sameness<Row>,
): AgentLine<Row>[] {
  const [first] = rows;
  // Most versions since 2.9 are for one release, in the same streams: no key has to be made of each of ten thousand agents.
  if (
    first !== undefined &&
    rows.every((row) => row.release === first.release && shown(row) === shown(first))
  )
    return [lineOf(version, [first.release], rows)];
  // No word of an agent contains this character.
  const units = Map.groupBy(rows, (row) => `${row.arch}\0${tarball(row)}\0${shown(row)}`);
  const lines = Map.groupBy(units.values(), (unit) => {
    const releases = distinct(unit.map(({ release }) => release)).join(" ");
    return unit[0] === undefined ? releases : `${releases}\0${shown(unit[0])}`;
  });
  return [...lines.values()].map((line) =>
    lineOf(version, distinct((line[0] ?? []).map(({ release }) => release)), line.flat()),
  );
}

function lineOf<Row extends AgentPlace>(
  version: string,
  releases: readonly string[],
  rows: readonly Row[],
): AgentLine<Row> {
  return {
    version,
    releases: describeReleases(releases),
    arches: distinct(rows.map(({ arch }) => arch)).join(" "),
    rows,
  };
}

function distinct(values: readonly string[]): readonly string[] {
  if (values.length === 1) return values;
  return [...new Set(values)].sort();
}

const IS_OS_TYPE: ReadonlySet<string> = new Set(OS_TYPES);

/** The OS type, or the first series, and how many others there are. */
function describeReleases(releases: readonly string[]): string {
  const first = OS_TYPES.find((type) => releases.includes(type)) ?? releases[0] ?? "";
  const others = releases.filter((release) => release !== first);
  if (others.length === 0) return first;
  return `${first} (+${others.length} ${others.some((release) => IS_OS_TYPE.has(release)) ? "more" : "series"})`;
}
