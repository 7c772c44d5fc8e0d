import type { Sha256 } from "../shared/sha256.ts";
import type { DocumentStore } from "../store/store.ts";
import { stateDocument } from "./state-document.ts";

/** The agents that plans asked for; a later sync keeps them in addition to what the rules want. */
export interface KeptPlans {
  /** Names of agents. */
  readonly agents: readonly string[];
  /** Streams that list them. */
  readonly streams: readonly string[];
}

/** What a run for an upgrade plan, for a fleet or for agents that somebody named fetches, and nothing else. */
export interface PlanWishes {
  /** Who wants them, for messages. */
  readonly by: "plan" | "fleet" | "name";
  /** Names of agents, with the content that was known when the plan was made; null where none was. */
  readonly agents: ReadonlyMap<string, Sha256 | null>;
  /** Streams that list them. */
  readonly streams: readonly string[];
}

const note = stateDocument<KeptPlans>({
  name: "kept-plans.json",
  format: "jam-kept-plans:1",
  schema: (zod) => zod.object({ agents: zod.array(zod.string()), streams: zod.array(zod.string()) }),
  damage: "absent",
});

export const NO_KEPT_PLANS: KeptPlans = { agents: [], streams: [] };

/** What earlier plans asked for; nothing when none did, or when the note is damaged. */
export async function readKeptPlans(documents: Pick<DocumentStore, "get">): Promise<KeptPlans> {
  return (await note.read(documents)) ?? NO_KEPT_PLANS;
}

/** Replaces what is kept for plans, durably. */
export async function writeKeptPlans(
  documents: Pick<DocumentStore, "put">,
  { agents, streams }: KeptPlans,
): Promise<void> {
  await note.write(documents, { agents, streams });
}

/** Both, each name once. */
export function joinKeptPlans(one: KeptPlans, other: KeptPlans): KeptPlans {
  return {
    agents: [...new Set([...one.agents, ...other.agents])],
    streams: [...new Set([...one.streams, ...other.streams])],
  };
}
