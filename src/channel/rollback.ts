import { withoutVersions } from "../mirror/face.ts";
import { diffSnapshots } from "../mirror/list-snapshots.ts";
import { noteMissing } from "../mirror/note-missing.ts";
import { readSnapshot } from "../mirror/read-snapshots.ts";
import type { Snapshot } from "../mirror/snapshot.ts";
import { requireComplete } from "../mirror/switch-snapshot.ts";
import { compareTexts } from "../shared/collections.ts";
import { JamError } from "../shared/errors.ts";
import { nameSome } from "../shared/listed.ts";
import { nearest } from "../shared/nearest.ts";
import { shellCommand } from "../shared/shell-command.ts";
import type { ChannelMove } from "./channel-documents.ts";
import { readChannels, requireChannel } from "./channels.ts";
import {
  keepContent,
  moveChannel,
  readChannelState,
  type ChannelState,
  type NextContent,
} from "./move-channel.ts";
import { strandedBy } from "./stranded.ts";
import type { ChannelWork } from "./work.ts";

/** A change that is asked for, and why. */
export interface ReasonedRequest {
  readonly name: string;
  readonly reason: string;
}

/**
 * Shows again what a channel showed before, without what was withdrawn since. Call with the lease held.
 * @throws JamError JAM_CHANNEL_NOT_FOUND, JAM_CHANNEL_EMPTY, JAM_SNAPSHOT_NOT_FOUND, JAM_STORE_…
 */
export async function rollBack(work: ChannelWork, { name, reason }: ReasonedRequest): Promise<ChannelMove> {
  const { channel, state } = await readState(work, name);
  const id = state.standing.earlier.at(-1);
  if (id === undefined) throw nothingBefore(state);
  const base = await readSnapshot(work.store, id, { read: state.read });
  if (base === undefined) throw pruned(state, id);
  const { agents } = withoutVersions(base, new Set(state.standing.withdrawn.keys()));
  if (agents.length === 0) throw nothingLeft(state, id);
  const rules = { ...base.made?.rules, withdrawn: [...state.standing.withdrawn.keys()].sort(compareTexts) };
  const to = await toContent(work, state, { base, agents, from: channel.from, rules });
  await requireComplete(work.store, to);
  await moveChannel(work, state, { to, facts: { action: "rollback", reason } });
  return describeMove("rolled-back", { state, to, work });
}

/**
 * Takes a version out of a channel at once: it is not listed there any longer, new downloads of it are refused, and no
 * promotion or rollback brings it back before it is released. Call with the lease held.
 * @throws JamError JAM_CHANNEL_NOT_FOUND, JAM_CHANNEL_EMPTY, JAM_AGENT_NOT_FOUND, JAM_STORE_…
 */
export async function withdraw(
  work: ChannelWork,
  { name, version, reason }: ReasonedRequest & { readonly version: string },
): Promise<ChannelMove> {
  const { channel, state } = await readState(work, name);
  const { current } = state;
  if (current === undefined) throw nothingShown(name);
  const { agents } = withoutVersions(current, new Set([version]));
  if (agents.length === current.agents.length) throw notListed(state, current, version);
  if (agents.length === 0) throw allWithdrawn(name, version);
  const withdrawn = [...new Set([...state.standing.withdrawn.keys(), version])].sort(compareTexts);
  const to = await toContent(work, state, {
    base: current,
    agents,
    from: channel.from,
    rules: { ...current.made?.rules, withdrawn },
  });
  // What else is lost must not keep the version where it is.
  await noteMissing(work.store, to, work.now());
  await moveChannel(work, state, { to, facts: { action: "withdraw", version, reason } });
  return describeMove("withdrawn", { state, to, work });
}

async function readState(work: ChannelWork, name: string) {
  const channels = await readChannels(work.store.documents, work.settings);
  const channel = requireChannel(channels, name);
  return { channel, state: await readChannelState(work.store, channel.name) };
}

function toContent(
  work: ChannelWork,
  { name, current }: ChannelState,
  { base, agents, from, rules }: Omit<NextContent, "origin"> & { readonly from: string },
): Promise<Snapshot> {
  const origin = base.curated ?? { channel: name, from, snapshot: base.id };
  return keepContent(work, current, { base, agents, origin: { ...origin, channel: name }, rules });
}

function describeMove(
  outcome: ChannelMove["outcome"],
  {
    state: { name, current },
    to,
    work,
  }: { readonly state: ChannelState; readonly to: Snapshot; readonly work: ChannelWork },
): ChannelMove {
  const before = current ?? { ...to, id: "", agents: [] };
  const { added, removed, changed, bytes } = diffSnapshots(before, to);
  const { running } = work;
  return {
    outcome,
    channel: name,
    from: current?.id ?? null,
    to: to.id,
    feeder: null,
    source: null,
    added,
    removed,
    changed,
    bytes,
    keptBack: [],
    warnings: strandedBy(name, { before: before.agents, after: to.agents, running }),
  };
}

function nothingBefore({ name, current }: ChannelState): JamError {
  if (current === undefined) return nothingShown(name);
  return new JamError(
    "JAM_SNAPSHOT_NOT_FOUND",
    `The channel ${name} has no earlier promotion to roll back to.`,
    {
      hint: `Nothing was changed. \`${shellCommand`jam channel history ${name}`}\` shows what happened in it; \`jam channel promote\` with --snapshot takes an older snapshot of its feeder.`,
      details: { channel: name, snapshot: current.id },
    },
  );
}

function nothingShown(name: string): JamError {
  return new JamError("JAM_CHANNEL_EMPTY", `The channel ${name} shows nothing yet.`, {
    hint: `Promote to it first: ${shellCommand`jam channel promote ${name} --reason REASON`}`,
    details: { channel: name },
  });
}

function pruned({ name }: ChannelState, id: string): JamError {
  return new JamError(
    "JAM_SNAPSHOT_NOT_FOUND",
    `Snapshot ${id}, which the channel ${name} showed before, is not kept any longer.`,
    {
      hint: "Nothing was changed. `jam snapshot list` shows the snapshots that are kept; promote one that the feeder has shown: `jam channel promote` with --snapshot.",
      details: { channel: name, snapshot: id },
    },
  );
}

function notListed({ name, standing }: ChannelState, { agents }: Snapshot, version: string): JamError {
  const versions = [...new Set(agents.map((agent) => agent.version))];
  const near = nearest(version, versions);
  const earlier = standing.withdrawn.get(version);
  const message =
    earlier === undefined
      ? `The channel ${name} does not list ${version}.`
      : `${version} was withdrawn from ${name} already, on ${earlier.at}: ${earlier.reason}`;
  return new JamError("JAM_AGENT_NOT_FOUND", message, {
    hint: `${near === undefined ? "" : `Did you mean ${near}? `}It lists ${nameSome(versions, 8)}. To keep a version from coming: ${shellCommand`jam channel hold ${name} ${version} --reason REASON`}`,
    details: { channel: name, version },
  });
}

function nothingLeft({ name }: ChannelState, id: string): JamError {
  return new JamError(
    "JAM_CHANNEL_EMPTY",
    `All that snapshot ${id} lists was withdrawn from the channel ${name} since.`,
    {
      hint: `An index without agents would send every client to the internet. Nothing was changed. \`${shellCommand`jam channel show ${name}`}\` lists what is withdrawn; release a version first, or promote another snapshot.`,
      details: { channel: name, snapshot: id },
    },
  );
}

function allWithdrawn(name: string, version: string): JamError {
  return new JamError("JAM_CHANNEL_EMPTY", `Without ${version} the channel ${name} would list nothing.`, {
    hint: "An index without agents would send every client to the internet. Promote another version first, then withdraw this one.",
    details: { channel: name, version },
  });
}
