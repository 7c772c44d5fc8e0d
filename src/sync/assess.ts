import type { Upstream } from "../upstream/source.ts";
import { defined } from "../shared/collections.ts";
import type { JamError } from "../shared/errors.ts";
import type { Sha256 } from "../shared/sha256.ts";
import { formatAgentName, type Agent } from "../juju/agent.ts";
import { buildCatalogue } from "../juju/catalogue.ts";
import { reportUseless, type RuleReport } from "../juju/rule-report.ts";
import { compileSelection, type Verdict } from "../juju/select.ts";
import type { SelectionRules } from "../juju/select-rule.ts";
import { parseStreamContentId } from "../juju/stream.ts";
import { askOthers, type FurtherUpstream } from "./ask-others.ts";
import { type AssessInput, chooseUpstream, type SourceFailure } from "./choose-upstream.ts";
import {
  guardCatalogue,
  needsHistory,
  type GuardedCatalogue,
  type GuardInput,
  type RefusedChange,
} from "../metadata/guard.ts";
import { warnOfUnread, type ListedHistory } from "../mirror/listed-before.ts";
import { warnOfGone } from "../mirror/gone-upstream.ts";
import { findHeld } from "../mirror/held-tarballs.ts";
import { isRefusedChange } from "../mirror/refused-changes.ts";
import { describeNewSigner, rememberSigners, signersBefore, signersOf } from "../mirror/signers.ts";
import { withAccepted, type UpstreamState } from "../mirror/upstream-state.ts";
import {
  evaluateAgents,
  unfulfilled,
  evaluateRules,
  withUnread,
  refuseEmptySelection,
  ruleWarnings,
} from "./evaluate-rules.ts";
import {
  assessOffer,
  joinOffered,
  offeredByAway,
  planOffer,
  rulesOfSync,
  type AssessedOffer,
} from "./assess-offer.ts";
import { refuseLargeRemoval, type RemovalInput } from "./removal-guard.ts";
import { planSync, type FetchStep, type PlanInput, type SyncPlan } from "./plan.ts";
import type { UpstreamMetadata } from "../metadata/read-metadata.ts";
import { heldDespiteRefusal, relevantRefusals, withUnreadListings } from "../metadata/refusals.ts";
import { keptForFleet, type RunningVersions, unknownFleet } from "../mirror/running-versions.ts";
import { PathSpace } from "../juju/path-space.ts";
import { nameSome } from "../shared/listed.ts";
import type { FailedItem } from "../mirror/run-report.ts";

/** What upstream has, what the rules want of it, what is held, and the plan that follows. */
export interface Assessment {
  /** The upstream whose metadata is used. */
  readonly source: Upstream;
  /** Where tarballs may come from: the source of the metadata first. */
  readonly sources: readonly Upstream[];
  readonly metadata: UpstreamMetadata;
  /** Every agent that this metadata lists. */
  readonly listed: readonly Agent[];
  /** Upstreams that list what the first one does not. */
  readonly further: readonly FurtherUpstream[];
  /** Upstreams that were asked and could be read. */
  readonly answered: readonly Upstream[];
  /** Upstreams that were asked and could not be used. */
  readonly failures: readonly SourceFailure[];
  /** Held agents that no upstream lists now and that stay: an upstream could not be asked, or the fleet may run them. */
  readonly staying: readonly Agent[];
  /** Agents that upstream withdrew and whose tarballs stay, listed or not. */
  readonly gone: readonly Agent[];
  /** Agents that the rules take and of which upstream lists other bytes now: refused. */
  readonly changed: readonly RefusedChange[];
  /** What is held in the place of all changes that were refused: only earlier documents prove it. */
  readonly contradicted: readonly Agent[];
  readonly plan: SyncPlan;
  /** What a mirror in cache mode offers from now on; undefined in other modes. */
  readonly offer: AssessedOffer | undefined;
  /** Wanted items that are refused before any fetch. */
  readonly failed: readonly FailedItem[];
  /** Whether an agent's tarball is held once these steps were fetched too. */
  readonly isHeldAfter: (fetched: readonly FetchStep[]) => (agent: Agent) => boolean;
  /** What to record as accepted when the run succeeds. */
  readonly state: UpstreamState;
  readonly warnings: readonly string[];
  readonly rules: readonly RuleReport[];
  /** What in `select` and `deny` has no effect, one sentence each; for who checks the settings. */
  readonly useless: () => readonly string[];
  /** Why a sync changes nothing: it would take nothing, remove too much, or (in a plan) not fit on the disk. */
  readonly refusal: JamError | undefined;
}

/**
 * Reads the first upstream that answers with metadata to be trusted, asks the next ones for what it does not list, and
 * plans.
 * @throws JamError JAM_UPSTREAM_…, JAM_METADATA_…
 */
export async function assessUpstream(input: AssessInput): Promise<Assessment> {
  const shown = input.current?.agents ?? [];
  const listed = input.offered === undefined ? shown : joinOffered(input.offered, shown);
  const { chosen, others, catalogue, upstream, forFleet, gone, isRead } = await readUpstreams(input, listed);
  const { source, metadata } = chosen;
  const lister = listerOf(input, [source, ...others.further.map((one) => one.source)]);
  const { guarded, before } = await guardAgents(input, { upstream, listed, isRead, ...lister });
  const staying = [...others.staying, ...forFleet, ...(input.onUpstreamRemoval === "keep" ? gone : [])];
  const accepted = { agents: guarded.agents, listed, isRead, ...lister };
  const held = await findHeld(input.store, [...guarded.agents, ...listed]);
  const { plan, verdicts } = planWanted(input, { ...accepted, listed: shown, held });
  const goneStaying = stayingOf(input, gone, { verdicts, held });
  const refusals = relevantRefusals({ metadata, catalogue, guarded, rules: input.rules });
  const offerPlan = input.offered === undefined ? undefined : planOffer(input, accepted);
  const { away, rest: weighed } = splitAway(input, listed, { agents: guarded.agents, ...others });
  const { rules, refusal, unmet } = weighRules(input, {
    plan: offerPlan ?? plan,
    listed: weighed,
    agents: guarded.agents,
    metadata: [metadata, ...others.further.map((one) => one.metadata)],
    failures: others.failures,
    isWhole: refusals.failed.length === 0,
  });
  const all = [
    ...metadata.warnings,
    ...chosen.warnings,
    ...others.warnings,
    ...refusals.warnings,
    ...warnOfUnread(before),
    ...warnOfLost(input.running, forFleet),
    ...warnOfGone(input.onUpstreamRemoval, goneStaying, input.gone),
  ];
  const read = [chosen, ...others.further];
  const signers = nextSigners(input, read, refusals.failed.some(isRefusedChange));
  const urgent = [...findNewSigners(input, read), ...unknownFleet(input.running), ...unmet];
  warn(input, all, urgent);
  return {
    source,
    sources: [source, ...input.sources.filter((other) => other !== source)],
    metadata,
    listed: catalogue.agents,
    further: others.further,
    answered: [source, ...others.answered],
    failures: others.failures,
    staying,
    gone: goneStaying,
    changed: wantedChanges(guarded, input.rules),
    contradicted: guarded.refused.flatMap((change) => change.listed ?? []),
    plan,
    offer: offerPlan && assessOffer(input, { plan: offerPlan, listed: weighed, refusal, staying, away }),
    failed: [...refusals.failed, ...unfulfilledOf(input, { verdicts, held, failures: others.failures })],
    isHeldAfter: heldAfter(held),
    state: { ...nextState(input, chosen, others.further), ...defined({ signers }) },
    warnings: [...all, ...urgent],
    rules,
    // What a product file that cannot be read lists is not known.
    useless: () => (metadata.unreadable.length > 0 ? [] : reportUseless(guarded.agents, input.rules)),
    refusal,
  };
}

function heldAfter(held: ReadonlySet<Sha256>): Assessment["isHeldAfter"] {
  return (fetched) => {
    const now = new Set<Sha256>([...held, ...fetched.map(({ sha256 }) => sha256)]);
    return (agent) => now.has(agent.sha256);
  };
}

/** Compares what upstream lists with what the mirror lists and listed before. */
async function guardAgents(
  input: AssessInput,
  found: Pick<GuardInput, "upstream" | "listed" | "isRead" | "lister">,
): Promise<{ readonly guarded: GuardedCatalogue; readonly before: ListedHistory | undefined }> {
  const unlisted = input.gone.agents.map(({ agent }) => agent);
  const all = { ...input, ...found, unlisted };
  const before = needsHistory(all) ? await input.readBefore() : undefined;
  return { guarded: guardCatalogue({ ...all, ...(before && { before: before.agents }) }), before };
}

/** What a run for a plan is to fetch and cannot. */
function unfulfilledOf(
  { wishes, current }: Pick<AssessInput, "wishes" | "current">,
  found: {
    readonly verdicts: readonly Verdict[];
    readonly held: ReadonlySet<Sha256>;
    readonly failures: readonly SourceFailure[];
  },
): readonly FailedItem[] {
  if (wishes === undefined) return [];
  return unfulfilled(wishes, {
    verdicts: found.verdicts,
    held: (current?.agents ?? []).filter(({ sha256 }) => found.held.has(sha256)),
    unread: found.failures.map(({ source, error }) => ({ name: source.name, code: error.code })),
  });
}

/** With several upstreams what these do not list may be listed by another one. */
function listerOf(
  { sources }: Pick<AssessInput, "sources">,
  used: readonly Pick<Upstream, "name">[],
): Pick<PlanInput, "lister"> {
  return sources.length < 2 ? {} : { lister: { upstreams: used.map(({ name }) => name).join(" and ") } };
}

function warn({ observe }: AssessInput, warnings: readonly string[], urgent: readonly string[]): void {
  for (const message of warnings) observe({ kind: "warning", message });
  for (const message of urgent) observe({ kind: "warning", message, isUrgent: true });
}

/** What is listed only because of upstreams that could not be asked, and the rest: that one is away removes nothing. */
function splitAway(
  input: AssessInput,
  listed: readonly Agent[],
  found: Parameters<typeof offeredByAway>[1],
): { readonly away: readonly Agent[]; readonly rest: readonly Agent[] } {
  const away = new Set(offeredByAway(input, found));
  return { away: [...away], rest: away.size === 0 ? listed : listed.filter((agent) => !away.has(agent)) };
}

/** What a sync fetches and removes. */
function planWanted(
  input: AssessInput,
  {
    agents,
    listed,
    held,
    ...rest
  }: Omit<PlanInput, "verdicts" | "isHeld"> & {
    readonly agents: readonly Agent[];
    readonly held: ReadonlySet<Sha256>;
  },
): { readonly plan: SyncPlan; readonly verdicts: readonly Verdict[] } {
  const verdicts = evaluateAgents({
    ...input,
    rules: rulesOfSync(input),
    fleetRules: input.rules,
    agents,
    listed,
  });
  const plan = planSync({
    verdicts,
    ...rest,
    listed,
    isHeld: (agent) => held.has(agent.sha256),
    keepsListed: input.wishes !== undefined,
    keepsGone: input.onUpstreamRemoval === "unlist",
  });
  return { plan, verdicts };
}

/** What earlier runs accepted and this one. Nothing is kept of an upstream that is no longer configured. */
function nextState(
  input: Pick<AssessInput, "state" | "sources">,
  { source, metadata: { documents } }: Pick<FurtherUpstream, "source" | "metadata">,
  further: readonly FurtherUpstream[],
): Omit<UpstreamState, "signers"> {
  const { state, sources } = input;
  const next = withAccepted(state, documents, { source, sources });
  const configured = [...next.further].filter(([url]) => sources.some((one) => one.url === url));
  return {
    documents: next.documents,
    further: new Map([
      ...configured,
      ...further.map(({ source, metadata }) => [source.url, metadata.documents] as const),
    ]),
  };
}

/** Who signs these upstreams. While changed bytes are refused it is who signed them before, so that every run says it. */
function nextSigners(
  { state, sources }: Pick<AssessInput, "state" | "sources">,
  read: readonly Pick<FurtherUpstream, "source" | "metadata">[],
  keepsBefore: boolean,
): UpstreamState["signers"] {
  const named = [...(state.signers ?? [])].filter(([name]) => sources.some((one) => one.name === name));
  return rememberSigners(
    new Map(named),
    read.map(({ source, metadata: { documents } }) => {
      const before = keepsBefore ? signersBefore(state, source, source === sources[0]) : [];
      return { source, signers: before.length > 0 ? before : signersOf(documents) };
    }),
  );
}

/** What to say of upstreams whose signer is another one than before. */
function findNewSigners(
  { state, sources }: Pick<AssessInput, "state" | "sources">,
  read: readonly Pick<FurtherUpstream, "source" | "metadata">[],
): string[] {
  return read.flatMap(({ source, metadata }) => {
    const before = signersBefore(state, source, source === sources[0]);
    return describeNewSigner(source, before, signersOf(metadata.documents)) ?? [];
  });
}

/** Every agent that an upstream lists and that counts, and what of the mirror's streams was read for it. */
async function readUpstreams(input: AssessInput, listed: readonly Agent[]) {
  input.observe({ kind: "phase", phase: "metadata" });
  const wantsStream = streamTest(input);
  const chosen = await chooseUpstream(input, wantsStream);
  const { metadata } = chosen;
  const catalogue = buildCatalogue(metadata.products);
  const own = [
    ...withUnreadListings(catalogue.agents, metadata, listed),
    ...heldDespiteRefusal({ metadata, catalogue }, listed),
  ];
  const others = await askOthers(input, { chosen, own }, wantsStream);
  input.observe({ kind: "phase", phase: "plan" });
  const found = [...own, ...others.further.flatMap(({ agents }) => agents), ...others.staying];
  const forFleet = input.wishes === undefined ? lostToFleet(input.running, listed, found) : [];
  const isRead = (agent: Agent) =>
    agent.listings.some(({ contentId }) => {
      const stream = parseStreamContentId(contentId)?.stream;
      if (metadata.unreadable.some((entry) => entry.contentId === contentId)) return false;
      // A wanted stream that the index no longer names counts as read: upstream removed it.
      return metadata.products.has(contentId) || (stream !== undefined && wantsStream(stream));
    });
  const rest = [...found, ...forFleet];
  const gone = input.wishes === undefined ? await findGone(input, { found: rest, isRead }) : [];
  const upstream = [...rest, ...(input.onUpstreamRemoval === "keep" ? gone : [])];
  return { chosen, others, catalogue, forFleet, gone, upstream, isRead };
}

/**
 * Held agents that upstream does not list now although its documents were read: those of the mirror, and those that stayed
 * when they were withdrawn earlier. None where such agents are removed.
 */
async function findGone(
  { onUpstreamRemoval, gone, current, store }: AssessInput,
  { found, isRead }: { readonly found: readonly Agent[]; readonly isRead: (agent: Agent) => boolean },
): Promise<Agent[]> {
  if (onUpstreamRemoval === "remove") return [];
  const names = new Set(found.map(formatAgentName));
  const space = new PathSpace(found.map(({ path }) => path));
  const candidates = [...(current?.agents ?? []), ...gone.agents.map(({ agent }) => agent)];
  const held = await findHeld(store, candidates);
  return candidates.filter((agent) => {
    const name = formatAgentName(agent);
    if (names.has(name) || !isRead(agent) || !held.has(agent.sha256)) return false;
    if (space.take(agent.path) !== undefined) return false;
    names.add(name);
    return true;
  });
}

function wantedChanges({ refused }: GuardedCatalogue, rules: SelectionRules): readonly RefusedChange[] {
  if (refused.length === 0) return [];
  const isWanted = compileSelection(rules);
  return refused.filter(({ agent }) => isWanted(agent));
}

/** Those of the withdrawn agents that stay: the rules still decide what the mirror has. */
function stayingOf(
  { onUpstreamRemoval, rules }: AssessInput,
  gone: readonly Agent[],
  { verdicts, held }: { readonly verdicts: readonly Verdict[]; readonly held: ReadonlySet<Sha256> },
): readonly Agent[] {
  if (gone.length === 0) return [];
  if (onUpstreamRemoval === "unlist") return gone.filter(compileSelection(rules));
  const taken = new Set(verdicts.flatMap(({ agent, taken }) => (taken ? [formatAgentName(agent)] : [])));
  return gone.filter((agent) => taken.has(formatAgentName(agent)) && held.has(agent.sha256));
}

/** Listed agents that upstream does not list now and that stay, because the fleet may run them. */
function lostToFleet(
  running: RunningVersions | undefined,
  listed: readonly Agent[],
  found: readonly Agent[],
): Agent[] {
  if (running === undefined) return [];
  const isKept = keptForFleet(running);
  const names = new Set(found.map(formatAgentName));
  const space = new PathSpace(found.map(({ path }) => path));
  return listed.filter(
    (agent) => isKept(agent) && !names.has(formatAgentName(agent)) && space.take(agent.path) === undefined,
  );
}

function warnOfLost(running: RunningVersions | undefined, lost: readonly Agent[]): string[] {
  if (running?.state !== "known" || lost.length === 0) return [];
  const versions = [...new Set(lost.map(({ version }) => version))];
  return [`Upstream no longer lists ${nameSome(versions, 6)}, which the fleet runs: not removed.`];
}

/** What the rules get of what all upstreams list; a run for a plan ignores them. */
function weighRules(
  { rules, wishes, ...limits }: AssessInput,
  found: Pick<RemovalInput, "plan" | "listed"> & {
    readonly agents: readonly Agent[];
    readonly metadata: readonly UpstreamMetadata[];
    /** Upstreams that were asked and could not be read. */
    readonly failures: readonly SourceFailure[];
    /** Nothing that a rule may want was refused. */
    readonly isWhole: boolean;
  },
): {
  readonly rules: readonly RuleReport[];
  readonly refusal: JamError | undefined;
  readonly unmet: string[];
} {
  const unread = found.failures.map(({ source }) => source.name);
  const reports = withUnread(evaluateRules(found.agents, found.metadata, rules), unread);
  if (wishes !== undefined) return { rules: reports, refusal: undefined, unmet: [] };
  const empty = found.isWhole ? refuseEmptySelection(reports) : undefined;
  if (empty !== undefined) return { rules: reports, refusal: empty, unmet: [] };
  return {
    rules: reports,
    refusal: refuseLargeRemoval({ ...found, ...limits, deny: rules.deny }),
    unmet: ruleWarnings(reports),
  };
}

/** Whether some rule or plan asks for a stream. */
function streamTest({
  rules,
  kept,
  wishes,
}: Pick<AssessInput, "rules" | "kept" | "wishes">): (stream: string) => boolean {
  return isAnyOf([
    ...rules.select.flatMap(({ streams }) => streams),
    ...kept.streams,
    ...(wishes?.streams ?? []),
  ]);
}

/** Whether a stream is one of these; `*` stands for all. */
export function isAnyOf(streams: readonly string[]): (stream: string) => boolean {
  const wanted = new Set(streams);
  return (stream) => wanted.has("*") || wanted.has(stream);
}
