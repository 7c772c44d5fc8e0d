import { sumTarballBytes } from "../../juju/agent.ts";
import { isPrerelease, parseVersion, type JujuVersion } from "../../juju/version.ts";
import { JamError } from "../../shared/errors.ts";
import type { FleetUnread } from "../fleet/fleet.ts";
import type { PlanGroup } from "./group.ts";
import { unknownBases } from "./hop-images.ts";
import { notNamedBy } from "./not-well.ts";
import {
  PLAN_FORMAT,
  type PlanAgent,
  type PlanController,
  type PlanDocument,
  type PlanHop,
} from "./plan-document.ts";
import { planGroup } from "./plan-group.ts";
import type { PlanContext } from "./plan-hop.ts";
import { bestOf, remarksOn, unknownRelease } from "./preferred-target.ts";
import { chooseTarget, completeVersions, type Target } from "./target.ts";

/** What a plan is made for. */
export interface PlanRequest {
  readonly groups: readonly PlanGroup[];
  /** Undefined: the newest patch of the minor that each controller runs. */
  readonly target: Target | undefined;
  readonly stream: string;
  /** Streams that Juju searches for it. */
  readonly streams: readonly string[];
  readonly createdAt: Date;
  /** What is known to be unclear already. */
  readonly warnings: readonly string[];
  /** What of the fleet's files could not be read or placed. */
  readonly unread?: readonly FleetUnread[];
  /** What the fleet's files do not tell. */
  readonly unknown?: readonly string[];
  /** What of the fleet is not well. */
  readonly notWell?: readonly string[];
}

/**
 * The hops, agents, checks and commands for every group. A group without a way is listed with the reason.
 * @throws JamError JAM_AGENT_NOT_FOUND for an unknown target; JAM_PLAN_IMPOSSIBLE when the only group has no way
 */
export function makePlan(request: PlanRequest, context: PlanContext): PlanDocument {
  const warnings = new Set(request.warnings);
  const controllers: PlanController[] = [];
  const hops: PlanHop[] = [];
  const running: PlanAgent[] = [];
  for (const group of request.groups) {
    const to = targetOf(group, request.target, context, warnings);
    const plan = planGroup(group, to, context);
    if (plan.controller.outcome === "none" && group.controller === undefined) {
      throw impossible(plan.controller);
    }
    controllers.push(plan.controller);
    hops.push(...plan.hops);
    const bases = plan.hops.length === 0 ? undefined : unknownBases(group.models);
    if (bases !== undefined) warnings.add(bases);
    for (const version of [group.version, to]) {
      const remark = unknownRelease(version);
      if (remark !== undefined) warnings.add(remark);
    }
    running.push(...plan.running);
  }
  const agents = mergeAgents([...hops.flatMap((hop) => hop.agents), ...running]);
  const images = [...new Set(hops.flatMap((hop) => hop.images))].sort();
  return {
    format: PLAN_FORMAT,
    createdAt: request.createdAt.toISOString(),
    stream: request.stream,
    streams: [...request.streams],
    mirrorUrl: context.url,
    controllers,
    hops,
    agents,
    images,
    warnings: [...warnings, ...notWellWarning(request, hops), ...missingWarnings(agents)],
    unread: [...(request.unread ?? [])],
    unknown: [...(request.unknown ?? [])],
    notWell: [...(request.notWell ?? [])],
    totals: totalsOf(agents),
  };
}

function targetOf(
  group: PlanGroup,
  target: Target | undefined,
  context: PlanContext,
  warnings: Set<string>,
): JujuVersion {
  const { major, minor } = group.version;
  const platforms = group.models.flatMap((model) => model.platforms);
  const wish = target ?? { minor: { major, minor } };
  if (
    target === undefined &&
    !context.index.versions.some((one) => one.major === major && one.minor === minor)
  ) {
    return group.version;
  }
  // A machine on a platform that the target has no agents for must go first; the check of its hop says so.
  const wanted = { index: context.index, platforms: platforms.filter(({ os }) => os === "ubuntu") };
  const chosen = chooseTarget(wish, wanted);
  if (chosen.warning !== undefined) warnings.add(chosen.warning);
  const complete = completeVersions(chosen.version, wanted);
  if ("version" in wish || isPrerelease(chosen.version)) {
    for (const remark of remarksOn(group, chosen.version, complete)) warnings.add(remark);
    return chosen.version;
  }
  const best = bestOf(group, complete);
  for (const warning of best?.warnings ?? []) warnings.add(warning);
  return best?.version ?? chosen.version;
}

function impossible({ from, to, reason }: PlanController): JamError {
  return new JamError("JAM_PLAN_IMPOSSIBLE", reason ?? `No way leads from ${from} to ${to}.`, {
    hint: "`jam graph --from " + from + " --upstream` shows where a version can go.",
    details: { from, to },
  });
}

const RANK = { target: 0, client: 1, running: 2 } as const;

/** Every agent once; needed as a target counts more than running. */
function mergeAgents(all: readonly PlanAgent[]): PlanAgent[] {
  const agents = new Map<string, PlanAgent>();
  for (const agent of all) {
    const key = `${agent.version} ${agent.family} ${agent.release} ${agent.arch}`;
    const before = agents.get(key);
    if (before === undefined || RANK[agent.purpose] < RANK[before.purpose]) agents.set(key, agent);
  }
  return [...agents.values()];
}

function totalsOf(agents: readonly PlanAgent[]): PlanDocument["totals"] {
  const count = (state: PlanAgent["state"]) => agents.filter((agent) => agent.state === state).length;
  const known = agents.flatMap(({ sha256, size, state }) =>
    sha256 === null || size === null ? [] : [{ sha256, size, state }],
  );
  return {
    agents: agents.length,
    held: count("held"),
    upstream: count("upstream"),
    missing: count("missing"),
    bytes: sumTarballBytes(known),
    bytesToFetch: sumTarballBytes(known.filter(({ state }) => state === "upstream")),
  };
}

const MAX_NAMED = 6;

/** What no check of a hop names, as Juju would let it pass. */
function notWellWarning({ notWell = [] }: PlanRequest, hops: readonly PlanHop[]): string[] {
  const found = hops.flatMap(({ checks }) => checks.filter(({ state }) => state === "found"));
  const open = notNamedBy(
    notWell,
    found.flatMap(({ where }) => where),
  );
  if (open.length === 0) return [];
  const more = open.length > MAX_NAMED ? ` and ${open.length - MAX_NAMED} more` : "";
  return [
    `Not well, and an agent that does not work stays on its version: ${open.slice(0, MAX_NAMED).join(", ")}${more}. \`jam upgraded FILE\` names what to try.`,
  ];
}

function missingWarnings(agents: readonly PlanAgent[]): string[] {
  const warnings: string[] = [];
  const missing = agents.filter(({ state }) => state === "missing");
  const needed = missing.filter(({ purpose }) => purpose !== "running");
  if (needed.length > 0) {
    warnings.push(`Nobody has what the upgrade needs: ${namesOf(needed)} can neither be held nor fetched.`);
  }
  const running = missing.filter(({ purpose }) => purpose === "running");
  if (running.length > 0) {
    warnings.push(
      `${namesOf(running)}: what runs now is neither held nor listed upstream; until the upgrade, new machines only come up if the controller has it in its own store.`,
    );
  }
  const tagged = new Set(
    agents.filter(({ version }) => isPrerelease(parseVersion(version))).map(({ version }) => version),
  );
  if (tagged.size > 0) warnings.push(`${[...tagged].join(", ")}: a pre-release takes part.`);
  return warnings;
}

function namesOf(agents: readonly PlanAgent[]): string {
  const names = agents.map(({ version, release, arch }) => `${version}-${release}-${arch}`);
  return names.length > 6 ? `${names.slice(0, 6).join(", ")} and ${names.length - 6} more` : names.join(", ");
}
