import { formatAgentName, type Agent } from "../juju/agent.ts";
import { selectAgents, type Verdict } from "../juju/select.ts";
import type { SelectionRules } from "../juju/selection-rules.ts";
import type { KeptPlans, PlanWishes } from "../mirror/kept-plans.ts";
import type { FailedItem } from "../mirror/run-report.ts";

export interface JudgeInput {
  /** What upstream lists. */
  readonly agents: readonly Agent[];
  /** What the mirror lists now. */
  readonly listed: readonly Agent[];
  readonly rules: SelectionRules;
  /** What earlier plans asked for. */
  readonly kept: KeptPlans;
  /** Present in a run for a plan. */
  readonly wishes: PlanWishes | undefined;
}

/**
 * A verdict on every agent. Usually the rules decide, and what plans asked for stays. A run for a plan takes what the
 * plan names beside what is listed, whatever the rules say; what `deny` names it does not fetch.
 */
export function judgeAgents({ agents, listed, rules, kept, wishes }: JudgeInput): Verdict[] {
  const verdicts = selectAgents(agents, rules);
  if (wishes !== undefined) {
    const names = new Set(listed.map(formatAgentName));
    return verdicts.map((verdict) => judgeForPlan(verdict, names, wishes));
  }
  if (kept.agents.length === 0) return verdicts;
  const names = new Set(kept.agents);
  return verdicts.map((verdict) =>
    verdict.taken || verdict.denied || !names.has(formatAgentName(verdict.agent))
      ? verdict
      : {
          ...verdict,
          taken: true,
          reason: "an upgrade plan asked for it (jam sync --forget-plans lets it go)",
        },
  );
}

function judgeForPlan(verdict: Verdict, listed: ReadonlySet<string>, { agents }: PlanWishes): Verdict {
  const name = formatAgentName(verdict.agent);
  if (listed.has(name)) return { ...verdict, taken: true, denied: false, reason: "listed already" };
  if (!agents.has(name)) return { ...verdict, taken: false, reason: "the plan does not name it" };
  if (verdict.denied || isOther(verdict.agent, agents)) return { ...verdict, taken: false };
  return { ...verdict, taken: true, reason: "the plan names it" };
}

function isOther(agent: Agent, wishes: PlanWishes["agents"]): boolean {
  const seen = wishes.get(formatAgentName(agent)) ?? null;
  return seen !== null && seen !== agent.sha256;
}

/** What a plan asks for and cannot get, each with the reason. */
export function unfulfilled(wishes: PlanWishes, verdicts: readonly Verdict[]): FailedItem[] {
  const byName = new Map(verdicts.map((verdict) => [formatAgentName(verdict.agent), verdict]));
  return [...wishes.agents.keys()].flatMap((agent): FailedItem[] => {
    const verdict = byName.get(agent);
    if (verdict === undefined) {
      const message = `${agent} is in the plan, but upstream does not list it.`;
      return [{ agent, path: "", code: "JAM_AGENT_NOT_FOUND", message }];
    }
    const { path } = verdict.agent;
    if (isOther(verdict.agent, wishes.agents)) {
      const message = `${agent} is not what it was when the plan was made: its sha256 is now ${verdict.agent.sha256}. Make the plan again.`;
      return [{ agent, path, code: "JAM_METADATA_PATH_REUSED", message }];
    }
    if (verdict.taken) return [];
    const message = `${agent} is in the plan, but ${verdict.reason}.`;
    return [{ agent, path, code: "JAM_AGENT_NOT_FOUND", message }];
  });
}
