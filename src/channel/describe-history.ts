import { formatAgentName } from "../juju/agent.ts";
import { listSnapshotIds, readSnapshot, unlessDamaged } from "../mirror/read-snapshots.ts";
import type { Snapshot } from "../mirror/snapshot.ts";
import { describeProofs } from "../mirror/describe-proofs.ts";
import { MIRROR_REF } from "../shared/ref-name.ts";
import { channelNotFound, parseChannelName, readChannels, type ChannelRules } from "./channels.ts";
import { readImported } from "./imported-history.ts";
import type {
  ChannelEntry,
  HistoryDocument,
  ImportedHistoryDocument,
  MomentDocument,
} from "./history-document.ts";
import { entryHash, headOf, listHistories, readHistory } from "./history.ts";
import type { ChannelReader } from "./list-channels.ts";
import { historyLost } from "./lost-history.ts";
import { catalogueOf, readStanding } from "./move-channel.ts";

/**
 * What happened in a channel, also in one that was deleted.
 * @throws JamError JAM_CHANNEL_NOT_FOUND, JAM_STORE_CORRUPT when the history is damaged or lost, JAM_STORE_…
 */
export async function describeHistory(
  store: ChannelReader,
  settings: readonly ChannelRules[],
  word: string,
): Promise<HistoryDocument> {
  if (word === MIRROR_REF) throw channelNotFound(word, []);
  const name = parseChannelName(word);
  const history = await readHistory(store, name);
  if (history.length > 0) return { history };
  const channels = await readChannels(store.documents, settings);
  if ((await store.refs.read(name)) !== undefined) throw historyLost(name);
  if (channels.has(name)) return { history };
  throw channelNotFound(word, [...new Set([...channels.keys(), ...(await listHistories(store.documents))])]);
}

/**
 * What happened in the near side's channel, as bundles brought it, up to the entry that this side's history names.
 * @throws JamError as `describeHistory`; JAM_CHANNEL_NOT_FOUND when no bundle brought one
 */
export async function describeImported(
  store: ChannelReader,
  settings: readonly ChannelRules[],
  word: string,
): Promise<ImportedHistoryDocument> {
  const { history: own } = await describeHistory(store, settings, word);
  const imported = await readImported(store.documents, { name: parseChannelName(word), own });
  const { name, bundle, signedBy, history } = imported;
  return { channel: word, name, bundle, signedBy, head: headOf(history) ?? "", history };
}

/**
 * What a channel showed at a time, and what proves it: the chain of entries, the hash of the agents, and upstream's signed
 * documents.
 * @throws JamError as `describeHistory`; JAM_STORE_CORRUPT also when the channel shows what its history does not say
 */
export async function describeMoment(
  store: ChannelReader,
  {
    settings,
    word,
    at,
  }: { readonly settings: readonly ChannelRules[]; readonly word: string; readonly at: Date },
): Promise<MomentDocument> {
  const { history } = await describeHistory(store, settings, word);
  // A history that does not lead to what is shown now proves nothing of the time before.
  await readStanding(store, parseChannelName(word));
  const entry = history.findLast((one) => Date.parse(one.at) <= at.getTime());
  const id = entry?.to ?? undefined;
  const snapshot = id === undefined ? undefined : await unlessDamaged(readSnapshot(store, id));
  return {
    channel: word,
    at: at.toISOString(),
    snapshot: id ?? null,
    entry: entry ?? null,
    entryHash: entry === undefined ? null : entryHash(entry),
    entries: history.length,
    head: headOf(history),
    catalogue: id === undefined ? "none" : await judgeCatalogue(store, { id, snapshot, entry }),
    agents: snapshot?.agents.map(formatAgentName) ?? [],
    proofs: snapshot === undefined ? [] : describeProofs(snapshot),
  };
}

/** Whether the agents of a snapshot are those that the entry names. */
async function judgeCatalogue(
  store: ChannelReader,
  {
    id,
    snapshot,
    entry,
  }: {
    readonly id: string;
    readonly snapshot: Snapshot | undefined;
    readonly entry: ChannelEntry | undefined;
  },
): Promise<MomentDocument["catalogue"]> {
  if (snapshot !== undefined) return catalogueOf(snapshot.agents) === entry?.catalogue ? "proven" : "differs";
  return (await listSnapshotIds(store.documents)).includes(id) ? "damaged" : "pruned";
}
