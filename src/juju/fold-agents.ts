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
  readonly shown: (row: Row) => readonly string[];
}

/** Lines of agents, in the order of the first agent of each. Every line stands for all its releases on all its architectures. */
export function foldAgents<Row extends AgentPlace>(
  rows: readonly Row[],
  { tarball, shown }: Sameness<Row>,
): AgentLine<Row>[] {
  const byTarball = groupBy(rows, (row) => [row.version, row.arch, tarball(row), ...shown(row)]);
  const units = byTarball.map((unit) => ({ unit, releases: distinct(unit.map(({ release }) => release)) }));
  const lines = groupBy(units, ({ unit: [first], releases }) =>
    first === undefined ? [] : [first.version, releases.join(" "), ...shown(first)],
  );
  return lines.map((line) => ({
    version: line[0]?.unit[0]?.version ?? "",
    releases: describeReleases(line[0]?.releases ?? []),
    arches: distinct(line.flatMap(({ unit }) => unit.map(({ arch }) => arch))).join(" "),
    rows: line.flatMap(({ unit }) => unit),
  }));
}

/** The first group is that of the first row, and so on. */
function groupBy<T>(values: readonly T[], keyOf: (value: T) => readonly string[]): T[][] {
  // No word of an agent contains this character.
  const groups = Map.groupBy(values, (value) => keyOf(value).join("\0"));
  return [...groups.values()];
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
