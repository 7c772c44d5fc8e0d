import type { BlockerRule } from "../../juju/knowledge/knowledge.ts";
import { findSeries } from "../../juju/release.ts";
import { compareVersionTexts, formatVersion, type JujuVersion } from "../../juju/version.ts";
import type { FleetMachine, FleetModel } from "../fleet/fleet.ts";
import type { PlanGroup, PlannedModel } from "./group.ts";
import type { PlanCheck } from "./plan-document.ts";

/** The hop whose blockers are looked for. */
export interface CheckedHop {
  readonly from: JujuVersion;
  readonly group: PlanGroup;
  readonly models: readonly PlannedModel[];
}

/** What stands in the way as far as a file tells: places, or undefined when it does not tell. */
type Finding = readonly string[] | undefined;

/** The blockers of a hop, held against what is known of the fleet; what was found comes first. */
export function checksOf(blockers: readonly BlockerRule[], hop: CheckedHop): PlanCheck[] {
  const order = { found: 0, look: 1, clear: 2 };
  return blockers
    .map((rule): PlanCheck => {
      const finding = findingOf(rule, hop);
      const { id, fact, remedy, message, source } = rule;
      return {
        id,
        steps: [...rule.steps],
        state: finding === undefined ? "look" : finding.length > 0 ? "found" : "clear",
        fact,
        remedy,
        ...(message === undefined ? {} : { message }),
        where: [...(finding ?? [])],
        source,
      };
    })
    .toSorted((a, b) => order[a.state] - order[b.state]);
}

function findingOf({ id, models }: BlockerRule, hop: CheckedHop): Finding {
  if (id === "mongo-version") return findOldMongo(hop.group);
  if (id === "controller-nodes-lagging") {
    return join(
      hop.models.filter(({ isController }) => isController),
      (model) => findLagging(model),
    );
  }
  const find = MODEL_FINDERS[id];
  if (find === undefined) return undefined;
  const concerned = hop.models.filter(({ type }) => models.includes(type));
  return join(concerned, (model) => find(model, hop));
}

/** All places of all models; unknown when one model is, and nothing was found. */
function join(models: readonly PlannedModel[], find: (model: FleetModel) => Finding): Finding {
  const findings = models.map(({ facts }) => {
    const places = facts === undefined ? undefined : find(facts);
    return places?.map((place) => `${facts?.label ?? ""} ${place}`);
  });
  const found = findings.flatMap((finding) => finding ?? []);
  return found.length === 0 && (models.length === 0 || findings.includes(undefined)) ? undefined : found;
}

const MODEL_FINDERS: Readonly<Record<string, (model: FleetModel, hop: CheckedHop) => Finding>> = {
  "agents-lagging": findLagging,
  "windows-machines": ({ machines }) => list(machines, ({ os }) => os === "windows"),
  "ubuntu-before-focal": ({ machines }, { from }) =>
    list(machines, (machine) => machine.os === "ubuntu" && !isAllowedBy3(from, machine)),
  "bases-of-4.0": ({ machines }) =>
    list(machines, (machine) => !["20.04", "22.04", "24.04", "26.04"].includes(ubuntuOf(machine) ?? "")),
  "charm-store-charms": ({ applications }) =>
    applications
      ?.filter(({ isFromCharmStore }) => isFromCharmStore)
      .map(({ name, charm }) => `application ${name} (${charm})`),
  "model-migrating": ({ isMigrating, activity }) =>
    isMigrating === true ? [activity ?? "migrating"] : undefined,
  "lxd-before-5": ({ cloudType }) => (cloudType === undefined || cloudType === "lxd" ? undefined : []),
  "openstack-neutron": ({ cloudType }) =>
    cloudType === undefined || cloudType === "openstack" ? undefined : [],
};

function list(
  machines: readonly FleetMachine[] | undefined,
  isFound: (machine: FleetMachine) => boolean,
): Finding {
  return machines?.filter(isFound).map(({ id, series }) => `machine ${id} (${series ?? "unknown base"})`);
}

function findLagging({ machines, units, version }: FleetModel): Finding {
  if (machines === undefined || version === undefined) return undefined;
  const agents = [...machines.map((one) => ({ ...one, name: `machine ${one.id}` })), ...(units ?? [])];
  return agents
    .filter((agent) => agent.version !== undefined && agent.version !== version)
    .map((agent) => `${agent.name} (${agent.version}, the model is at ${version})`);
}

function findOldMongo({ controller, mongoVersion }: PlanGroup): Finding {
  if (mongoVersion === undefined) return undefined;
  return /^(?:4\.[4-9]|[5-9]|\d\d)/.test(mongoVersion) ? [] : [`${controller}: MongoDB ${mongoVersion}`];
}

/** `22.04` for a machine on Ubuntu. */
function ubuntuOf({ os, series }: FleetMachine): string | undefined {
  if (os !== "ubuntu" || series === undefined) return undefined;
  return findSeries(series)?.version ?? series.split("@")[1]?.split("/")[0];
}

/**
 * Which series the source lets pass on the way to 3.x: long-term releases from focal on, and where the source is
 * 2.9.53 or 3.6.23 or later, the interim ones too.
 * Source: upgrades/upgradevalidation/validation.go:checkForDeprecatedUbuntuSeriesForModel @2.9 branch, 3.6 branch
 */
function isAllowedBy3(from: JujuVersion, machine: FleetMachine): boolean {
  const ubuntu = Number(ubuntuOf(machine));
  if (Number.isNaN(ubuntu)) return true;
  const text = formatVersion(from);
  const takesInterim =
    from.major < 3 ? compareVersionTexts(text, "2.9.53") >= 0 : compareVersionTexts(text, "3.6.23") >= 0;
  return ubuntu >= 20.04 && (takesInterim || [20.04, 22.04, 24.04].includes(ubuntu));
}
