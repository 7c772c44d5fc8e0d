import { defined } from "../../shared/collections.ts";
import type { Advice, Knowledge } from "../../juju/knowledge/knowledge.ts";
import { sourceUpgradeFor } from "../../juju/knowledge/source-preferences.ts";
import { reasonsAgainst } from "../../juju/knowledge/target-preferences.ts";
import { edgeBetween } from "../../juju/upgrade-edge.ts";
import { planUpgradePath, type Hop, type PathRequest, type PathResult } from "../../juju/upgrade-path.ts";
import { compareVersions, formatVersion, parseVersion, type JujuVersion } from "../../juju/version.ts";
import type { PlanGroup, PlannedModel } from "./group.ts";
import { catchUpHop, hopOf, runningAgents, type PlanContext } from "./plan-hop.ts";
import type { PlanAgent, PlanController, PlanHop } from "./plan-document.ts";
import { targetContext, ubuntuOf, isListed } from "./target.ts";

/** The plan for one controller and its models. */
export interface GroupPlan {
  readonly controller: PlanController;
  readonly hops: readonly PlanHop[];
  /** The agents that run now, if there is no hop that lists them. */
  readonly running: readonly PlanAgent[];
}

/** Hop by hop: first the controller, then its models; after a migration the new controller. */
export function planGroup(group: PlanGroup, to: JujuVersion, context: PlanContext): GroupPlan {
  const head = {
    ...defined({ name: group.controller }),
    ...(group.facts?.uuid === undefined ? {} : { uuid: group.facts.uuid }),
    ...(group.facts === undefined ? {} : { names: group.facts.names }),
    from: formatVersion(group.version),
    to: formatVersion(to),
  };
  if (group.controller !== undefined && compareVersions(group.version, to) > 0) {
    return { controller: { ...head, outcome: "above" }, hops: [], running: runningAgents(group, context) };
  }
  const path = findPath(group, to, context);
  if (path.outcome === "none") {
    return {
      controller: { ...head, outcome: "none", reason: path.reason },
      hops: [],
      running: runningAgents(group, context),
    };
  }
  const hops = walk(group, path.hops, context);
  const running = hops.length === 0 ? runningAgents(group, context) : [];
  return { controller: { ...head, outcome: hops.length === 0 ? "there" : "hops" }, hops, running };
}

function findPath(group: PlanGroup, to: JujuVersion, context: PlanContext): PathResult {
  const { index, knowledge } = context;
  const platforms = group.models.flatMap((model) => model.platforms);
  const ubuntu = ubuntuOf(group);
  const request: PathRequest = {
    from: group.version,
    to,
    modelType: group.models.find(({ isController }) => isController)?.type ?? group.models[0]?.type ?? "iaas",
    known: index.versions,
    isListed: (version, family) => isListed({ index, platforms }, version, family),
    isAvoided: (version) =>
      reasonsAgainst(targetContext(group, version), version).some(({ weight }) => weight === "avoid"),
    mayMigrateFrom: (version) => sourceUpgradeFor(version, ubuntu) === undefined,
  };
  const path = planUpgradePath(request, knowledge);
  if (path.outcome === "path") return path;
  const blocking = knowledge.advice.filter(({ severity }) => severity === "block");
  const isFreeWithout =
    blocking.length > 0 && planUpgradePath(request, { ...knowledge, advice: [] }).outcome === "path";
  return isFreeWithout ? { outcome: "none", reason: describeBlocks(blocking) } : path;
}

function describeBlocks(blocking: readonly Advice[]): string {
  const reasons = blocking.map(
    ({ from, to, reason, link, origin }) =>
      `${from} → ${to}: ${reason}${link === undefined ? "" : ` (${link})`}${origin === undefined ? "" : ` [${origin}]`}`,
  );
  return `Advice blocks the upgrade path: ${reasons.join("; ")}`;
}

function walk(group: PlanGroup, hops: readonly Hop[], context: PlanContext): PlanHop[] {
  const planned: PlanHop[] = [];
  const seen = new Set<string>();
  let now = group;
  for (const hop of hops) {
    const late = hop.kind === "migrate" ? findLate(now, parseVersion(hop.to), context.knowledge) : [];
    if (late.length > 0) {
      planned.push(catchUpHop({ group: now, seen }, late, context));
      now = {
        ...now,
        models: now.models.map((model) => (late.includes(model) ? atVersion(model, now.version) : model)),
      };
    }
    planned.push(withReason(hopOf({ group: now, seen }, hop, context), hop, ubuntuOf(now)));
    now = after(now, hop);
  }
  const behind = now.models.filter(({ version }) => compareVersions(version, now.version) < 0);
  if (behind.length > 0) planned.push(catchUpHop({ group: now, seen }, behind, context));
  return planned;
}

/** Adds to an upgrade before a migration the obstacle that it removes. */
function withReason(planned: PlanHop, hop: Hop, ubuntu: readonly string[]): PlanHop {
  if (hop.kind === "migrate") return planned;
  const lifts = sourceUpgradeFor(parseVersion(hop.from), ubuntu);
  if (lifts === undefined || compareVersions(parseVersion(hop.to), parseVersion(lifts.minimum)) < 0)
    return planned;
  return { ...planned, because: `${planned.because} ${lifts.because}` };
}

/** Models that have to follow their controller before they may migrate. */
function findLate(group: PlanGroup, to: JujuVersion, knowledge: Knowledge): PlannedModel[] {
  return group.models.filter(
    ({ version, isController }) =>
      !isController &&
      compareVersions(version, group.version) < 0 &&
      edgeBetween(version, to, knowledge) === undefined,
  );
}

function after(group: PlanGroup, hop: Hop): PlanGroup {
  const version = parseVersion(hop.to);
  const isNew = hop.kind === "migrate" && group.controller !== undefined;
  const { clientName, ...rest } = group;
  return {
    ...rest,
    ...(clientName === undefined || isNew ? {} : { clientName }),
    ...(isNew ? newController(group, hop.to) : {}),
    version,
    mongoVersion: hop.kind === "migrate" ? undefined : group.mongoVersion,
    facts: hop.kind === "migrate" ? undefined : group.facts,
    models: group.models.map((model) => atVersion(model, version)),
  };
}

/** The model after the upgrade to that version: the versions in its files are then out of date. */
function atVersion(model: PlannedModel, version: JujuVersion): PlannedModel {
  const { facts } = model;
  if (facts === undefined) return { ...model, version };
  const text = formatVersion(version);
  // An agent that never reported a version will not report one then.
  const atText = <A extends { readonly version: string | undefined }>(agent: A): A =>
    agent.version === undefined ? agent : { ...agent, version: text };
  const machines = facts.machines?.map(atText);
  const units = facts.units?.map(atText);
  return { ...model, version, facts: { ...facts, version: text, machines, units } };
}

/** `prod`, then `prod-3.6.27`, then `prod-4.0.15`. */
function newController(group: PlanGroup, version: string): Pick<PlanGroup, "controller" | "family"> {
  const family = group.family ?? group.controller ?? "";
  return { controller: `${family}-${version}`, family };
}
