import { formatAgentName, type Agent } from "../juju/agent.ts";
import { selectAgents } from "../juju/select.ts";
import { pageReader, type ReadPage } from "../mirror/catalogue.ts";
import type { ChannelView } from "../mirror/channel-view.ts";
import { listShownAgents } from "../mirror/damaged-list.ts";
import { currentSnapshot } from "../mirror/read-snapshots.ts";
import { toJamError } from "../shared/errors.ts";
import { BUNDLE_FEEDER, MIRROR_REF } from "../shared/ref-name.ts";
import { shellCommand } from "../shared/shell-command.ts";
import { feedersOf, readChannels, type Channel } from "./channels.ts";
import { blocksOf, curate, type Block, type KeptBack } from "./curate.ts";
import type { ChannelReader } from "./list-channels.ts";
import { createDelay } from "./delay.ts";
import { readChannelState, type ChannelState } from "./move-channel.ts";
import type { ChannelWork } from "./work.ts";

/** One channel on the way from the mirror to the channel that is asked about. */
interface Stage {
  readonly channel: Channel;
  readonly state: ChannelState;
  /** What is on hold or withdrawn in it, or in a feeder of it. */
  readonly blocks: ReadonlyMap<string, Block>;
  readonly dueAt: ((agent: Agent) => Date | undefined) | undefined;
  /** Names of what its feeder lists. */
  readonly offered: ReadonlySet<string>;
}

type GapWork = Pick<ChannelWork, "settings" | "now"> & { readonly store: ChannelReader };

/**
 * What could come to a channel, and what it takes to bring it there.
 * @throws JamError JAM_STORE_…
 */
export async function readGap(work: GapWork, name: string): Promise<ChannelView> {
  const { store, settings } = work;
  const read = pageReader(store.documents);
  const mirror = await currentSnapshot(store, MIRROR_REF, { read });
  const listed = await listShownAgents(store.documents, mirror?.agents ?? []);
  const channels = await readChannels(store.documents, settings);
  const own = channels.get(name);
  if (own === undefined) return withoutWay({ name, listed }, notDefined(name));
  try {
    const stages = await readStages({ ...work, read }, [own, ...feedersOf(channels, own)], listed);
    const isCarried = stages.at(-1)?.channel.from === BUNDLE_FEEDER;
    const fed = stages.slice(1).flatMap(({ state }) => state.current?.agents ?? []);
    const available = [
      ...new Map(
        [...fed, ...(isCarried ? [] : listed)].map((agent) => [formatAgentName(agent), agent]),
      ).values(),
    ];
    return {
      name,
      isCarried,
      mirror: listed,
      available,
      howToPromote: (agents) => describeWay(agents, stages, work.now()),
      afterSync: (version) => describeRest(version, stages),
    };
  } catch (error) {
    // A question is answered all the same; only what brings the agents there is not known.
    return withoutWay(
      { name, listed },
      `What brings agents to the channel ${name} is not known: ${toJamError(error).message}`,
    );
  }
}

function withoutWay(
  { name, listed }: { readonly name: string; readonly listed: readonly Agent[] },
  why: string,
): ChannelView {
  return {
    name,
    isCarried: false,
    mirror: listed,
    available: listed,
    howToPromote: () => why,
    afterSync: () => why,
  };
}

function notDefined(name: string): string {
  return `The channel ${name} is not defined any longer, so nothing can be promoted to it: add it to \`channels\` in jam.yaml, or run \`${shellCommand`jam channel create ${name} --from mirror`}\`.`;
}

/** The channels, the one that is asked about first. */
async function readStages(
  work: GapWork & { readonly read: ReadPage },
  path: readonly Channel[],
  mirror: readonly Agent[],
): Promise<readonly Stage[]> {
  const states: ChannelState[] = [];
  for (const { name } of path) states.push(await readChannelState(work.store, name, work.read));
  return Promise.all(
    path.map(async (channel, index): Promise<Stage> => {
      const isLast = index === path.length - 1;
      const feed = channel.from === BUNDLE_FEEDER ? [] : mirror;
      const offered = isLast ? feed : (states[index + 1]?.current?.agents ?? []);
      return {
        channel,
        state: states[index] as ChannelState,
        blocks: blocksOf(states.slice(index)),
        dueAt: await createDelay(work, channel),
        offered: new Set(offered.map(formatAgentName)),
      };
    }),
  );
}

function describeWay(agents: readonly Agent[], stages: readonly Stage[], now: Date): string {
  const [first] = agents;
  if (first === undefined) return "";
  const names = agents.map(formatAgentName);
  const start = stages.findIndex(({ offered }) => names.some((name) => offered.has(name)));
  const way = stages.slice(0, start + 1).reverse();
  const at = way[0]?.channel.from;
  const arches = [...new Set(agents.map(({ arch }) => arch))].sort().join(", ");
  const where = at === MIRROR_REF ? "The mirror holds" : `The channel ${at ?? ""} lists`;
  const objections = objectionsTo(agents, way, now);
  const commands = way.map(({ channel }) => promotionOf(channel.name));
  if (objections.size === 0) return `${where} ${first.version} for ${arches}: run ${joined(commands)}.`;
  const cures = [...objections.values()].flatMap(({ cure }) => cure ?? []);
  return `${where} ${first.version} for ${arches}, but ${[...objections.keys()].join(" and ")}. To take it: ${joined([...cures, ...commands])}.`;
}

/** What keeps agents from the channels on the way, each reason once, with the command that ends it where there is one. */
function objectionsTo(
  agents: readonly Agent[],
  way: readonly Stage[],
  now: Date,
): ReadonlyMap<string, { readonly cure: string | undefined }> {
  const objections = new Map<string, { readonly cure: string | undefined }>();
  const version = agents[0]?.version ?? "";
  for (const { channel, state, blocks, dueAt } of way) {
    const current = state.current?.agents ?? [];
    const { select } = channel;
    const verdicts = select && selectAgents(agents, { select, deny: [] });
    const { keptBack } = curate({ source: agents, current, verdicts, blocks, dueAt, now });
    for (const one of keptBack) {
      const [text, cure] = objectionOf(one, channel);
      const block = blocks.get(version);
      objections.set(text, { cure: cure ?? (block && releaseOf(block, version)) });
    }
  }
  return objections;
}

function objectionOf({ why, detail }: KeptBack, { name }: Channel): [text: string, cure: string | undefined] {
  switch (why) {
    case "held":
    case "withdrawn":
      return [`it is ${detail}`, undefined];
    case "delay":
      return [`${name} does not take it yet: ${detail}`, "wait until then"];
    case "select":
      return [`\`select\` of the channel ${name} leaves it out: ${detail}`, "change that in jam.yaml"];
  }
}

function describeRest(version: string, stages: readonly Stage[]): string {
  const way = stages.toReversed();
  const block = stages[0]?.blocks.get(version);
  const commands = way.map(({ channel }) =>
    channel.from === BUNDLE_FEEDER ? importOf(channel.name) : promotionOf(channel.name),
  );
  const isCarried = way[0]?.channel.from === BUNDLE_FEEDER;
  if (block === undefined)
    return isCarried
      ? `Import a bundle that has it: ${joined(commands)}.`
      : `Once the mirror has it: ${joined(commands)}.`;
  const when = isCarried ? "Run" : "Once the mirror has it:";
  return `It is ${block.kind} in ${block.channel} (${block.reason}). ${when} ${joined([releaseOf(block, version), ...commands])}.`;
}

function promotionOf(channel: string): string {
  return `\`${shellCommand`jam channel promote ${channel} --reason REASON`}\``;
}

function importOf(channel: string): string {
  return `\`${shellCommand`jam bundle import FOLDER --channel ${channel}`}\``;
}

function releaseOf({ channel }: Block, version: string): string {
  return `\`${shellCommand`jam channel release ${channel} ${version} --reason REASON`}\``;
}

function joined(steps: readonly string[]): string {
  return steps.join(", then ");
}
