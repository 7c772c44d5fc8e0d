import { formatAgentName, type Agent } from "../juju/agent.ts";
import { pageReader, type ReadPage } from "../mirror/catalogue.ts";
import { keepSnapshot } from "../mirror/keep-snapshot.ts";
import { readGraced, showSnapshot } from "../mirror/publish.ts";
import { readSnapshot } from "../mirror/read-snapshots.ts";
import { makingOf, type RulesInForce } from "../mirror/rules-in-force.ts";
import { snapshotIdOf, type CuratedOrigin, type Snapshot } from "../mirror/snapshot.ts";
import { canonicalJson } from "../shared/canonical-json.ts";
import { compareTexts, defined } from "../shared/collections.ts";
import { JamError } from "../shared/errors.ts";
import type { RefName } from "../shared/ref-name.ts";
import { sha256Of } from "../shared/sha256.ts";
import type { Store } from "../store/store.ts";
import { channelEntry, type ChannelEntry } from "./history-document.ts";
import { readHistory, recordStep, type ChannelStep, type HistoryReader } from "./history.ts";
import { standingOf, type Standing } from "./standing.ts";
import type { ChannelWork } from "./work.ts";

/** What a channel shows, and how it came to that. */
export interface ChannelState {
  readonly name: RefName;
  readonly history: readonly ChannelEntry[];
  readonly standing: Standing;
  /** Undefined when it shows nothing. */
  readonly current: Snapshot | undefined;
  /** Reads the pages of catalogues; those that were read for `current` are not read again. */
  readonly read: ReadPage;
}

/**
 * What a channel shows, by its history. `read` has the pages that were read before for the same task.
 * @throws JamError JAM_STORE_CORRUPT when the history is damaged, or the ref shows what the history does not say
 */
export async function readChannelState(
  store: Pick<Store, "documents" | "refs">,
  name: RefName,
  read = pageReader(store.documents),
): Promise<ChannelState> {
  const { history, standing, shown } = await readStanding(store, name);
  const current = shown === undefined ? undefined : await requireSnapshot(store, shown, { name, read });
  return { name, history, standing, current, read };
}

/**
 * The history of a channel and where it stands, without the agents that it shows.
 * @throws JamError as `readChannelState`
 */
export async function readStanding(
  store: HistoryReader,
  name: RefName,
): Promise<Pick<ChannelState, "history" | "standing"> & { readonly shown: string | undefined }> {
  const history = await readHistory(store, name);
  const standing = standingOf(history);
  const target = await store.refs.read(name);
  const shown = target === undefined ? undefined : snapshotIdOf(target);
  // A channel without any history was made by hand, or its damaged history was moved away: it begins with what is shown.
  if (history.length > 0 && standing.shown !== shown) throw movedByHand(name, { standing, shown });
  return { history, standing, shown };
}

function movedByHand(
  name: string,
  { standing, shown }: { readonly standing: Standing; readonly shown: string | undefined },
): JamError {
  return new JamError(
    "JAM_STORE_CORRUPT",
    `The channel ${name} shows ${shown ?? "nothing"}; its history says ${standing.shown ?? "nothing"}.`,
    {
      hint: `Nothing was changed. Find out who changed refs/${name} or state/channel-history-${name}.json, and restore both from one backup. Without one, move the history away: the next command on the channel starts a new one with what it shows.`,
      details: { channel: name, shown: shown ?? null, history: standing.shown ?? null },
    },
  );
}

async function requireSnapshot(
  store: Pick<Store, "documents">,
  id: string,
  { name: channel, read }: Pick<ChannelState, "name" | "read">,
): Promise<Snapshot> {
  const snapshot = await readSnapshot(store, id, { read });
  if (snapshot !== undefined) return snapshot;
  throw new JamError(
    "JAM_STORE_CORRUPT",
    `The snapshot ${id} that the channel ${channel} shows is missing.`,
    {
      hint: "Restore the data directory from a backup, or promote another snapshot: `jam channel promote` with --snapshot.",
      details: { channel, snapshot: id },
    },
  );
}

/** What a channel is to show. */
export interface NextContent {
  /** The snapshot that the agents come from. */
  readonly base: Snapshot;
  /** All or some of those of the base. */
  readonly agents: readonly Agent[];
  readonly origin: CuratedOrigin;
  /** What decided which agents these are. */
  readonly rules: RulesInForce;
}

/** The snapshot with these agents of the base: the base itself for all of them, else a new one, which nothing shows yet. */
export async function keepContent(
  { store, now, who }: Pick<ChannelWork, "store" | "now" | "who">,
  current: Snapshot | undefined,
  { base, agents, origin, rules }: NextContent,
): Promise<Snapshot> {
  if (agents.length === base.agents.length) return base;
  const { upstream, earlierProofs, bundle } = base;
  return keepSnapshot(store, {
    parent: current?.id,
    createdAt: now(),
    upstream,
    ...defined({ earlierProofs, bundle }),
    curated: origin,
    made: makingOf(who, rules),
    verbatim: { complete: false, reason: `channel ${origin.channel} lists a part of snapshot ${base.id}` },
    agents,
  });
}

/** SHA-256 of the agents that a snapshot lists, ordered by name and path. */
export function catalogueOf(agents: readonly Agent[]): string {
  const keyed = agents.map((agent) => [`${formatAgentName(agent)} ${agent.path}`, agent] as const);
  const ordered = keyed.sort(([a], [b]) => compareTexts(a, b)).map(([, agent]) => agent);
  return sha256Of(canonicalJson(ordered));
}

/** What happened, without what follows from the channel's state. */
export type StepFacts = Pick<ChannelStep, "action" | "reason"> &
  Partial<Pick<ChannelStep, "version" | "feeder" | "source" | "head">>;

/** Records a step that leaves what the channel shows as it is. Call with the lease held. */
export async function noteStep(
  work: Pick<ChannelWork, "store" | "now" | "who">,
  { name, current }: ChannelState,
  facts: StepFacts,
): Promise<ChannelEntry> {
  return recordStep(work.store, name, { step: stepOf(work, facts, { from: current, to: current }) });
}

/** Shows another snapshot in a channel, in one step, and records it. Call with the lease held. */
export async function moveChannel(
  work: Pick<ChannelWork, "store" | "now" | "who" | "graceMs">,
  { name, history, current, standing, read }: ChannelState,
  { to, facts }: { readonly to: Snapshot; readonly facts: StepFacts },
): Promise<ChannelEntry> {
  const { store, graceMs } = work;
  const step = stepOf(work, facts, { from: current, to });
  const at = new Date(step.at);
  // What a rollback leads to stays, however many snapshots the channel has shown since.
  const rollbacks = standingOf([...history, { ...step, previous: null }]).earlier;
  const withdrawn = new Set(standing.withdrawn.keys());
  const isApart = facts.action === "withdraw";
  if (isApart && typeof facts.version === "string") withdrawn.add(facts.version);
  const act = async () => {
    const graced = await readGraced(store, name, { graceMs, now: at, withdrawn, read });
    await showSnapshot(store, to, { ref: name, graced, at, withdrawn, rollbacks, isApart });
  };
  return recordStep(store, name, { step, act });
}

function stepOf(
  { now, who }: Pick<ChannelWork, "now" | "who">,
  facts: StepFacts,
  { from, to }: { readonly from: Snapshot | undefined; readonly to: Snapshot | undefined },
): ChannelStep {
  return channelEntry.omit({ previous: true }).parse({
    at: now().toISOString(),
    who,
    version: null,
    feeder: null,
    source: null,
    ...facts,
    from: from?.id ?? null,
    to: to?.id ?? null,
    catalogue: to === undefined ? null : catalogueOf(to.agents),
  });
}
