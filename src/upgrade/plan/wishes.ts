import type { PlanWishes } from "../../mirror/kept-plans.ts";
import type { PlanDocument } from "./plan-document.ts";

/** What a plan asks a sync for. */
export interface WishesOfPlan {
  readonly wishes: PlanWishes;
  /** Running versions that were neither held nor listed when the plan was made: no upgrade waits for them. */
  readonly unobtainable: readonly string[];
}

/** The agents that a plan needs, by name, and the streams that list them. */
export function wishesOf({ agents, streams }: PlanDocument): WishesOfPlan {
  const named = agents.map((agent) => ({
    ...agent,
    name: `${agent.version}-${agent.release}-${agent.arch}`,
    isUnobtainable: agent.purpose === "running" && agent.state === "missing",
  }));
  return {
    wishes: {
      agents: new Map(
        named.filter(({ isUnobtainable }) => !isUnobtainable).map(({ name, sha256 }) => [name, sha256]),
      ),
      streams,
    },
    unobtainable: named.filter(({ isUnobtainable }) => isUnobtainable).map(({ name }) => name),
  };
}
