import { addChannel, parseChannelName, readChannels, type Channel } from "../../channel/channels.ts";
import { blocksOf, curate } from "../../channel/curate.ts";
import { headOf } from "../../channel/history.ts";
import {
  compareCarried,
  importedHead,
  keepImported,
  type Continuation,
} from "../../channel/imported-history.ts";
import { moveChannel, noteStep, readChannelState, type ChannelState } from "../../channel/move-channel.ts";
import type { Agent } from "../../juju/agent.ts";
import { selectAgents } from "../../juju/select.ts";
import type { Snapshot } from "../../mirror/snapshot.ts";
import { JamError } from "../../shared/errors.ts";
import { formatLocalTime } from "../../shared/local-time.ts";
import { BUNDLE_FEEDER, type RefName } from "../../shared/ref-name.ts";
import { shellCommand } from "../../shared/shell-command.ts";
import type { Store } from "../../store/store.ts";
import type { BundleManifest } from "../format/manifest.ts";
import type { ImportChannel, ImportRules, ImportWork } from "./import-work.ts";
import type { PendingBundle } from "./pending-bundles.ts";

/** The channel that an import publishes to. */
export interface ChannelTarget {
  readonly name: RefName;
  /** Undefined for one that the import makes. */
  readonly channel: Channel | undefined;
  readonly state: ChannelState;
}

/**
 * The channel of `--channel`: one that takes from bundles, or one that does not exist yet.
 * @throws JamError JAM_CHANNEL_IN_USE for one that is fed otherwise, JAM_CHANNEL_INVALID, JAM_STORE_CORRUPT
 */
export async function readTarget(
  store: Pick<Store, "documents" | "refs">,
  { name: word, settings }: ImportChannel,
): Promise<ChannelTarget> {
  const name = parseChannelName(word);
  const channels = await readChannels(store.documents, settings);
  const channel = channels.get(name);
  if (channel !== undefined && channel.from !== BUNDLE_FEEDER) throw fedOtherwise(channel);
  if (channel === undefined && (await store.refs.read(name)) !== undefined) throw notDefined(name);
  return { name, channel, state: await readChannelState(store, name) };
}

function fedOtherwise({ name, from, definedIn }: Channel): JamError {
  const how =
    definedIn === "settings"
      ? `\`from: ${BUNDLE_FEEDER}\` for it in jam.yaml`
      : `delete it (${shellCommand`jam channel delete ${name}`})`;
  return new JamError(
    "JAM_CHANNEL_IN_USE",
    `The channel ${name} takes from ${from}, so no bundle is imported into it. Nothing was changed.`,
    {
      hint: `Name another channel with --channel, one that does not exist yet is made; or set ${how}.`,
      details: { channel: name, from },
    },
  );
}

function notDefined(name: string): JamError {
  return new JamError(
    "JAM_CHANNEL_IN_USE",
    `The channel ${name} is shown here and not defined any longer, so it is not known what feeds it. Nothing was changed.`,
    {
      hint: `Define it first: ${shellCommand`jam channel create ${name} --from ${BUNDLE_FEEDER}`}`,
      details: { channel: name },
    },
  );
}

/**
 * Refuses a bundle that does not continue what was imported into the channel before.
 * @returns how it continues that
 * @throws JamError JAM_BUNDLE_HISTORY_INVALID, JAM_BUNDLE_OUTDATED
 */
export async function refuseDiscontinued(
  manifest: BundleManifest,
  { name, state }: ChannelTarget,
  { store, allow }: { readonly store: Pick<Store, "documents">; readonly allow: ImportRules["allow"] },
): Promise<CarriedState> {
  const continuation = await continuationOf(manifest, { name, state }, store);
  if (continuation === "none" || continuation === "other") throw notContinued(manifest, name, continuation);
  if (continuation === "older" && !allow.has("rollback")) throw outdated(manifest, name);
  return continuation;
}

/** `none`: the bundle carries no history, and the channel has one of the near side. Undefined: neither has. */
type CarriedState = Continuation | "none" | undefined;

/**
 * Whether the ages of two bundles say which is the later one: where no history does. A channel that was rolled back shows an
 * older snapshot, and its history is longer.
 */
export function isJudgedByAge(continuation: CarriedState): boolean {
  return continuation === undefined || continuation === "none" || continuation === "first";
}

/** How the history in a bundle continues the one that was imported into the channel before. */
export async function continuationOf(
  { channel }: Pick<BundleManifest, "channel">,
  { name, state: { history: own } }: Pick<ChannelTarget, "name" | "state">,
  { documents }: Pick<Store, "documents">,
): Promise<CarriedState> {
  if (channel === undefined || channel.history.length === 0)
    return importedHead(own) === undefined ? undefined : "none";
  return compareCarried(documents, { name, own }, channel);
}

function notContinued({ id, channel }: BundleManifest, name: string, how: "none" | "other"): JamError {
  const what =
    how === "none"
      ? `Bundle ${id} carries no history of a channel, and ${name} has one of the near side.`
      : `The history of ${channel?.name ?? "the channel"} in bundle ${id} does not continue the one that was imported into ${name} before.`;
  return new JamError("JAM_BUNDLE_HISTORY_INVALID", `${what} Nothing was changed.`, {
    hint:
      how === "none"
        ? "Make the bundle with `jam bundle create --channel`, or import it into another channel."
        : `Ask its maker whether it is another channel, or its history was started anew: then import it into another channel. If neither, do not trust it: entries were changed or removed. \`${shellCommand`jam channel history ${name} --imported`}\` shows what was imported.`,
    details: { bundle: id, channel: name },
  });
}

function outdated({ id, createdAt, channel }: BundleManifest, name: string): JamError {
  const last = channel?.history.at(-1)?.at ?? createdAt;
  return new JamError(
    "JAM_BUNDLE_OUTDATED",
    `The history in bundle ${id} ends at ${formatLocalTime(last)}; a longer one was imported into ${name} before.`,
    {
      hint: "Import the newer bundle. To return to the older one, repeat the command with --allow rollback.",
      details: { bundle: id, channel: name },
    },
  );
}

/** What the channel gets of a bundle: not what this side holds or withdrew, nor what its `select` leaves out. */
export function curateImport(
  agents: readonly Agent[],
  { channel, state, name }: ChannelTarget,
  now: Date,
): { readonly agents: readonly Agent[]; readonly kept: readonly string[] } {
  const select = channel?.select;
  const { agents: taken, keptBack } = curate({
    source: agents,
    current: state.current?.agents ?? [],
    verdicts: select && selectAgents(agents, { select, deny: [] }),
    blocks: blocksOf([{ name, standing: state.standing }]),
    dueAt: undefined,
    now,
  });
  return {
    agents: taken,
    kept: keptBack.map(({ agent, detail }) => `${agent} is not listed in ${name}: ${detail}`),
  };
}

type ShowWork = Pick<ImportWork, "store" | "now" | "who"> & { readonly graceMs: number };

/**
 * Shows a snapshot in the channel, in one step, and records which bundle and which of the near side's history it came with. The
 * near side's history is kept before that, so that an entry never names one that is not here.
 */
export async function showImported(
  { manifest, signedBy }: Pick<PendingBundle, "manifest" | "signedBy">,
  target: ChannelTarget,
  { to, work }: { readonly to: Snapshot; readonly work: ShowWork },
): Promise<void> {
  const { store, now, graceMs, who = "unknown" } = work;
  const { id, channel } = manifest;
  const head = channel === undefined ? null : headOf(channel.history);
  if (target.channel === undefined) {
    await addChannel(store.documents, [], { name: target.name, from: BUNDLE_FEEDER });
  }
  if (channel !== undefined && head !== null)
    await keepImported(store.documents, target.name, { ...channel, bundle: id, signedBy });
  const facts = {
    action: "import",
    reason: `bundle ${id}`,
    feeder: BUNDLE_FEEDER,
    source: manifest.snapshot,
    ...(head !== null && { head }),
  } as const;
  const writer = { store, now, who, graceMs };
  if (to.id === target.state.current?.id) await noteStep(writer, target.state, facts);
  else await moveChannel(writer, target.state, { to, facts });
}
