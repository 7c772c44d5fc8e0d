import { formatAgentName, sumTarballBytes } from "../../juju/agent.ts";
import { type JujuVersion, isPrerelease, parseVersion } from "../../juju/version.ts";
import { JamError } from "../../shared/errors.ts";
import type { Fleet, FleetUnread } from "../fleet/fleet.ts";
import { type PlanGroup, anonymousGroup, groupsOf } from "./group.ts";
import { unknownBases } from "./hop-details.ts";
import { fleetGaps, notNamedBy, notWellIn } from "./fleet-remarks.ts";
import {
  PLAN_FORMAT,
  type PlanAgent,
  type PlanController,
  type PlanDocument,
  type PlanHop,
} from "./plan-document.ts";
import { planGroup } from "./plan-group.ts";
import type { PlanContext } from "./plan-hop.ts";
import { type Target, bestOf, chooseTarget, completeVersions, remarksOn, unknownRelease } from "./target.ts";
import type { Knowledge } from "../../juju/knowledge/knowledge.ts";
import type { MirrorUrl } from "../../juju/mirror-url.ts";
import type { SelectionRules } from "../../juju/select-rule.ts";
import { adviseInChannel, type ChannelAdvice } from "../channel-hint.ts";
import type { UsableAgents } from "../known-agents.ts";
import { createAgentIndex } from "./agent-needs.ts";
import { type PlanRequest, assumedPlatformsOf } from "./parameters.ts";

/** What a plan is made from. */
export interface PlanSources {
  /** Undefined for a plan from a version. */
  readonly fleet: Fleet | undefined;
  readonly known: Pick<UsableAgents, "held" | "upstream">;
  readonly knowledge: Knowledge;
  /** Rules of the mirror, for the architectures to assume. */
  readonly select: SelectionRules["select"];
  /** This mirror as controllers see it. */
  readonly mirror: MirrorUrl;
  readonly now: Date;
  /** For a plan with the agents of a channel. */
  readonly channel?: ChannelAdvice | undefined;
}

/**
 * The plan from a version, or for a fleet: what `jam plan -o json` prints and `/api/v1/plan` answers.
 * @throws JamError JAM_FLEET_INVALID for a fleet without a controller, JAM_AGENT_NOT_FOUND, JAM_PLAN_IMPOSSIBLE
 */
export function planFrom(request: PlanRequest, sources: PlanSources): PlanDocument {
  const { fleet, known, knowledge, select, mirror, now } = sources;
  const { target, stream, streams, clients } = request;
  const assumed = assumedPlatformsOf(request.platforms, select, [...known.held, ...known.upstream]);
  const unplaced: string[] = [];
  const groups: readonly PlanGroup[] =
    request.from === undefined
      ? groupsOf(requireFleet(fleet), assumed, unplaced)
      : [anonymousGroup(request.from, request.modelType, assumed)];
  const warnings = [...(fleet?.notes ?? []), ...unplaced];
  const gaps = fleet === undefined ? { unread: [], unknown: [] } : fleetGaps(fleet);
  if (groups.length === 0) throw noControllers(warnings);
  const plan = makePlan(
    {
      groups,
      target,
      stream,
      streams,
      createdAt: now,
      warnings,
      unread: gaps.unread,
      unknown: [...unplaced, ...gaps.unknown],
      notWell: fleet === undefined ? [] : notWellIn(fleet),
    },
    { index: createAgentIndex({ ...known, streams }), knowledge, clients, url: mirror.url },
  );
  const isNamed = mirror.isLoopback && JSON.stringify(plan.hops).includes(mirror.url);
  return withGap(
    isNamed ? { ...plan, warnings: [loopbackNote(mirror), ...plan.warnings] } : plan,
    sources.channel,
  );
}

/** What the channel of a plan does not list. What the mirror holds need not be fetched for it. */
function withGap(plan: PlanDocument, channel: ChannelAdvice | undefined): PlanDocument {
  if (channel === undefined) return plan;
  const away = plan.agents.filter(({ state }) => state !== "held");
  const near = new Set<string>(channel.view.mirror.map(({ sha256 }) => sha256));
  const toFetch = away.flatMap(({ sha256, size }) =>
    sha256 === null || size === null || near.has(sha256) ? [] : [{ sha256, size }],
  );
  const stream = plan.stream;
  const next = adviseInChannel(
    channel,
    away.map(({ version, arch }) => ({ version, arch, stream })),
  );
  return {
    ...plan,
    totals: { ...plan.totals, bytesToFetch: sumTarballBytes(toFetch) },
    channel: { name: channel.view.name, agents: away.length, next },
  };
}

function requireFleet(fleet: Fleet | undefined): Fleet {
  if (fleet !== undefined) return fleet;
  throw new JamError("JAM_INTERNAL", "A plan needs a version or a fleet to start from.");
}

function loopbackNote({ url }: MirrorUrl): string {
  return `The commands contain ${url} as the address of this mirror, which no controller can reach: give --url http://ADDRESS:8080/tools, or set server.listen.`;
}

function noControllers(warnings: readonly string[]): JamError {
  return new JamError(
    "JAM_FLEET_INVALID",
    "No plan can be made: the files do not contain a controller with its version.",
    {
      lines: warnings,
      hint: "Add the output of juju models --format json or juju show-controller --format json for each controller.",
    },
  );
}

/** The groups to plan, and what is known of their fleet. */
export interface PlanInput {
  readonly groups: readonly PlanGroup[];
  /** Undefined: the newest patch of the minor that each controller runs. */
  readonly target: Target | undefined;
  readonly stream: string;
  /** Streams that Juju searches for it. */
  readonly streams: readonly string[];
  readonly createdAt: Date;
  /** Warnings from reading the fleet. */
  readonly warnings: readonly string[];
  /** What of the fleet's files could not be read or placed. */
  readonly unread?: readonly FleetUnread[];
  /** What the fleet's files do not contain. */
  readonly unknown?: readonly string[];
  /** Parts of the fleet with a problem. */
  readonly notWell?: readonly string[];
}

/**
 * The hops, agents, checks and commands for every group. A group without an upgrade path is listed with the reason.
 * @throws JamError JAM_AGENT_NOT_FOUND for an unknown target; JAM_PLAN_IMPOSSIBLE if the only group has no upgrade path
 */
export function makePlan(input: PlanInput, context: PlanContext): PlanDocument {
  const warnings = new Set(input.warnings);
  const controllers: PlanController[] = [];
  const hops: PlanHop[] = [];
  const running: PlanAgent[] = [];
  for (const group of input.groups) {
    const to = targetOf(group, input.target, context, warnings);
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
    createdAt: input.createdAt.toISOString(),
    stream: input.stream,
    streams: [...input.streams],
    mirrorUrl: context.url,
    controllers,
    hops,
    agents,
    images,
    warnings: [...warnings, ...notWellWarning(input, hops), ...missingWarnings(agents)],
    unread: [...(input.unread ?? [])],
    unknown: [...(input.unknown ?? [])],
    notWell: [...(input.notWell ?? [])],
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
  // Machines on a platform without agents of the target have to be removed first; a check of the hop reports them.
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
  return new JamError("JAM_PLAN_IMPOSSIBLE", reason ?? `There is no upgrade path from ${from} to ${to}.`, {
    hint: "`jam graph --from " + from + " --upstream` shows the possible upgrades of a version.",
    details: { from, to },
  });
}

const RANK = { target: 0, client: 1, running: 2 } as const;

/** Every agent once; the purpose `target` takes precedence over `running`. */
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

/** A warning about problems that no check of a hop names, because Juju ignores them. */
function notWellWarning({ notWell = [] }: PlanInput, hops: readonly PlanHop[]): string[] {
  const found = hops.flatMap(({ checks }) => checks.filter(({ state }) => state === "found"));
  const open = notNamedBy(
    notWell,
    found.flatMap(({ where }) => where),
  );
  if (open.length === 0) return [];
  const more = open.length > MAX_NAMED ? ` and ${open.length - MAX_NAMED} more` : "";
  return [
    `These have a problem; an agent that does not work stays on its version: ${open.slice(0, MAX_NAMED).join(", ")}${more}. \`jam upgraded FILE\` lists what to try.`,
  ];
}

function missingWarnings(agents: readonly PlanAgent[]): string[] {
  const warnings: string[] = [];
  const missing = agents.filter(({ state }) => state === "missing");
  const needed = missing.filter(({ purpose }) => purpose !== "running");
  if (needed.length > 0) {
    warnings.push(`The upgrade needs ${namesOf(needed)}, which neither this mirror nor upstream has.`);
  }
  const running = missing.filter(({ purpose }) => purpose === "running");
  if (running.length > 0) {
    warnings.push(
      `${namesOf(running)}: these agents run now, but neither this mirror nor upstream has them; until the upgrade, new machines start only if the controller has them in its own store.`,
    );
  }
  const tagged = new Set(
    agents.filter(({ version }) => isPrerelease(parseVersion(version))).map(({ version }) => version),
  );
  if (tagged.size > 0) warnings.push(`${[...tagged].join(", ")}: the plan includes a pre-release.`);
  return warnings;
}

function namesOf(agents: readonly PlanAgent[]): string {
  const names = agents.map(formatAgentName);
  return names.length > 6 ? `${names.slice(0, 6).join(", ")} and ${names.length - 6} more` : names.join(", ");
}
