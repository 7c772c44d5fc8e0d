import { formatAgentName } from "../juju/agent.ts";
import { readHeader, readSnapshot, unlessDamaged } from "../mirror/read-snapshots.ts";
import { snapshotIdOf } from "../mirror/snapshot.ts";
import { toJamError } from "../shared/errors.ts";
import { mapConcurrently } from "../shared/map-concurrently.ts";
import { MIRROR_REF, parseRefName, type RefName } from "../shared/ref-name.ts";
import type { Store } from "../store/store.ts";
import type { ChannelDocument, ChannelsDocument, ListedChannel } from "./channel-documents.ts";
import {
  channelNotFound,
  feedersOf,
  readChannels,
  type Channel,
  type ChannelRules,
  type Channels,
} from "./channels.ts";
import { readHistory } from "./history.ts";
import { describeLost, isLost } from "./lost-history.ts";
import { standingOf, type Standing } from "./standing.ts";

/** The part of a store that is needed to look at channels. */
export type ChannelReader = Pick<Store, "documents" | "refs">;

/**
 * Every channel, feeders first; those that are shown and not defined any longer at the end. A history that cannot be read
 * is named.
 * @throws JamError JAM_STORE_…
 */
export async function listChannels(
  store: ChannelReader,
  settings: readonly ChannelRules[],
): Promise<ChannelsDocument> {
  const channels = await readChannels(store.documents, settings);
  const shown = (await store.refs.list()).map(({ name }) => name).filter((name) => name !== MIRROR_REF);
  const names = [...channels.keys(), ...shown.filter((name) => !channels.has(name))].map(parseRefName);
  const rows = await mapConcurrently(names, (name) => look(store, channels, name));
  return { channels: rows.map(({ row }) => row) };
}

/**
 * One channel and what it lists.
 * @throws JamError JAM_CHANNEL_NOT_FOUND, JAM_STORE_…
 */
export async function describeChannel(
  store: ChannelReader,
  settings: readonly ChannelRules[],
  word: string,
): Promise<ChannelDocument> {
  const channels = await readChannels(store.documents, settings);
  const name = await requireShownOrDefined(store, channels, word);
  const { row, standing } = await look(store, channels, name);
  const { snapshot: id } = row;
  const snapshot = id === null ? undefined : await unlessDamaged(readSnapshot(store, id));
  return {
    channel: row,
    agentNames: snapshot?.agents.map(formatAgentName) ?? [],
    rollback: standing?.earlier.at(-1) ?? null,
  };
}

/**
 * The name of a channel that is defined, or shown.
 * @throws JamError JAM_CHANNEL_NOT_FOUND with the nearest name
 */
export async function requireShownOrDefined(
  store: Pick<Store, "refs">,
  channels: Channels,
  word: string,
): Promise<RefName> {
  const refs = (await store.refs.list()).map(({ name }) => name).filter((name) => name !== MIRROR_REF);
  if (channels.has(word) || refs.includes(word)) return parseRefName(word);
  throw channelNotFound(word, [...new Set([...channels.keys(), ...refs])]);
}

async function look(store: ChannelReader, channels: Channels, name: RefName) {
  const channel = channels.get(name);
  const target = await store.refs.read(name);
  const id = target === undefined ? undefined : snapshotIdOf(target);
  const header = id === undefined ? undefined : await unlessDamaged(readHeader(store, id));
  const { standing, fault } = await readStanding(store, name, id);
  const row: ListedChannel = {
    name,
    from: channel?.from ?? null,
    definedIn: channel?.definedIn ?? null,
    promote: channel?.promote ?? null,
    delayMs: channel?.delayMs ?? null,
    clock: channel?.clock ?? null,
    path: `/channel/${name}/tools`,
    snapshot: id ?? null,
    since: standing?.since ?? null,
    agents: header?.counts.agents ?? 0,
    bytes: header?.counts.bytes ?? 0,
    held: [...(standing?.held.values() ?? [])],
    withdrawn: [...(standing?.withdrawn.values() ?? [])],
    fault:
      fault ??
      (id !== undefined && header === undefined ? `Snapshot ${id} cannot be read.` : undefined) ??
      feederFault(channels, channel) ??
      null,
  };
  return { row, standing };
}

function feederFault(channels: Channels, channel: Channel | undefined): string | undefined {
  try {
    if (channel !== undefined) feedersOf(channels, channel);
    return undefined;
  } catch (error) {
    return toJamError(error).message;
  }
}

/** A list says of each channel what is known of it; what is damaged stops only what would change it. */
async function readStanding(
  store: ChannelReader,
  name: RefName,
  shown: string | undefined,
): Promise<{ readonly standing?: Standing; readonly fault?: string }> {
  try {
    const history = await readHistory(store, name);
    const standing = standingOf(history);
    if (isLost(history, shown)) return { standing, fault: describeLost(name) };
    if (standing.shown === shown) return { standing };
    return { standing, fault: `Its history says that it shows ${standing.shown ?? "nothing"}.` };
  } catch (error) {
    return { fault: toJamError(error).message };
  }
}
