import { formatAgentName, type Agent } from "../juju/agent.ts";
import type { ChannelView } from "../mirror/channel-view.ts";
import {
  createFetchHint,
  isMeant,
  listedTest,
  newestOf,
  type FetchHint,
  type FetchView,
} from "./fetch-hint.ts";

/** A channel that a question is about, and how agents get there that it does not list. */
export interface ChannelAdvice {
  readonly view: ChannelView;
  readonly hint: FetchHint;
}

/** The channel that a question is about; undefined for the mirror. */
export function channelAdviceOf(view: HintView): ChannelAdvice | undefined {
  return view.channel === undefined ? undefined : { view: view.channel, hint: createHint(view) };
}

/**
 * How to get agents to a channel, one sentence or two for each version. What is not for a reader of channels is left to the
 * hint of the mirror.
 */
export function adviseInChannel(
  { hint }: ChannelAdvice,
  agents: readonly {
    readonly version: string;
    readonly arch: string;
    readonly stream?: string | undefined;
  }[],
): string[] {
  return [...Map.groupBy(agents, ({ version }) => version)].map(([version, own]) =>
    hint({ versions: version, arches: [...new Set(own.map(({ arch }) => arch))], stream: own[0]?.stream }),
  );
}

/** What a hint is based on, in a channel or in the mirror. */
export interface HintView extends FetchView {
  /** Left out for the mirror. */
  readonly channel?: ChannelView | undefined;
}

/**
 * How to get agents to where they are missing. Agents that a channel does not list and the mirror holds are promoted; a sync
 * or a bundle is of use only for those that the mirror does not hold.
 */
export function createHint({ channel, ...view }: HintView): FetchHint {
  if (channel === undefined) return createFetchHint(view);
  const inMirror = createFetchHint({ ...view, held: channel.mirror });
  const here = new Set(view.held.map(formatAgentName));
  return (wanted) => {
    const { versions, arches = [] } = wanted;
    const isIn = wanted.stream === undefined && wanted.family === undefined ? () => true : listedTest(wanted);
    const isWanted = (agent: Agent) => isMeant(agent.version, versions) && isIn(agent);
    const meant = channel.available.filter(
      (agent) =>
        isWanted(agent) &&
        (arches.length === 0 || arches.includes(agent.arch)) &&
        !here.has(formatAgentName(agent)),
    );
    const target = newestOf(meant.map(({ version }) => version));
    const agents = meant.filter(({ version }) => version === target);
    const found = new Set(
      [...agents, ...view.held.filter((agent) => agent.version === target && isIn(agent))].map(
        ({ arch }) => arch,
      ),
    );
    const rest = arches.filter((arch) => !found.has(arch));
    const parts: string[] = [];
    if (agents.length > 0) parts.push(channel.howToPromote(agents));
    if (target === undefined || rest.length > 0) {
      const missing = target === undefined ? wanted : { ...wanted, versions: target, arches: rest };
      if (!channel.isCarried) parts.push(inMirror(missing));
      parts.push(channel.afterSync(target ?? versions));
    }
    return parts.join(" ");
  };
}
