import type { Sha256 } from "../shared/sha256.ts";
import type { SpaceNeed } from "../mirror/space.ts";
import type { Removal } from "../mirror/run-report.ts";
import { formatAgentName, sumTarballBytes, type Agent } from "../juju/agent.ts";
import { PathSpace } from "../juju/path-space.ts";

/** One tarball to fetch, however many agents name it. */
export interface FetchStep {
  readonly sha256: Sha256;
  /** Bytes. */
  readonly size: number;
  /** Upstream's path. */
  readonly path: string;
  /** Some other paths under which upstream lists the same content, for when the first one fails. */
  readonly otherPaths: readonly string[];
  /** Names of the agents in it, at least one. */
  readonly agents: readonly string[];
  /** The rule that wants it, for people. */
  readonly rule: string;
}

/** What a sync would do, decided before anything is done. The dry run prints it. */
export interface SyncPlan {
  /** The catalogue to publish when everything can be fetched. */
  readonly wanted: readonly Agent[];
  readonly fetch: readonly FetchStep[];
  readonly remove: readonly Removal[];
  /** Bytes to fetch. */
  readonly bytes: number;
}

/** An upstream agent and what the selection rules said about it. */
export interface Verdict {
  readonly agent: Agent;
  readonly taken: boolean;
  readonly denied: boolean;
  readonly reason: string;
}

export interface PlanInput {
  readonly verdicts: readonly Verdict[];
  /** What the mirror lists now. */
  readonly listed: readonly Agent[];
  /** True when upstream's documents for the agent's streams were read. */
  readonly isRead: (agent: Agent) => boolean;
  /** Whether a tarball is held whole. */
  readonly isHeld: (agent: Agent) => boolean;
  /** True where nothing that is listed is removed, even if upstream no longer lists it. Default false. */
  readonly keepsListed?: boolean;
  /** Whether the tarballs of what upstream no longer lists stay, for the reason that is given. Default false. */
  readonly keepsGone?: boolean;
  /** With several upstreams those that were used, for messages: others may list what these do not. */
  readonly lister?: { readonly upstreams: string };
}

/** Real content has one path, or one for each series. */
const MAX_OTHER_PATHS = 16;

/** The steps from what is held to what is wanted. Pure: the same input gives the same plan, in upstream's order. */
export function planSync(input: PlanInput): SyncPlan {
  const wanted: Agent[] = [];
  const steps = new Map<Sha256, FetchStep & { agents: string[]; otherPaths: string[] }>();
  for (const { agent, taken, reason } of input.verdicts) {
    if (!taken) continue;
    wanted.push(agent);
    const step = steps.get(agent.sha256);
    if (step !== undefined) {
      step.agents.push(formatAgentName(agent));
      if (step.otherPaths.length < MAX_OTHER_PATHS && ![step.path, ...step.otherPaths].includes(agent.path)) {
        step.otherPaths.push(agent.path);
      }
    } else if (!input.isHeld(agent)) {
      const { sha256, size, path } = agent;
      const agents = [formatAgentName(agent)];
      steps.set(sha256, { sha256, size, path, otherPaths: [], agents, rule: reason });
    }
  }
  const fetch = [...steps.values()];
  const bytes = fetch.reduce((sum, step) => sum + step.size, 0);
  if (input.keepsListed === true) {
    const evaluated = new Set(input.verdicts.map(({ agent }) => formatAgentName(agent)));
    const staying = input.listed.filter((agent) => !evaluated.has(formatAgentName(agent)));
    return { wanted: [...wanted, ...staying], fetch, remove: [], bytes };
  }
  return { wanted, fetch, remove: planRemovals(input), bytes };
}

function planRemovals(input: PlanInput): Removal[] {
  const verdicts = new Map(input.verdicts.map((verdict) => [formatAgentName(verdict.agent), verdict]));
  return input.listed.flatMap((agent): Removal[] => {
    const name = formatAgentName(agent);
    const verdict = verdicts.get(name);
    if (verdict === undefined && !input.isRead(agent)) {
      return [{ agent: name, reason: "no longer selected", detail: "no rule asks for its stream" }];
    }
    if (verdict === undefined) {
      const gone =
        input.lister === undefined
          ? "upstream no longer lists it"
          : `not listed by ${input.lister.upstreams}`;
      const detail = `${gone}${input.keepsGone === true ? "; its tarball is kept" : ""}`;
      return [{ agent: name, reason: "gone upstream", detail }];
    }
    if (verdict.taken) return [];
    return [
      { agent: name, reason: verdict.denied ? "denied" : "no longer selected", detail: verdict.reason },
    ];
  });
}

/**
 * The catalogue that can be published: everything wanted that is held (principle P1, closure). As long as
 * something wanted is missing, agents that only fell out of the selection stay, so that a failed fetch never
 * leaves a minor without any version; what is denied is removed in any case.
 */
export function publishableAgents(
  plan: SyncPlan,
  listed: readonly Agent[],
  isHeld: (agent: Agent) => boolean,
): Agent[] {
  const agents = plan.wanted.filter(isHeld);
  if (agents.length === plan.wanted.length) return agents;
  const names = new Set(agents.map(formatAgentName));
  const denied = new Set(
    plan.remove.filter((removal) => removal.reason === "denied").map(({ agent }) => agent),
  );
  const space = new PathSpace(agents.map(({ path }) => path));
  const staying = listed.filter((agent) => {
    const name = formatAgentName(agent);
    const stays = !names.has(name) && !denied.has(name) && isHeld(agent);
    return stays && space.take(agent.path) === undefined;
  });
  return [...agents, ...staying];
}

/** The need of a sync. */
export function spaceOf(plan: SyncPlan): SpaceNeed {
  return {
    what: "This sync",
    bytes: plan.bytes,
    total: sumTarballBytes(plan.wanted),
    hint: "Free some space, or narrow `select` in jam.yaml (jam sync --dry-run shows the plan).",
  };
}
