import type { Knowledge } from "../../juju/knowledge/knowledge.ts";
import type { KnownAgents } from "../known-agents.ts";
import { createShelves, type AgentShelves } from "./agent-shelf.ts";

/** All that answers rest on beside the question. */
export interface WhichWorld {
  /** What this mirror lists. */
  readonly held: AgentShelves;
  /** What upstream listed at the last sync; undefined where that is not known. */
  readonly upstream: AgentShelves | undefined;
  readonly knowledge: Knowledge;
}

/** The world of one moment. Making it costs little: agents are sorted when a question needs them. */
export function createWorld(
  { held, upstream }: Pick<KnownAgents, "held" | "upstream">,
  knowledge: Knowledge,
): WhichWorld {
  return {
    held: createShelves(held),
    upstream: upstream === undefined ? undefined : createShelves(upstream),
    knowledge,
  };
}
