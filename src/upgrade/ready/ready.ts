import type { Knowledge } from "../../juju/knowledge/knowledge.ts";
import type { PlanDocument } from "../plan/plan-document.ts";
import { lookAtAgents, type AgentLook, type AgentReadiness } from "./agent-readiness.ts";
import { agentChecks } from "./agent-checks.ts";
import { confirmAll, type LookItem, type ReadyCheck } from "./check.ts";
import { lookItems, planChecks } from "./plan-checks.ts";
import { rowsOf, type ReadyRow } from "./rows.ts";

/** `ready`: every check is ok. `not-ready`: one failed. `not-known`: none failed, and one could not be decided. */
export type Verdict = "ready" | "not-ready" | "not-known";

/** What readiness is judged against. */
export interface ReadyInput extends AgentLook {
  /** With the operator's advice; a `block` holds up a hop. */
  readonly knowledge: Knowledge;
  /** Checks that a person looked at. */
  readonly confirmed: readonly string[];
}

export interface ReadyReport {
  readonly verdict: Verdict;
  readonly ready: boolean;
  readonly deep: boolean;
  /** Failed ones first, then unknown ones. */
  readonly checks: readonly ReadyCheck[];
  /** What no listing and no mirror can show: a person has to look. It does not count for the verdict. */
  readonly look: readonly LookItem[];
  readonly rows: readonly ReadyRow[];
  readonly agents: readonly AgentReadiness[];
  /** Names of agents that cannot be served. */
  readonly missing: readonly string[];
  /** Known risks that do not hold up the upgrade. */
  readonly warnings: readonly string[];
}

/**
 * Whether the fleet of a plan can be upgraded from this mirror. Asks no network.
 * @throws JamError JAM_USAGE_INVALID when a confirmed check does not exist
 */
export async function judgeReadiness(input: ReadyInput): Promise<ReadyReport> {
  const { plan, knowledge, isDeep } = input;
  const looked = await lookAtAgents(input);
  const rows = plan.hops.flatMap((hop, position) => rowsOf(hop, position + 1, looked, knowledge));
  const agents = [...looked.values()];
  const { checks, look } = confirmAll(
    { checks: [...agentChecks(plan, looked, isDeep), ...planChecks(plan, knowledge)], look: lookItems(plan) },
    { ids: input.confirmed, at: input.now() },
  );
  const verdict = verdictOf(checks);
  return {
    verdict,
    ready: verdict === "ready",
    deep: isDeep,
    checks: checks.toSorted((a, b) => ORDER[a.status] - ORDER[b.status]),
    look,
    rows,
    agents,
    missing: [...new Set(agents.filter(({ ready }) => !ready).map(({ agent }) => agent))],
    warnings: risksOf(plan),
  };
}

const ORDER = { fail: 0, unknown: 1, ok: 2 } as const;

function verdictOf(checks: readonly ReadyCheck[]): Verdict {
  if (checks.some(({ status }) => status === "fail")) return "not-ready";
  return checks.some(({ status }) => status === "unknown") ? "not-known" : "ready";
}

function risksOf({ hops }: PlanDocument): string[] {
  const risks = hops.flatMap(({ from, to, advice }) =>
    advice.filter(({ severity }) => severity !== "info").map(({ reason }) => `${from} → ${to}: ${reason}`),
  );
  return [...new Set(risks)];
}
