import type { Knowledge } from "../../juju/knowledge/knowledge.ts";
import type { Snapshot } from "../../mirror/snapshot.ts";
import type { PlanDocument } from "../plan/plan-document.ts";
import { lookAtAgents, type AgentLook } from "./agent-readiness.ts";
import { agentChecks } from "./agent-checks.ts";
import { confirmAll, type ReadyCheck } from "./check.ts";
import { lookItems, planChecks } from "./plan-checks.ts";
import type { ReadyDocument } from "./ready-document.ts";
import { rowsOf } from "./rows.ts";

/** `ready`: every check is ok. `not-ready`: one failed. `not-known`: none failed, and one could not be decided. */
export type Verdict = ReadyDocument["verdict"];

/** What readiness is judged against. */
export interface ReadyInput extends Omit<AgentLook, "held"> {
  /** What the mirror shows. */
  readonly snapshot: Pick<Snapshot, "id" | "agents">;
  /** With the operator's advice; a `block` holds up a hop. */
  readonly knowledge: Knowledge;
  /** Checks that a person looked at. */
  readonly confirmed: readonly string[];
}

/**
 * Whether the fleet of a plan can be upgraded from this mirror: what `jam ready -o json` prints. Asks no network.
 * @throws JamError JAM_USAGE_INVALID when a confirmed check does not exist
 */
export async function judgeReadiness({ snapshot, ...input }: ReadyInput): Promise<ReadyDocument> {
  const { plan, knowledge, isDeep } = input;
  const looked = await lookAtAgents({ ...input, held: snapshot.agents });
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
    snapshot: snapshot.id,
    plannedAt: plan.createdAt,
    controllers: plan.controllers,
    unread: plan.unread,
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
