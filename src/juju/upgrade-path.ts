import type { BlockerRule, HopStep, Knowledge } from "./knowledge/knowledge.ts";
import { covers, edgeBetween, type UpgradeEdge } from "./upgrade-edge.ts";
import {
  compareVersions,
  formatMajorMinor,
  formatVersion,
  isPrerelease,
  type JujuVersion,
} from "./version.ts";

/** What a path is asked for. */
export interface PathRequest {
  /** Version of the controller and its models. */
  readonly from: JujuVersion;
  readonly to: JujuVersion;
  readonly modelType: "iaas" | "caas";
  /** Versions that exist; stops between are chosen from their newest patches. Pre-releases are no stops. */
  readonly known: readonly JujuVersion[];
}

/** Which kind of metadata a Juju of some version reads: `tools` by series up to 2.9-rc7, `agents` by OS type later. */
export type ReadsFamily = "tools" | "agents";

/** One thing to do, with the command that does it. */
export interface HopAction {
  readonly step: "install-client" | "bootstrap" | HopStep;
  readonly command: string;
}

/** One hop of a path: everything between two versions that all models share. */
export interface Hop extends UpgradeEdge {
  readonly from: string;
  readonly to: string;
  /** `juju` client to install first: a minor, or for a bootstrap the exact version. */
  readonly client: string;
  /** Where the agents of `to` must be listed for this hop. */
  readonly families: readonly ReadsFamily[];
  readonly actions: readonly HopAction[];
  /** What to check before the hop. */
  readonly blockers: readonly BlockerRule[];
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
  const way = cheapestWay(stopsOf(request), knowledge);
  if (way === undefined) {
    return {
      outcome: "none",
      reason: `No chain of upgrades and migrations leads from ${formatVersion(from)} to ${formatVersion(to)} over the known versions.`,
    };
  }
  return { outcome: "path", hops: way.map((leg) => hopOf(leg, request, knowledge)) };
}

/** Start, the newest release of each minor between, and the end; in order. */
function stopsOf({ from, to, known }: PathRequest): readonly JujuVersion[] {
  const newestOfMinor = new Map<string, JujuVersion>();
  for (const version of known) {
    if (isPrerelease(version) || version.build > 0) continue;
    if (compareVersions(version, from) <= 0 || compareVersions(version, to) >= 0) continue;
    const minor = formatMajorMinor(version);
    const newest = newestOfMinor.get(minor);
    if (newest === undefined || compareVersions(version, newest) > 0) newestOfMinor.set(minor, version);
  }
  return [from, ...[...newestOfMinor.values()].toSorted(compareVersions), to];
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
function cheapestWay(stops: readonly JujuVersion[], knowledge: Knowledge): readonly Leg[] | undefined {
  const ways: (Way | undefined)[] = [{ cost: 0, legs: [] }];
  for (const [index, to] of stops.entries()) {
    if (index === 0) continue;
    let best: Way | undefined;
    for (const [before, from] of stops.slice(0, index).entries()) {
      const way = ways[before];
      const edge = way === undefined ? undefined : edgeBetween(from, to, knowledge);
      if (way === undefined || edge === undefined) continue;
      const cost = way.cost + COST[edge.kind];
      if (best === undefined || cost <= best.cost) best = { cost, legs: [...way.legs, { from, to, edge }] };
    }
    ways.push(best);
  }
  return ways.at(-1)?.legs;
}

function hopOf({ from, to, edge }: Leg, request: PathRequest, knowledge: Knowledge): Hop {
  const actions = edge.kind === "in-place" ? inPlaceActions(from, to) : migrateActions(to);
  const steps = new Set<string>(actions.map(({ step }) => step));
  return {
    ...edge,
    from: formatVersion(from),
    to: formatVersion(to),
    client: edge.kind === "in-place" ? formatMajorMinor(to) : formatVersion(to),
    families: familiesOf(edge, from, to),
    actions,
    blockers: knowledge.blockers.filter(
      (rule) =>
        rule.models.includes(request.modelType) &&
        rule.steps.some((step) => steps.has(step)) &&
        covers(rule, from, to),
    ),
  };
}

/** Source: juju environs/tools/marshal.go ToolsContentId; the change came with 2.9-rc8. */
function readsOf({ major, minor, tag, patch }: JujuVersion): ReadsFamily {
  if (major !== 2) return major < 2 ? "tools" : "agents";
  if (minor !== 9) return minor < 9 ? "tools" : "agents";
  return tag !== "" && (tag !== "rc" || patch < 8) ? "tools" : "agents";
}

/** The old controller looks the new agents up for itself; afterwards the new one does, for its models and machines. */
function familiesOf({ kind }: UpgradeEdge, from: JujuVersion, to: JujuVersion): readonly ReadsFamily[] {
  const after = readsOf(to);
  const before = kind === "in-place" ? readsOf(from) : after;
  return before === after ? [after] : [before, after];
}

function inPlaceActions(from: JujuVersion, to: JujuVersion): readonly HopAction[] {
  const target = `--agent-version ${formatVersion(to)}`;
  const [controller, model] = upgradeCommands(from);
  return [
    { step: "install-client", command: `snap install juju --channel ${formatMajorMinor(to)}` },
    { step: "upgrade-controller", command: `${controller} ${target}` },
    { step: "upgrade-model", command: `${model} ${target}` },
  ];
}

/** `upgrade-controller` exists from 2.6 and is the only way from 3.5 on; `upgrade-model` replaced `upgrade-juju` in 2.4. */
function upgradeCommands({ major, minor }: JujuVersion): readonly [controller: string, model: string] {
  if (major === 1) return ["juju upgrade-juju -e CONTROLLER", "juju upgrade-juju -e MODEL"];
  if (major === 2 && minor < 4) return ["juju upgrade-juju -m controller", "juju upgrade-juju -m MODEL"];
  if (major === 2 && minor < 6) return ["juju upgrade-model -m controller", "juju upgrade-model -m MODEL"];
  return ["juju upgrade-controller", "juju upgrade-model -m MODEL"];
}

function migrateActions(to: JujuVersion): readonly HopAction[] {
  const version = formatVersion(to);
  return [
    { step: "install-client", command: `snap install juju --channel ${formatMajorMinor(to)}` },
    { step: "bootstrap", command: `juju bootstrap CLOUD CONTROLLER-${version} --agent-version ${version}` },
    { step: "migrate", command: `juju migrate MODEL CONTROLLER-${version}` },
    { step: "upgrade-model", command: `juju upgrade-model -m MODEL --agent-version ${version}` },
  ];
}
