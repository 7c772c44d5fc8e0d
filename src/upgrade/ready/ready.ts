import type { Knowledge } from "../../juju/knowledge/knowledge.ts";
import type { Snapshot } from "../../mirror/snapshot.ts";
import type { PlanAgent, PlanDocument, PlanHop } from "../plan/plan-document.ts";
import { type AgentLook, type LookedAgents, agentKey, lookAtAgents, agentChecks } from "./agent-checks.ts";
import { lookItems, planChecks } from "./plan-checks.ts";
import type { LookItem, ReadyCheck, ReadyDocument, ReadyRow } from "./ready-document.ts";
import { formatAgentName } from "../../juju/agent.ts";
import { JamError } from "../../shared/errors.ts";
import { nearest } from "../../shared/nearest.ts";
import { printable } from "../../shared/printable.ts";
import { formatCount } from "../../shared/listed.ts";
import { covers } from "../../juju/upgrade-edge.ts";
import { parseVersion } from "../../juju/version.ts";

/** `ready`: every check is ok. `not-ready`: a check failed. `not-known`: none failed, and one could not be decided. */
export type Verdict = ReadyDocument["verdict"];

/** What readiness is checked with. */
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
    { checks: [...agentChecks(plan, looked, input), ...planChecks(plan, knowledge)], look: lookItems(plan) },
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

/** The rows of one hop, models first. */
export function rowsOf(hop: PlanHop, number: number, looked: LookedAgents, knowledge: Knowledge): ReadyRow[] {
  const [from, to] = [parseVersion(hop.from), parseVersion(hop.to)];
  const block = knowledge.advice.find((one) => one.severity === "block" && covers(one, from, to));
  const head = { hop: number, controller: hop.controller ?? null, from: hop.from, to: hop.to };
  const row = (model: string | null, arch: string, agents: readonly PlanAgent[]): ReadyRow => {
    const bad = agents.flatMap((agent) => {
      const found = looked.get(agentKey(agent));
      return found === undefined || found.ready ? [] : [found];
    });
    const reasons = bad.map(({ agent, reason }) => `${agent} ${reason ?? ""}`.trim());
    if (block !== undefined) reasons.unshift(`advice blocks this hop: ${block.reason}`);
    const held = `${formatCount(agents.length, "agent")} held`;
    return {
      ...head,
      model,
      arch,
      ready: reasons.length === 0,
      reason: reasons.length === 0 ? held : reasons.join("; "),
      missing: bad.map(({ agent }) => agent),
    };
  };
  const needed = new Set(hop.models.flatMap(({ needs }) => needs));
  const rest = hop.agents.filter((agent) => !needed.has(formatAgentName(agent)));
  return [
    ...hop.models.flatMap(({ name, needs }) => {
      const own = hop.agents.filter((agent) => needs.includes(formatAgentName(agent)));
      return [...Map.groupBy(own, ({ arch }) => arch)].map(([arch, agents]) => row(name, arch, agents));
    }),
    ...[...Map.groupBy(rest, ({ arch }) => arch)].map(([arch, agents]) => row(null, arch, agents)),
  ];
}

interface Confirmable {
  readonly checks: readonly ReadyCheck[];
  readonly look: readonly LookItem[];
}

/**
 * Marks what a person has checked: an unknown check becomes ok, a failed one stays failed.
 * @throws JamError JAM_USAGE_INVALID for an unknown name
 */
export function confirmAll(
  { checks, look }: Confirmable,
  { ids, at }: { readonly ids: readonly string[]; readonly at: Date },
): Confirmable {
  const names = [...checks, ...look].map(({ id }) => id);
  for (const id of ids) if (!names.includes(id)) throw unknownCheck(id, names);
  const confirmedAt = at.toISOString();
  return {
    checks: checks.map((check): ReadyCheck => {
      if (!ids.includes(check.id)) return check;
      const status = check.status === "unknown" ? "ok" : check.status;
      return { ...check, status, confirmedAt };
    }),
    look: look.map((item) => (ids.includes(item.id) ? { ...item, confirmedAt } : item)),
  };
}

function unknownCheck(id: string, names: readonly string[]): JamError {
  const near = nearest(id, names);
  return new JamError("JAM_USAGE_INVALID", `--confirm: there is no check ${printable(id, 60)}.`, {
    hint: near === undefined ? `The checks are ${[...new Set(names)].join(", ")}.` : `Did you mean ${near}?`,
    details: { flag: "--confirm", value: id },
  });
}
