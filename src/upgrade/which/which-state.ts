import type { Knowledge } from "../../juju/knowledge/knowledge.ts";
import { markOfKnown, readKnownAgents, type KnownAgents, type KnownReader } from "../known-agents.ts";
import { createFetchHint, type FetchHint, type FetchView } from "../fetch-hint.ts";
import { createShelves, type AgentShelves } from "./version-index.ts";

/** All that answers rest on beside the question. */
export interface WhichWorld {
  /** What this mirror lists. */
  readonly held: AgentShelves;
  /** What upstream listed at the last sync; undefined where that is not known. */
  readonly upstream: AgentShelves | undefined;
  readonly knowledge: Knowledge;
  /** How to get agents here. */
  readonly fetchHint: FetchHint;
}

/** What the settings of a mirror say about getting agents here. */
export type WorldSettings = Pick<FetchView, "rules" | "isOffline">;

const NO_SETTINGS: WorldSettings = { rules: { select: [], deny: [] }, isOffline: false };

/** The world of one moment. Making it costs little: agents are sorted when a question needs them. */
export function createWorld(
  { held, upstream }: Pick<KnownAgents, "held" | "upstream">,
  knowledge: Knowledge,
  settings = NO_SETTINGS,
): WhichWorld {
  return {
    fetchHint: createFetchHint({ held, upstream, ...settings }),
    held: createShelves(held),
    upstream: upstream === undefined ? undefined : createShelves(upstream),
    knowledge,
  };
}

/**
 * Reads the world of this moment from a store. While neither the published snapshot, nor what is remembered of upstream,
 * nor the advice changes, it gives the same world again, whose shelves are sorted already.
 * @param readAgents reads the agents of that store; a server does it where nobody has to wait for it
 */
export function createWorldReader(
  store: KnownReader,
  readKnowledge: () => Promise<Knowledge>,
  readAgents: () => Promise<KnownAgents> = () => readKnownAgents(store),
  settings = NO_SETTINGS,
): () => Promise<WhichWorld> {
  let last: { readonly state: string; readonly world: Promise<WhichWorld> } | undefined;
  return async () => {
    const knowledge = await readKnowledge();
    const state = `${await markOfKnown(store)} ${JSON.stringify(knowledge.advice)}`;
    if (last?.state === state) return last.world;
    const world = readAgents().then((known) => createWorld(known, knowledge, settings));
    last = { state, world };
    world.catch(() => {
      if (last?.world === world) last = undefined;
    });
    return world;
  };
}
