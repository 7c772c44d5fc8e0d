import { parseVersion } from "../juju/version.ts";
import { currentSnapshot } from "../mirror/read-snapshots.ts";
import { JamError } from "../shared/errors.ts";
import { nearest } from "../shared/nearest.ts";
import { shellCommand } from "../shared/shell-command.ts";
import type { ChannelEntry } from "./history-document.ts";
import { readChannels, requireChannel } from "./channels.ts";
import { noteStep, readChannelState } from "./move-channel.ts";
import type { ReasonedRequest } from "./rollback.ts";
import type { ChannelWork } from "./work.ts";

/** What a hold or a release did. */
export interface HoldResult {
  readonly entry: ChannelEntry;
  /** For people; what may be a slip. */
  readonly warnings: readonly string[];
}

/**
 * Puts a version on hold: it does not come to the channel, and goes no further from it. Where it is listed already it stays. Call
 * with the lease held.
 * @throws JamError JAM_CHANNEL_NOT_FOUND, JAM_VERSION_INVALID, JAM_STORE_…
 */
export async function hold(
  work: ChannelWork,
  { name, version, reason }: ReasonedRequest & { readonly version: string },
): Promise<HoldResult> {
  parseVersion(version);
  const { store } = work;
  const channel = requireChannel(await readChannels(store.documents, work.settings), name);
  const state = await readChannelState(store, channel.name);
  const feeder = await currentSnapshot(store, channel.from);
  const known = [...(state.current?.agents ?? []), ...(feeder?.agents ?? [])].map((agent) => agent.version);
  const near = nearest(version, [...new Set(known)]);
  const warnings = known.includes(version)
    ? []
    : [
        `neither ${name} nor ${channel.from} lists ${version}${near === undefined ? "" : ` (did you mean ${near}?)`}; it is on hold for when it comes`,
      ];
  const entry = await noteStep(work, state, { action: "hold", version, reason });
  return { entry, warnings };
}

/**
 * Ends a hold or a withdrawal: the next promotion takes the version again. Call with the lease held.
 * @throws JamError JAM_CHANNEL_NOT_FOUND, JAM_AGENT_NOT_FOUND when it is neither on hold nor withdrawn, JAM_STORE_…
 */
export async function release(
  work: ChannelWork,
  { name, version, reason }: ReasonedRequest & { readonly version: string },
): Promise<HoldResult> {
  const { store } = work;
  const channel = requireChannel(await readChannels(store.documents, work.settings), name);
  const state = await readChannelState(store, channel.name);
  const { held, withdrawn } = state.standing;
  if (!held.has(version) && !withdrawn.has(version)) {
    const all = [...held.keys(), ...withdrawn.keys()];
    const near = nearest(version, all);
    throw new JamError("JAM_AGENT_NOT_FOUND", `${version} is neither on hold nor withdrawn in ${name}.`, {
      hint: `${near === undefined ? "" : `Did you mean ${near}? `}${all.length === 0 ? "Nothing is on hold or withdrawn there." : `On hold or withdrawn there: ${all.join(", ")}.`} \`${shellCommand`jam channel show ${name}`}\` lists what is on hold or withdrawn.`,
      details: { channel: name, version },
    });
  }
  return { entry: await noteStep(work, state, { action: "release", version, reason }), warnings: [] };
}
