import { z } from "zod";
import type { Knowledge } from "../../juju/knowledge/knowledge.ts";
import { covers } from "../../juju/upgrade-edge.ts";
import { parseVersion } from "../../juju/version.ts";
import type { PlanAgent, PlanHop } from "../plan/plan-document.ts";
import { agentKey, agentName, type LookedAgents } from "./agent-readiness.ts";

/** One model on one architecture at one hop; without a model, what the hop needs in addition to its models. */
export const readyRow = z.object({
  hop: z.int().positive().describe("Position of the hop in the plan, from 1."),
  controller: z.string().nullable(),
  model: z.string().nullable().describe("Null for what the hop needs in addition to its models."),
  from: z.string(),
  to: z.string(),
  arch: z.string(),
  ready: z.boolean().describe("Whether its agents can be served and no advice blocks the hop."),
  reason: z.string(),
  missing: z.array(z.string()).readonly(),
});

export type ReadyRow = Readonly<z.infer<typeof readyRow>>;

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
    const held = `${agents.length} ${agents.length === 1 ? "agent" : "agents"} held`;
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
  const rest = hop.agents.filter((agent) => !needed.has(agentName(agent)));
  return [
    ...hop.models.flatMap(({ name, needs }) => {
      const own = hop.agents.filter((agent) => needs.includes(agentName(agent)));
      return [...Map.groupBy(own, ({ arch }) => arch)].map(([arch, agents]) => row(name, arch, agents));
    }),
    ...[...Map.groupBy(rest, ({ arch }) => arch)].map(([arch, agents]) => row(null, arch, agents)),
  ];
}
