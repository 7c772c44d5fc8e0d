import type { PlanAgent, PlanDocument } from "../plan/plan-document.ts";
import { agentKey, agentName, type AgentReadiness, type LookedAgents } from "./agent-readiness.ts";
import type { ReadyCheck } from "./check.ts";

/** Agents of one check that are named; the rest is counted. */
const MAX_NAMED = 20;

const PURPOSES = [
  {
    purpose: "target",
    id: "target-agents",
    what: "what the upgrade needs",
  },
  {
    purpose: "client",
    id: "client-agents",
    what: "what the clients in use bootstrap",
  },
  {
    purpose: "running",
    id: "running-agents",
    what: "what runs today, which new machines and units ask for",
  },
] as const;

/** Whether this mirror can serve the agents of a plan, by what they are for. */
export function agentChecks(plan: PlanDocument, looked: LookedAgents, isDeep: boolean): ReadyCheck[] {
  return PURPOSES.flatMap(({ purpose, id, what }): ReadyCheck[] => {
    const agents = plan.agents.filter((agent) => agent.purpose === purpose);
    if (agents.length === 0) return [];
    const bad = agents.flatMap((agent) => {
      const found = looked.get(agentKey(agent));
      return found?.ready === true ? [] : [`${agentName(agent)} ${found?.reason ?? "not looked at"}`];
    });
    if (bad.length === 0) {
      const count = `${agents.length} ${agents.length === 1 ? "agent" : "agents"}`;
      return [
        {
          id,
          status: "ok",
          summary: `Held: ${what}.`,
          evidence: [count, hashedWhen(agents, looked, isDeep)],
          remedy: "",
        },
      ];
    }
    return [
      {
        id,
        status: "fail",
        summary: `${bad.length} of ${agents.length} cannot be served of ${what}.`,
        evidence:
          bad.length > MAX_NAMED ? [...bad.slice(0, MAX_NAMED), `and ${bad.length - MAX_NAMED} more`] : bad,
        remedy: remedyFor(agents, looked),
      },
    ];
  });
}

function hashedWhen(agents: readonly PlanAgent[], looked: LookedAgents, isDeep: boolean): string {
  if (isDeep) return "every tarball hashed just now";
  const times = agents.flatMap((agent) => looked.get(agentKey(agent))?.verifiedAt ?? []).sort();
  return `hashed on arrival, the oldest ${times[0]?.slice(0, 10) ?? "-"}; --deep hashes again`;
}

/** What upstream did not list cannot be fetched, so no sync helps. */
function remedyFor(agents: readonly PlanAgent[], looked: LookedAgents): string {
  const bad = agents.filter((agent) => looked.get(agentKey(agent))?.ready !== true);
  const isNowhere = (agent: PlanAgent) => agent.state === "missing" && isAbsent(looked.get(agentKey(agent)));
  const nowhere = bad.filter(isNowhere);
  const parts: string[] = [];
  if (nowhere.length < bad.length) {
    parts.push("Where upstream can be reached: jam sync --plan plan.json, then carry it over.");
  }
  if (nowhere.length > 0) {
    parts.push(
      `No upstream listed ${nowhere.map(agentName).slice(0, MAX_NAMED).join(", ")} when the plan was made: choose another version, or machines that have agents.`,
    );
  }
  return parts.join(" ");
}

function isAbsent(found: AgentReadiness | undefined): boolean {
  return found?.reason?.startsWith("not held") ?? true;
}
