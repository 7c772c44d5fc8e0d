import type { ChannelViewReader } from "../../mirror/channel-view.ts";
import type { Knowledge } from "../../juju/knowledge/knowledge.ts";
import { markOfKnown, readKnownAgents, type KnownAgents, type KnownReader } from "../known-agents.ts";
import { createHint, type HintView } from "../channel-hint.ts";
import type { FetchHint } from "../fetch-hint.ts";
import { createIndexes, type VersionIndexes } from "./version-index.ts";

/** All that answers depend on in addition to the question. */
export interface WhichState {
  /** What this mirror lists. */
  readonly held: VersionIndexes;
  /** What upstream listed at the last sync; undefined where that is not known. */
  readonly upstream: VersionIndexes | undefined;
  readonly knowledge: Knowledge;
  /** How to get agents here. */
  readonly fetchHint: FetchHint;
}

/** The settings of a mirror that decide how to get agents here. */
export type StateSettings = Pick<HintView, "rules" | "isOffline" | "channel">;

const NO_SETTINGS: Pick<StateSettings, "rules" | "isOffline"> = {
  rules: { select: [], deny: [] },
  isOffline: false,
};

/** The state of one moment. Making it costs little: agents are indexed when a question needs them. */
export function createState(
  { held, shown = held, upstream }: Pick<KnownAgents, "held" | "shown" | "upstream">,
  knowledge: Knowledge,
  settings: StateSettings = NO_SETTINGS,
): WhichState {
  return {
    fetchHint: createHint({ held, upstream, ...settings }),
    held: createIndexes(shown),
    upstream: upstream === undefined ? undefined : createIndexes(upstream),
    knowledge,
  };
}

/**
 * Reads the state of this moment from a store. While neither the published snapshot, nor what is remembered of upstream,
 * nor the advice changes, it returns the same state again, whose indexes are built already.
 * @param readAgents reads the agents of that store; a server does it in a thread, so that no request waits for it
 */
export function createStateReader(
  store: KnownReader,
  readKnowledge: () => Promise<Knowledge>,
  readAgents: () => Promise<KnownAgents> = () => readKnownAgents(store),
  settings: Omit<StateSettings, "channel"> & {
    readonly channel?: ChannelViewReader | undefined;
  } = NO_SETTINGS,
): () => Promise<WhichState> {
  let last: { readonly mark: string; readonly state: Promise<WhichState> } | undefined;
  return async () => {
    const knowledge = await readKnowledge();
    const { channel, ...rules } = settings;
    const mark = `${await markOfKnown(store)} ${(await channel?.mark()) ?? ""} ${JSON.stringify(knowledge.advice)}`;
    if (last?.mark === mark) return last.state;
    const state = readAgents().then(async (known) =>
      createState(known, knowledge, { ...rules, channel: await channel?.read() }),
    );
    last = { mark, state };
    state.catch(() => {
      if (last?.state === state) last = undefined;
    });
    return state;
  };
}
