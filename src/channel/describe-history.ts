import { MIRROR_REF } from "../shared/ref-name.ts";
import { channelNotFound, parseChannelName, readChannels, type ChannelRules } from "./channels.ts";
import type { HistoryDocument } from "./history-document.ts";
import { listHistories, readHistory } from "./history.ts";
import type { ChannelReader } from "./list-channels.ts";

/**
 * What happened in a channel, also in one that was deleted.
 * @throws JamError JAM_CHANNEL_NOT_FOUND, JAM_STORE_CORRUPT when the history is damaged, JAM_STORE_…
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
  if (channels.has(name) || (await store.refs.read(name)) !== undefined) return { history };
  throw channelNotFound(word, [...new Set([...channels.keys(), ...(await listHistories(store.documents))])]);
}
