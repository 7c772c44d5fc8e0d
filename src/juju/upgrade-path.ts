import type { Knowledge } from "./knowledge/knowledge.ts";
import { type AgentFamily, readsOf } from "./stream.ts";
import { inPlaceActions, migrateActions, type HopAction } from "./upgrade-commands.ts";
import { edgeBetween, type UpgradeEdge } from "./upgrade-edge.ts";
import {
  compareVersions,
  formatMajorMinor,
  formatVersion,
  isPrerelease,
  type JujuVersion,
} from "./version.ts";

/** The conditions of a path. */
export interface PathRequest {
  /** Version of the controller and its models. */
  readonly from: JujuVersion;
  readonly to: JujuVersion;
  readonly modelType: "iaas" | "caas";
  /** Versions that exist; intermediate stops are chosen from their newest patches, never from pre-releases. */
  readonly known: readonly JujuVersion[];
  /**
   * Whether a family of metadata lists the version for everything that is needed. A controller of 2.8 only finds a 2.9
   * that is listed by series. Absent: everything known is listed in both.
   */
  readonly isListed?: (version: JujuVersion, family: AgentFamily) => boolean;
  /** Stops that are skipped where their minor has another one. Absent: none. */
  readonly isAvoided?: (version: JujuVersion) => boolean;
  /** Whether models can leave a controller of that version by migration. Absent: from every one. */
  readonly mayMigrateFrom?: (version: JujuVersion) => boolean;
}

/** One hop of a path: everything between two versions that all models share. */
export interface Hop extends UpgradeEdge {
  readonly from: string;
  readonly to: string;
  /** `juju` client to install first: a minor, or for a bootstrap the exact version. */
  readonly client: string;
  /** Lowest version that may make this hop; undefined where any may. */
  readonly minimum: string | undefined;
  /** Where the agents of `to` must be listed for this hop. */
  readonly families: readonly AgentFamily[];
  readonly actions: readonly HopAction[];
}

export type PathResult =
  | { readonly outcome: "path"; readonly hops: readonly Hop[] }
  | { readonly outcome: "none"; readonly reason: string };

/** A new controller is far more work than any number of upgrades in place. */
const COST = { "in-place": 1, migrate: 100 } as const;

/** The cheapest way up: as few new controllers as possible, then as few upgrades as possible. */
export function planUpgradePath(request: PathRequest, knowledge: Knowledge): PathResult {
  const { from, to } = request;
  if (compareVersions(from, to) === 0) return { outcome: "path", hops: [] };
  if (compareVersions(from, to) > 0) {
    return {
      outcome: "none",
      reason: `Juju does not go back from ${formatVersion(from)} to ${formatVersion(to)}.`,
    };
  }
  // Where no way keeps to what is listed, the one that would be gone with everything listed shows what is missing.
  const all = { ...request, isListed: () => true };
  const way = [request, fromAnywhere(request), all, fromAnywhere(all)]
    .values()
    .map((one) => cheapestWay(one, knowledge))
    .find((one) => one !== undefined);
  if (way === undefined) {
    return {
      outcome: "none",
      reason: `No chain of upgrades and migrations leads from ${formatVersion(from)} to ${formatVersion(to)} over the known versions.`,
    };
  }
  return { outcome: "path", hops: way.map(hopOf) };
}

/** Where no source helps, a refusal of Juju is not certain: the way is shown, with its checks. */
function fromAnywhere(request: PathRequest): PathRequest {
  return { ...request, mayMigrateFrom: () => true };
}

const FAMILIES = ["tools", "agents"] as const;

/** Start, the newest release of each minor between that each family lists, and the end; in order. */
function stopsOf({
  from,
  to,
  known,
  isListed,
  isAvoided = () => false,
}: PathRequest): readonly JujuVersion[] {
  const newest = new Map<string, JujuVersion>();
  for (const version of known) {
    if (isPrerelease(version) || version.build > 0) continue;
    if (compareVersions(version, from) <= 0 || compareVersions(version, to) >= 0) continue;
    for (const family of FAMILIES) {
      if (isListed !== undefined && !isListed(version, family)) continue;
      const key = `${formatMajorMinor(version)} ${family}`;
      const before = newest.get(key);
      if (before === undefined || isBetterStop(version, before, isAvoided)) newest.set(key, version);
    }
  }
  const between = new Map([...newest.values()].map((version) => [formatVersion(version), version]));
  return [from, ...[...between.values()].toSorted(compareVersions), to];
}

/** One that is not avoided is better than one that is; otherwise the newer one is. */
function isBetterStop(
  one: JujuVersion,
  other: JujuVersion,
  isAvoided: (version: JujuVersion) => boolean,
): boolean {
  return Number(isAvoided(other)) - Number(isAvoided(one)) > 0
    ? true
    : isAvoided(one) === isAvoided(other) && compareVersions(one, other) > 0;
}

interface Leg {
  readonly from: JujuVersion;
  readonly to: JujuVersion;
  readonly edge: UpgradeEdge;
}

interface Way {
  readonly cost: number;
  readonly legs: readonly Leg[];
}

/**
 * Every edge leads upwards, so one pass over the ordered stops finds the cheapest way to each.
 * Of two equal ways the one over the newer stop wins.
 */
function cheapestWay(request: PathRequest, knowledge: Knowledge): readonly Leg[] | undefined {
  const stops = stopsOf(request);
  const ways: (Way | undefined)[] = [{ cost: 0, legs: [] }];
  for (const [index, to] of stops.entries()) {
    if (index === 0) continue;
    let best: Way | undefined;
    for (const [before, from] of stops.slice(0, index).entries()) {
      const way = ways[before];
      const edge = way === undefined ? undefined : listedEdge({ from, to }, request, knowledge);
      if (way === undefined || edge === undefined) continue;
      const cost = way.cost + COST[edge.kind];
      if (best === undefined || cost <= best.cost) best = { cost, legs: [...way.legs, { from, to, edge }] };
    }
    ways.push(best);
  }
  return ways.at(-1)?.legs;
}

/** The edge, when the metadata that its Juju reads lists the target. */
function listedEdge(
  { from, to }: Pick<Leg, "from" | "to">,
  { isListed = () => true, mayMigrateFrom = () => true }: PathRequest,
  knowledge: Knowledge,
): UpgradeEdge | undefined {
  const edge = edgeBetween(from, to, knowledge);
  if (edge === undefined || (edge.kind === "migrate" && !mayMigrateFrom(from))) return undefined;
  return familiesOf(edge, from, to).every((family) => isListed(to, family)) ? edge : undefined;
}

function hopOf({ from, to, edge }: Leg): Hop {
  const actions = edge.kind === "in-place" ? inPlaceActions(from, to) : migrateActions(to);
  return {
    ...edge,
    from: formatVersion(from),
    to: formatVersion(to),
    client: edge.kind === "in-place" ? formatMajorMinor(to) : formatVersion(to),
    minimum: minimumOf(edge),
    families: familiesOf(edge, from, to),
    actions,
  };
}

/** The old controller looks the new agents up for itself; afterwards the new one does, for its models and machines. */
function familiesOf({ kind }: UpgradeEdge, from: JujuVersion, to: JujuVersion): readonly AgentFamily[] {
  const after = readsOf(to);
  const before = kind === "in-place" ? readsOf(from) : after;
  return before === after ? [after] : [before, after];
}

/** The lower end of the range that may move; ranges of this knowledge start with it where they have one. */
function minimumOf({ rule }: UpgradeEdge): string | undefined {
  return /^>=(\S+)/.exec(rule.from)?.[1];
}
