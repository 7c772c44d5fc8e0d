import { JamError } from "../shared/errors.ts";
import { shellCommand } from "../shared/shell-command.ts";
import {
  addChannel,
  channelNotFound,
  followersOf,
  parseChannelName,
  readChannels,
  removeChannel,
} from "./channels.ts";
import type { ChannelEntry } from "./history-document.ts";
import { readHistory, recordStep } from "./history.ts";
import { noteStep, readChannelState } from "./move-channel.ts";
import { standingOf } from "./standing.ts";
import type { ChannelWork } from "./work.ts";

/**
 * Makes a channel. It shows nothing before the first promotion. Call with the lease held.
 * @throws JamError JAM_CHANNEL_EXISTS, JAM_CHANNEL_INVALID, JAM_CHANNEL_NOT_FOUND, JAM_STORE_…
 */
export async function createChannel(
  work: ChannelWork,
  {
    name,
    from,
    reason,
  }: { readonly name: string; readonly from: string; readonly reason: string | undefined },
): Promise<ChannelEntry> {
  const { store, settings } = work;
  // A damaged history is found before anything is changed.
  const state = await readChannelState(store, parseChannelName(name));
  const channel = await addChannel(store.documents, settings, { name, from });
  return noteStep(work, state, { action: "create", reason: reason ?? null, feeder: channel.from });
}

/** What a deletion is allowed to do. */
export interface Deletion {
  readonly name: string;
  readonly reason: string | undefined;
  /** Allows deleting a channel that shows something: clients of its URL find nothing any longer. */
  readonly allowsServed: boolean;
}

/**
 * Deletes a channel; its history stays. Call with the lease held.
 * @throws JamError JAM_CHANNEL_NOT_FOUND, JAM_CHANNEL_IN_USE, JAM_STORE_…
 */
export async function deleteChannel(
  work: ChannelWork,
  { name: word, reason, allowsServed }: Deletion,
): Promise<ChannelEntry> {
  const { store, settings } = work;
  const name = parseChannelName(word);
  const channels = await readChannels(store.documents, settings);
  const target = await store.refs.read(name);
  const channel = channels.get(name);
  if (channel === undefined && target === undefined) throw channelNotFound(name, [...channels.keys()]);
  if (channel?.definedIn === "settings") throw definedInSettings(name);
  const followers = followersOf(channels, name).map((one) => one.name);
  if (followers.length > 0) throw feedsOthers(name, followers);
  if (target !== undefined && !allowsServed) throw isServed(name);
  const from = standingOf(await readHistory(store, name)).shown ?? null;
  const step = {
    at: work.now().toISOString(),
    who: work.who,
    action: "delete",
    reason: reason ?? null,
    from,
    to: null,
    version: null,
    feeder: null,
    source: null,
    catalogue: null,
  } as const;
  const act = async () => {
    await store.refs.delete(name);
    await removeChannel(store.documents, name);
  };
  return recordStep(store, name, { step, act });
}

function definedInSettings(name: string): JamError {
  return new JamError("JAM_CHANNEL_IN_USE", `The channel ${name} is defined in jam.yaml.`, {
    hint: `Remove it from \`channels\` there, then run the command again. Nothing was changed.`,
    details: { channel: name },
  });
}

function feedsOthers(name: string, followers: readonly string[]): JamError {
  const verb = followers.length === 1 ? "takes" : "take";
  return new JamError("JAM_CHANNEL_IN_USE", `${followers.join(", ")} ${verb} from the channel ${name}.`, {
    hint: `Delete ${followers.join(", ")} first, or let ${followers.length === 1 ? "it" : "them"} take from another channel. Nothing was changed.`,
    details: { channel: name, followers },
  });
}

function isServed(name: string): JamError {
  return new JamError(
    "JAM_CHANNEL_IN_USE",
    `The channel ${name} is served: clients of its URL would find nothing.`,
    {
      hint: `Point them elsewhere first (\`jam connect\`), then: ${shellCommand`jam channel delete ${name} --allow served`}`,
      details: { channel: name },
    },
  );
}
