import { z } from "zod";
import type { SelectRule } from "../juju/select-rule.ts";
import { stateDocument } from "../mirror/state-document.ts";
import { JamError } from "../shared/errors.ts";
import { nearest } from "../shared/nearest.ts";
import { BUNDLE_FEEDER, MIRROR_REF, parseRefName, type RefName } from "../shared/ref-name.ts";
import { shellCommand } from "../shared/shell-command.ts";
import type { Store } from "../store/store.ts";

/** From when a channel's delay counts: since this mirror first listed an agent, or the date under which upstream does. */
export type DelayClock = "seen" | "upstream";

/** What a channel takes, and when. */
export interface ChannelRules {
  readonly name: string;
  /** The mirror's ref, another channel, or `bundle` for what is imported. */
  readonly from: string;
  /** Which of the feeder's agents; undefined takes all. */
  readonly select?: readonly SelectRule[] | undefined;
  /** How old an agent must be before it is promoted, in ms. */
  readonly delayMs: number;
  readonly clock: DelayClock;
  readonly promote: "manual" | "auto";
}

/** A channel with what defines it. */
export interface Channel extends ChannelRules {
  readonly name: RefName;
  readonly from: RefName;
  readonly definedIn: "settings" | "command";
}

/** Every channel that is defined, feeders before those that take from them. */
export type Channels = ReadonlyMap<string, Channel>;

/** Where the channels are noted that `jam channel create` made, under `state/`. */
export const CHANNEL_NOTES = "channels.json";

const createdChannels = stateDocument({
  name: CHANNEL_NOTES,
  format: "jam-channels:1",
  schema: z.object({ channels: z.array(z.object({ name: z.string(), from: z.string() })) }),
  damage: {
    what: "The list of channels that were created",
    hint: "Nothing was changed. Restore the file from a backup, or move it away and create the channels again with `jam channel create`; what they show stays.",
  },
});

/**
 * Every channel: those of the settings, and those that were created. A name in both is that of the settings. Whether the
 * feeders of a channel exist is asked where it is promoted to, so that one mistake leaves the other channels usable.
 * @throws JamError JAM_STORE_…
 */
export async function readChannels(
  documents: Pick<Store["documents"], "get">,
  settings: readonly ChannelRules[],
): Promise<Channels> {
  const created = (await createdChannels.read(documents))?.channels ?? [];
  return joinChannels(settings, created);
}

/** Pure. */
export function joinChannels(
  settings: readonly ChannelRules[],
  created: readonly { readonly name: string; readonly from: string }[],
): Channels {
  const all = new Map<string, Channel>();
  for (const { name, from } of created) all.set(name, createdChannel(name, from));
  for (const rules of settings) {
    const [name, from] = [parseChannelName(rules.name), parseRefName(rules.from)];
    all.set(name, { ...rules, name, from, definedIn: "settings" });
  }
  return inOrder(all);
}

function createdChannel(name: string, from: string): Channel {
  return {
    name: parseChannelName(name),
    from: parseRefName(from),
    delayMs: 0,
    clock: "seen",
    promote: "manual",
    definedIn: "command",
  };
}

/**
 * Adds a channel to those that were created. Call with the lease held.
 * @throws JamError JAM_CHANNEL_EXISTS, JAM_CHANNEL_INVALID, JAM_CHANNEL_NOT_FOUND
 */
export async function addChannel(
  documents: Pick<Store["documents"], "get" | "put">,
  settings: readonly ChannelRules[],
  { name, from }: { readonly name: string; readonly from: string },
): Promise<Channel> {
  const known = await readChannels(documents, settings);
  const existing = known.get(parseChannelName(name));
  if (existing !== undefined) {
    const where = existing.definedIn === "settings" ? " in jam.yaml" : "";
    throw new JamError("JAM_CHANNEL_EXISTS", `The channel ${name} is defined already${where}.`, {
      hint: `\`${shellCommand`jam channel show ${name}`}\` shows it.`,
      details: { channel: name },
    });
  }
  const channel = createdChannel(name, from);
  // One that takes from itself is a cycle, and not unknown.
  if (!isOutside(from) && from !== name && !known.has(from))
    throw channelNotFound(from, [...known.keys(), MIRROR_REF]);
  feedersOf(new Map([...known, [name, channel]]), channel);
  const created = (await createdChannels.read(documents))?.channels ?? [];
  await createdChannels.write(documents, { channels: [...created, { name, from }] });
  return channel;
}

/** Removes a channel from those that were created. Call with the lease held. */
export async function removeChannel(
  documents: Pick<Store["documents"], "get" | "put">,
  name: string,
): Promise<void> {
  const created = (await createdChannels.read(documents))?.channels ?? [];
  const rest = created.filter((one) => one.name !== name);
  if (rest.length < created.length) await createdChannels.write(documents, { channels: rest });
}

/**
 * The channel of this name.
 * @throws JamError JAM_CHANNEL_NOT_FOUND with the nearest name
 */
export function requireChannel(channels: Channels, name: string): Channel {
  const channel = channels.get(name);
  if (channel !== undefined) return channel;
  throw channelNotFound(name, [...channels.keys()]);
}

/** `JAM_CHANNEL_NOT_FOUND` with the nearest of `names`. */
export function channelNotFound(name: string, names: readonly string[]): JamError {
  const near = nearest(name, names);
  const known = names.length === 0 ? "There are none yet" : `\`jam channel list\` shows all`;
  const hint = `${near === undefined ? "" : `Did you mean ${near}? `}${known}; \`jam channel create NAME --from mirror\` makes one.`;
  return name === MIRROR_REF
    ? new JamError("JAM_CHANNEL_NOT_FOUND", "The mirror is not a channel.", {
        hint: "Name a channel: `jam channel list` shows them. `jam snapshot` has the commands for the mirror.",
        details: { channel: name },
      })
    : new JamError("JAM_CHANNEL_NOT_FOUND", `There is no channel ${name}.`, {
        hint,
        details: { channel: name },
      });
}

/**
 * The text as the name of a channel.
 * @throws JamError JAM_USAGE_INVALID, JAM_CHANNEL_INVALID for the mirror's own name
 */
export function parseChannelName(text: string): RefName {
  const name = parseRefName(text);
  if (!isOutside(name)) return name;
  const what =
    name === MIRROR_REF ? "what syncs and imports publish" : "what `from` says of channels that bundles feed";
  throw new JamError("JAM_CHANNEL_INVALID", `A channel cannot have the name ${name}.`, {
    hint: `\`${name}\` is ${what}. Choose another name.`,
    details: { channel: text },
  });
}

/** Whether a feeder is not a channel. */
function isOutside(from: string): boolean {
  return from === MIRROR_REF || from === BUNDLE_FEEDER;
}

/** Channels that take from this one. */
export function followersOf(channels: Channels, name: string): readonly Channel[] {
  return [...channels.values()].filter(({ from }) => from === name);
}

/**
 * The channels that a channel takes from, the nearest first, until the mirror; itself is not among them.
 * @throws JamError JAM_CHANNEL_INVALID for an unknown feeder or a cycle of feeders
 */
export function feedersOf(channels: Channels, channel: Channel): readonly Channel[] {
  const path = [channel];
  for (let at = channel; !isOutside(at.from);) {
    const feeder = channels.get(at.from);
    if (feeder === undefined) throw unknownFeeder(channels, at);
    const names = path.map(({ name }) => name);
    if (names.includes(feeder.name)) throw cycle([...names.slice(names.indexOf(feeder.name)), feeder.name]);
    path.push(feeder);
    at = feeder;
  }
  return path.slice(1);
}

function unknownFeeder(channels: Channels, { name, from, definedIn }: Channel): JamError {
  const near = nearest(from, [MIRROR_REF, ...channels.keys()]);
  const correct = definedIn === "settings" ? "Correct `from` in jam.yaml, or make" : "Make";
  return new JamError(
    "JAM_CHANNEL_INVALID",
    `The channel ${name} takes from ${from}, which is not defined.`,
    {
      hint: `${near === undefined ? "" : `Did you mean ${near}? `}${correct} that channel: ${shellCommand`jam channel create ${from} --from mirror`}`,
      details: { channel: name, from },
    },
  );
}

/** Feeders first; channels that take from each other in any order. */
function inOrder(all: ReadonlyMap<string, Channel>): Map<string, Channel> {
  const ordered = new Map<string, Channel>();
  const add = (channel: Channel, path: readonly string[]) => {
    if (ordered.has(channel.name) || path.includes(channel.name)) return;
    const feeder = all.get(channel.from);
    if (feeder !== undefined) add(feeder, [...path, channel.name]);
    ordered.set(channel.name, channel);
  };
  for (const channel of all.values()) add(channel, []);
  return ordered;
}

function cycle(names: readonly string[]): JamError {
  return new JamError(
    "JAM_CHANNEL_INVALID",
    names.length === 2
      ? `The channel ${names[0]} cannot take from itself.`
      : `Channels take from each other: ${names.join(" from ")}.`,
    {
      hint: "Let one of them take from the mirror: `from: mirror` in jam.yaml, or `--from mirror`.",
      details: { channels: names },
    },
  );
}
