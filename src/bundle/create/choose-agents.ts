import { formatAgentName, type Agent } from "../../juju/agent.ts";
import { compileRule, describeRule, type SelectRule } from "../../juju/select-rule.ts";
import { selectAgents } from "../../juju/select.ts";
import { compareVersions, parseVersion } from "../../juju/version.ts";
import type { PlanWishes } from "../../mirror/kept-plans.ts";
import type { BundleScope, MissingAgent } from "../format/manifest.ts";

/** The agents of a snapshot that a bundle is to contain. */
export interface AgentChoice {
  /** Only what this rule selects. */
  readonly rule?: SelectRule;
  /** Only what an upgrade plan names. */
  readonly plan?: { readonly name: string; readonly wishes: Pick<PlanWishes, "agents"> };
  /** Only what a fleet can still need: architectures in use, and versions not below the lowest in use. */
  readonly fleet?: readonly { readonly version: string; readonly arch: string }[];
}

/** Agents that were chosen, and those that were requested but are missing. */
export interface ChosenAgents {
  readonly agents: readonly Agent[];
  readonly absent: readonly MissingAgent[];
  /** A selection adds to what the far side lists; a whole mirror replaces it. */
  readonly scope: BundleScope;
  /** For people. */
  readonly description: string;
}

/**
 * The requested agents of a snapshot; without a request, all of them.
 * @throws JamError JAM_VERSION_INVALID
 */
export function chooseAgents(listed: readonly Agent[], choice: AgentChoice, channel?: string): ChosenAgents {
  const { rule, plan, fleet } = choice;
  const parts: string[] = [];
  let agents = listed;
  if (plan !== undefined) {
    agents = agents.filter((agent) => isMeant(agent, plan.wishes));
    parts.push(`what ${plan.name} needs`);
  }
  if (rule !== undefined) {
    agents = selectAgents(agents, { select: [rule], deny: [] }).flatMap(({ agent, taken }) =>
      taken ? [agent] : [],
    );
    parts.push(describeRule(compileRule(rule, 0)));
  }
  if (fleet !== undefined) {
    agents = agents.filter(fleetTest(fleet));
    parts.push("what a fleet can still need");
  }
  const isWhole = parts.length === 0;
  return {
    agents,
    absent: plan === undefined ? [] : absentees(listed, plan.wishes, whereOf(channel)),
    scope: isWhole ? "mirror" : "selection",
    description: isWhole
      ? `everything that ${channel === undefined ? "the mirror" : whereOf(channel)} lists`
      : parts.join("; "),
  };
}

/** Only the tarball that the plan recorded: another one under the same name is not requested. */
function isMeant(agent: Agent, { agents }: Pick<PlanWishes, "agents">): boolean {
  const wanted = agents.get(formatAgentName(agent));
  return wanted !== undefined && (wanted === null || wanted === agent.sha256);
}

function whereOf(channel: string | undefined): string {
  return channel === undefined ? "this mirror" : `the channel ${channel}`;
}

function absentees(
  listed: readonly Agent[],
  wishes: Pick<PlanWishes, "agents">,
  where: string,
): MissingAgent[] {
  const byName = new Map(listed.map((agent) => [formatAgentName(agent), agent]));
  return [...wishes.agents].flatMap(([agent, sha256]) => {
    const held = byName.get(agent);
    if (held === undefined) return [{ agent, reason: `the plan names it, but ${where} does not list it` }];
    if (sha256 === null || held.sha256 === sha256) return [];
    return [{ agent, reason: "its tarball has changed since the plan was made; make the plan again" }];
  });
}

/** Juju never downgrades, so versions below the lowest one in use are not needed. */
function fleetTest(fleet: NonNullable<AgentChoice["fleet"]>): (agent: Agent) => boolean {
  const arches = new Set(fleet.map(({ arch }) => arch));
  const [lowest] = fleet.map(({ version }) => parseVersion(version)).sort(compareVersions);
  return ({ arch, version }) =>
    arches.has(arch) && (lowest === undefined || compareVersions(parseVersion(version), lowest) >= 0);
}
