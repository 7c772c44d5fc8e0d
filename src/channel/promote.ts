import type { Agent } from "../juju/agent.ts";
import { diffSnapshots } from "../mirror/list-snapshots.ts";
import type { Snapshot } from "../mirror/snapshot.ts";
import { requireComplete } from "../mirror/switch-snapshot.ts";
import type { RulesInForce } from "../mirror/rules-in-force.ts";
import { compareTexts, defined } from "../shared/collections.ts";
import { JamError } from "../shared/errors.ts";
import { shellCommand } from "../shared/shell-command.ts";
import { feedersOf, readChannels, requireChannel, type Channel } from "./channels.ts";
import { blocksOf, curate, type Block, type Curation, type CurationInput } from "./curate.ts";
import { createDelay } from "./delay.ts";
import { describeLost, historyLost, isLost } from "./lost-history.ts";
import {
  catalogueOf,
  keepContent,
  moveChannel,
  readChannelState,
  readStanding,
  type ChannelState,
} from "./move-channel.ts";
import type { ChannelMove } from "./channel-documents.ts";
import { readSource } from "./source.ts";
import { strandedBy } from "./stranded.ts";
import type { ChannelWork } from "./work.ts";

/** A promotion that is asked for. */
export interface PromotionRequest {
  readonly name: string;
  /** A snapshot that the feeder has shown, by id or by the beginning of it. Default: what it shows now. */
  readonly snapshot?: string | undefined;
  readonly reason: string;
  /** Nobody looks at it: it is refused where it is not known what is on hold or withdrawn. */
  readonly isUnattended?: true;
}

/** What a promotion will do. */
interface Promotion {
  readonly channel: Channel;
  readonly state: ChannelState;
  readonly source: Snapshot;
  readonly curation: Curation;
  readonly blocks: ReadonlyMap<string, Block>;
  /** Channels on the way whose history is lost. */
  readonly lost: readonly string[];
  readonly document: ChannelMove;
}

/**
 * What a promotion would change; changes nothing, and refuses what the promotion itself would refuse.
 * @throws JamError JAM_CHANNEL_NOT_FOUND, JAM_CHANNEL_EMPTY, JAM_SNAPSHOT_NOT_FOUND, JAM_STORE_…
 */
export async function planPromotion(
  work: ChannelWork,
  request: Omit<PromotionRequest, "reason">,
): Promise<ChannelMove> {
  return (await plan(work, request)).document;
}

/**
 * Gives a channel what its feeder has shown, without what is on hold, withdrawn, too young or not selected: one switch, one
 * entry in the history. Call with the lease held.
 * @throws JamError as `planPromotion`
 */
export async function promote(work: ChannelWork, request: PromotionRequest): Promise<ChannelMove> {
  const { channel, state, source, curation, blocks, lost, document } = await plan(work, request);
  if (document.outcome === "unchanged") return document;
  const [unknown] = lost;
  if (unknown !== undefined && request.isUnattended === true) throw historyLost(unknown);
  const { name, from } = channel;
  const to = await keepContent(work, state.current, {
    base: source,
    agents: curation.agents,
    origin: { channel: name, from, snapshot: source.id },
    rules: rulesOf(channel, blocks),
  });
  const facts = { action: "promote", reason: request.reason, feeder: from, source: source.id } as const;
  await moveChannel(work, state, { to, facts });
  return { ...document, to: to.id };
}

async function plan(work: ChannelWork, request: Omit<PromotionRequest, "reason">): Promise<Promotion> {
  const { store, now } = work;
  const channels = await readChannels(store.documents, work.settings);
  const channel = requireChannel(channels, request.name);
  const feeders = feedersOf(channels, channel);
  const state = await readChannelState(store, channel.name);
  const source = await readSource(store, channel, { word: request.snapshot, read: state.read });
  const reading = feeders.map(async ({ name }) => ({ name, ...(await readStanding(store, name)) }));
  const upstream = await Promise.all(reading);
  const blocks = blocksOf([state, ...upstream]);
  const lost = [{ ...state, shown: state.current?.id }, ...upstream]
    .filter(({ history, shown }) => isLost(history, shown))
    .map(({ name }) => name);
  const curation = curate({
    source: source.agents,
    current: state.current?.agents ?? [],
    verdicts: await verdictsOf(channel, source),
    blocks,
    dueAt: await createDelay(work, channel, source),
    now: now(),
  });
  const document = await describe(work, { channel, state, source, curation, lost });
  return { channel, state, source, curation, blocks, lost, document };
}

/** What the channel's `select` says; the code that reads versions as ranges is loaded only for that. */
async function verdictsOf({ select }: Channel, { agents }: Snapshot): Promise<CurationInput["verdicts"]> {
  if (select === undefined) return undefined;
  const { selectAgents } = await import("../juju/select.ts");
  return selectAgents(agents, { select, deny: [] });
}

async function describe(
  { store, running }: ChannelWork,
  { channel, state, source, curation, lost }: Omit<Promotion, "document" | "blocks">,
): Promise<ChannelMove> {
  const { agents, keptBack } = curation;
  if (agents.length === 0) throw nothingLeft(channel, source, curation);
  const before = { ...source, id: "", agents: state.current?.agents ?? [] };
  const { added, removed, changed, bytes } = diffSnapshots(before, { ...source, agents });
  const isDifferent = added.length + removed.length + changed.length > 0;
  // The same tarballs may be listed elsewhere, in another stream for example.
  const isSame = !isDifferent && state.current !== undefined && isSameList(state.current.agents, agents);
  if (!isSame) await requireComplete(store, { ...source, agents });
  const stranded = strandedBy(channel.name, { before: before.agents, after: agents, running });
  return {
    outcome: isSame ? "unchanged" : "promoted",
    channel: channel.name,
    from: state.current?.id ?? null,
    to: isSame ? (state.current?.id ?? null) : null,
    feeder: channel.from,
    source: source.id,
    added,
    removed,
    changed,
    bytes,
    keptBack,
    warnings: isSame ? [] : [...lost.map(describeLost), ...stranded],
  };
}

function isSameList(one: readonly Agent[], other: readonly Agent[]): boolean {
  return one === other || catalogueOf(one) === catalogueOf(other);
}

function nothingLeft({ name, from }: Channel, { id }: Snapshot, { keptBack }: Curation): JamError {
  const reasons = [...Map.groupBy(keptBack, ({ why }) => why)].map(([why, all]) => `${why}: ${all.length}`);
  const why = reasons.length === 0 ? "" : ` Kept back: ${reasons.join(", ")}.`;
  return new JamError(
    "JAM_CHANNEL_EMPTY",
    `Nothing of snapshot ${id} of ${from} would be listed in the channel ${name}.${why}`,
    {
      hint: `An index without agents would send every client to the internet. \`${shellCommand`jam channel diff ${name}`}\` explains what is kept back.`,
      details: { channel: name, snapshot: id },
    },
  );
}

/** What decides which of the feeder's agents a channel gets, for the record. */
function rulesOf({ select, delayMs, clock }: Channel, blocks: ReadonlyMap<string, Block>): RulesInForce {
  const blocked = (kind: Block["kind"]) => {
    const versions = [...blocks].filter(([, block]) => block.kind === kind).map(([version]) => version);
    return versions.length === 0 ? undefined : versions.sort(compareTexts);
  };
  return defined({
    select,
    delay: delayMs === 0 ? undefined : { ms: delayMs, clock },
    held: blocked("held"),
    withdrawn: blocked("withdrawn"),
  });
}
