import { defined } from "../../shared/collections.ts";
import { formatAgentName, type Agent } from "../../juju/agent.ts";
import { PathSpace } from "../../juju/path-space.ts";
import type { DenyRule } from "../../juju/select-rule.ts";
import { selectAgents } from "../../juju/select.ts";
import { buildCatalogue } from "../../juju/catalogue.ts";
import { keepUpstreamCatalogue } from "../../mirror/keep-upstream-catalogue.ts";
import { guardCatalogue, type RefusedChange } from "../../metadata/guard.ts";
import { isMassRemoval } from "../../mirror/mass-removal.ts";
import { writeCarriedAdvice } from "../../mirror/knowledge.ts";
import { readGone, recordGone, warnOfGone, type GoneUpstream } from "../../mirror/gone-upstream.ts";
import { readListedBefore, warnOfUnread, type ListedBefore } from "../../mirror/listed-before.ts";
import { recordAlarms } from "../../mirror/path-alarms.ts";
import { findHeld } from "../../mirror/held-tarballs.ts";
import { makingOf, type RulesInForce } from "../../mirror/rules-in-force.ts";
import { publishChanges } from "../../mirror/publish-changes.ts";
import type { FailedItem } from "../../mirror/run-report.ts";
import { keptForFleet, unknownFleet } from "../../mirror/running-versions.ts";
import { describeNewSigner, rememberSigners, signersBefore, signersOf } from "../../mirror/signers.ts";
import { proofsOf, type BundleOrigin, type Snapshot } from "../../mirror/snapshot.ts";
import {
  byPath,
  readUpstreamState,
  writeUpstreamState,
  type UpstreamState,
} from "../../mirror/upstream-state.ts";
import { JamError } from "../../shared/errors.ts";
import { formatCount } from "../../shared/listed.ts";
import { MIRROR_REF } from "../../shared/ref-name.ts";
import type { Store } from "../../store/store.ts";
import type { BundleManifest } from "../format/manifest.ts";
import { collectProofs } from "../proofs.ts";
import type { ImportRules, ImportWork } from "./import-work.ts";
import type { PendingBundle } from "./pending-bundles.ts";
import { continuationOf, curateImport, showImported, type ChannelTarget } from "./channel-target.ts";
import { acceptedHere, verifyProofs, type VerifiedProofs } from "./verify-proofs.ts";

/** What publishing a bundle did. */
export interface PublishedBundle {
  readonly snapshot: Snapshot | undefined;
  readonly removed: readonly string[];
  /** Agents of the bundle that this side refuses. */
  readonly failed: readonly FailedItem[];
  readonly warnings: readonly string[];
}

type PublishWork = Pick<ImportWork, "store" | "openTrust" | "who" | "now" | "signal">;

/** A bundle that is about to be published. */
interface Publishing {
  readonly bundle: PendingBundle;
  /** The current snapshot. */
  readonly current: Snapshot | undefined;
  /** True where the ref shows a damaged snapshot instead. */
  readonly isDamaged: boolean;
  readonly rules: ImportRules;
  readonly work: PublishWork;
  /** The channel that is imported into; undefined for the mirror. */
  readonly target?: ChannelTarget | undefined;
}

/**
 * Publishes a bundle of which everything is here. Its proofs are verified again, its agents are compared with what
 * was accepted before, and the mirror is switched in one step.
 * @throws JamError JAM_METADATA_…, JAM_BUNDLE_UNPROVEN, JAM_STORE_…
 */
export async function publishBundle(
  bundle: PendingBundle,
  current: Snapshot | undefined,
  { rules, work, isDamaged, target }: Pick<Publishing, "rules" | "work" | "isDamaged" | "target">,
): Promise<PublishedBundle> {
  const run: Publishing = { bundle, current, isDamaged, rules, work, target };
  const proven = await prove(run);
  const known = await readGone(work.store.documents);
  // A channel is what it was made of: what upstream withdrew is for the mirror to decide.
  const gone = target === undefined ? await findGone(run, proven.verified, known) : [];
  const before = await readListedBefore(work.store);
  const chosen = curated(run, guard(run, proven.verified, { gone, before: before.agents }));
  const staying = withoutDenied(gone, rules.deny).agents;
  const recorded = { agents: staying, listed: chosen.agents, current, now: work.now() };
  const isRecorded = target === undefined && bundle.manifest.scope === "mirror";
  const kept = isRecorded ? await recordGone(work.store.documents, recorded) : known;
  const snapshot = await publish(run, proven, { agents: chosen.agents, gone: kept });
  await raiseAlarms(run, proven.verified, chosen.refused);
  const names = new Set(chosen.agents.map(formatAgentName));
  const { verified } = proven;
  return {
    snapshot,
    removed: (current?.agents ?? []).map(formatAgentName).filter((name) => !names.has(name)),
    failed: chosen.refused.map(failedItem),
    warnings: [
      ...newSigner(proven),
      ...verified.metadata.warnings,
      ...verified.unreadable.map(({ path, error }) => `${path} proves nothing: ${error.message}`),
      ...chosen.denied,
      ...warnOfUnread(before),
      ...unknownFleet(rules.running),
      ...warnOfGone(rules.onUpstreamRemoval ?? "remove", staying, known),
      ...partialWarning(bundle.manifest),
    ],
  };
}

/** What the documents in the bundle prove, and what was accepted before. */
interface Proven {
  readonly verified: VerifiedProofs;
  readonly state: UpstreamState;
}

async function prove({ bundle, current, rules, work, target }: Publishing): Promise<Proven> {
  const { documents } = work.store;
  const state = await readUpstreamState(documents, current);
  const known = acceptedHere(rules, { state, current, target });
  const request = { ...work, ...rules, documents, ...known };
  return { state, verified: await verifyProofs(bundle.manifest, request) };
}

/** In a channel, without what this side put on hold or withdrew there, or its `select` leaves out. */
function curated({ bundle, rules, target, work }: Publishing, chosen: ChosenAgents): ChosenAgents {
  if (target === undefined) return chosen;
  const { agents, kept } = curateImport(chosen.agents, target, work.now());
  if (agents.length === 0 && kept.length > 0) {
    throw new JamError(
      "JAM_CHANNEL_EMPTY",
      `Nothing of bundle ${bundle.manifest.id} would be listed in the channel ${target.name}.`,
      {
        lines: kept.slice(0, 5).map((line) => `  ${line}`),
        hint: "An index without agents would send every client to the internet. Release what is on hold or withdrawn, then import again.",
        details: { channel: target.name, bundle: bundle.manifest.id, deny: rules.deny.length },
      },
    );
  }
  return { ...chosen, agents, denied: [...chosen.denied, ...kept] };
}

/** What to say where upstream's documents are signed by another key than those that were accepted before. */
function newSigner({ verified: { source, metadata }, state }: Proven): string[] {
  const before = signersBefore(state, source, true);
  const message = describeNewSigner(source, before, signersOf(metadata.documents));
  return message === undefined ? [] : [message];
}

/** Notes both sides of what was refused; what the bundle contains in the place of held bytes is here already. */
async function raiseAlarms(
  { work, rules }: Publishing,
  { agents }: VerifiedProofs,
  refused: readonly RefusedChange[],
): Promise<void> {
  const listed = new Map(agents.map((agent) => [agent.path, agent.sha256]));
  await recordAlarms(work.store, refused, {
    now: work.now(),
    isSettled: ({ path, held }) =>
      listed.get(path) === held.sha256 || (listed.has(path) && rules.allow.has("path-reuse")),
  });
}

/** The agents to list: those of the bundle that do not contradict what is held, without what `deny` names. */
interface ChosenAgents {
  readonly agents: readonly Agent[];
  readonly refused: readonly RefusedChange[];
  /** One line for each agent that is left out. */
  readonly denied: readonly string[];
}

function guard(
  { bundle, current, rules }: Publishing,
  { agents }: VerifiedProofs,
  { gone, before }: { readonly gone: readonly Agent[]; readonly before: readonly ListedBefore[] },
): ChosenAgents {
  const isWhole = bundle.manifest.scope === "mirror";
  const listedAgain = rules.onUpstreamRemoval === "keep" ? gone : [];
  const staying = new Set(listedAgain.map(formatAgentName));
  const isForFleet = keptForFleet(rules.running);
  const isKept = (agent: Agent) => isForFleet(agent) || staying.has(formatAgentName(agent));
  const listed = withOthers(current?.agents ?? [], listedAgain);
  const guarded = guardCatalogue({
    upstream: agents,
    listed,
    before,
    isRead: (agent) => isWhole && !isKept(agent),
    maxRemoval: rules.retention.maxRemoval,
    allow: rules.allow,
    lister: "bundle",
  });
  const all = joined(guarded.agents, isWhole ? listed.filter(isKept) : listed);
  const chosen = { refused: guarded.refused, ...withoutDenied(all, rules.deny) };
  refuseDenied(chosen, { id: bundle.manifest.id, listed, rules });
  return chosen;
}

/** Whether what upstream withdrew stays here, and a bundle tells what that is. */
export function asksForGone(
  { onUpstreamRemoval = "remove" }: Pick<ImportRules, "onUpstreamRemoval">,
  { scope }: Pick<BundleManifest, "scope">,
): boolean {
  return onUpstreamRemoval !== "remove" && scope === "mirror";
}

/**
 * Held agents that upstream no longer lists, as the documents in a bundle of the whole mirror show; none where such agents
 * are removed. What upstream still lists and the bundle does not contain is the near side's choice, and is not among them.
 */
export async function findGone(
  {
    bundle,
    current,
    rules,
    work,
  }: {
    readonly bundle: Pick<PendingBundle, "manifest">;
    readonly current: Snapshot | undefined;
    readonly rules: ImportRules;
    readonly work: Pick<ImportWork, "store">;
  },
  { agents, metadata }: Pick<VerifiedProofs, "agents" | "metadata">,
  known: GoneUpstream,
): Promise<readonly Agent[]> {
  if (!asksForGone(rules, bundle.manifest)) return [];
  const names = new Set([...agents, ...buildCatalogue(metadata.products).agents].map(formatAgentName));
  const candidates = withOthers(
    current?.agents ?? [],
    known.agents.map(({ agent }) => agent),
  );
  const held = await findHeld(work.store, candidates);
  const isRead = ({ listings }: Agent) => listings.some(({ contentId }) => metadata.products.has(contentId));
  return candidates.filter(
    (agent) => !names.has(formatAgentName(agent)) && isRead(agent) && held.has(agent.sha256),
  );
}

/** The agents, and those of the others whose names are not among them. */
function withOthers(agents: readonly Agent[], others: readonly Agent[]): readonly Agent[] {
  const names = new Set(agents.map(formatAgentName));
  return [...agents, ...others.filter((agent) => !names.has(formatAgentName(agent)))];
}

/** This side's own `deny` must not empty the mirror, nor take most of it; what it names exactly is meant. */
function refuseDenied(
  { agents, denied }: Pick<ChosenAgents, "agents" | "denied">,
  {
    id,
    listed,
    rules,
  }: { readonly id: string; readonly listed: readonly Agent[]; readonly rules: ImportRules },
): void {
  if (agents.length === 0 && denied.length > 0) {
    throw new JamError(
      "JAM_SELECT_EMPTY",
      `\`deny\` excludes every agent of bundle ${id}, so nothing changes.`,
      {
        lines: denied.slice(0, 5).map((line) => `  ${line}`),
        hint: "Correct `deny` in jam.yaml, then run `jam bundle import` again with the same medium.",
        details: { bundle: id },
      },
    );
  }
  const exact = new Set(rules.deny.map(({ version }) => version));
  const names = new Set(agents.map(formatAgentName));
  const lost = listed.filter((agent) => !names.has(formatAgentName(agent)) && !exact.has(agent.version));
  const gone = selectAgents(lost, { select: [], deny: rules.deny }).filter((verdict) => verdict.denied);
  if (rules.allow.has("mass-removal")) return;
  if (!isMassRemoval(gone.length, listed.length, rules.retention.maxRemoval)) return;
  throw new JamError(
    "JAM_METADATA_MASS_REMOVAL",
    `\`deny\` would remove ${gone.length} of ${formatCount(listed.length, "mirrored agent")}; at most ${Math.round(rules.retention.maxRemoval * 100)} % may be removed at once.`,
    {
      lines: denied.slice(0, 5).map((line) => `  ${line}`),
      hint: "Correct `deny` in jam.yaml. If they are meant to be removed, repeat the command with --allow mass-removal (the limit is retention.maxRemoval).",
      details: { bundle: id, goneCount: gone.length, listed: listed.length },
    },
  );
}

/** Metadata and advice are written before the snapshot: a kill in between must not leave agents without them. */
async function publish(
  run: Publishing,
  { verified, state }: Proven,
  { agents, gone }: { readonly agents: readonly Agent[]; readonly gone: GoneUpstream },
): Promise<Snapshot | undefined> {
  const { bundle, current, isDamaged, rules, work, target } = run;
  const { store, now } = work;
  const earlierProofs = await findEarlierProofs(store, { verified, current, agents, gone });
  if (target === undefined) await keepAccepted(run, { verified, state });
  const { id, advice } = bundle.manifest;
  await writeCarriedAdvice(store.documents, { bundle: id, advice });
  const { graceMs } = rules.retention;
  const show = (to: Snapshot, at: ChannelTarget) =>
    showImported(bundle, at, { to, work: { ...work, graceMs } });
  const snapshot = await publishChanges({
    store,
    ref: target?.name ?? MIRROR_REF,
    retention: rules.retention,
    now,
    current,
    isDamaged,
    source: verified.source,
    metadata: verified.metadata,
    agents,
    ...(earlierProofs.length === 0 ? {} : { earlierProofs }),
    bundle: originOf(bundle),
    ...(target && { show: (to) => show(to, target) }),
    ...(work.who !== undefined && { made: makingOf(work.who, rulesOf(rules)) }),
  });
  // Nothing else is listed, and still the near side's history may be longer.
  const isNamed = await isNamedHere(run);
  if (target !== undefined && snapshot !== undefined && snapshot === current && !isNamed)
    await show(snapshot, target);
  return snapshot;
}

/** Whether this side's history names the end of the near side's already, where there is one. */
async function isNamedHere({ bundle, target, work }: Publishing): Promise<boolean> {
  const continuation = target && (await continuationOf(bundle.manifest, target, work.store));
  return continuation === undefined || continuation === "same";
}

/** What is compared with later documents. */
async function keepAccepted({ work: { store } }: Publishing, { verified, state }: Proven): Promise<void> {
  const accepted = new Map([...state.documents, ...byPath(verified.metadata.documents)]);
  const { source, metadata } = verified;
  const signers = rememberSigners(state.signers, [{ source, signers: signersOf(metadata.documents) }]);
  const next = { ...state, documents: accepted, signers };
  await writeUpstreamState(store.documents, next);
  const listed = () => buildCatalogue(metadata.products).agents;
  await keepUpstreamCatalogue(store.documents, next, { ...metadata, agents: listed });
}

function rulesOf({ deny, onUpstreamRemoval = "remove" }: ImportRules): RulesInForce {
  return { deny, onUpstreamRemoval };
}

function failedItem({ agent, error: { code, message } }: RefusedChange): FailedItem {
  return { agent: formatAgentName(agent), path: agent.path, code, message };
}

function originOf({ manifest: { id, createdAt }, signedBy, signerExpiredAt }: PendingBundle): BundleOrigin {
  return { id, createdAt, signedBy, ...defined({ signerExpiredAt }) };
}

/** The bundle's agents, and those of the others whose names the bundle does not contain. */
function joined(bundled: readonly Agent[], others: readonly Agent[]): Agent[] {
  const names = new Set(bundled.map(formatAgentName));
  const paths = new Map(bundled.map(({ path, sha256 }) => [path, sha256]));
  const space = new PathSpace(paths.keys());
  const staying = others.filter(
    (agent) =>
      !names.has(formatAgentName(agent)) &&
      (paths.get(agent.path) ?? agent.sha256) === agent.sha256 &&
      space.take(agent.path) === undefined,
  );
  return [...bundled, ...staying];
}

export function withoutDenied(
  agents: readonly Agent[],
  deny: readonly DenyRule[],
): { readonly agents: Agent[]; readonly denied: string[] } {
  const verdicts = selectAgents(agents, { select: [], deny });
  return {
    agents: verdicts.flatMap(({ agent, denied }) => (denied ? [] : [agent])),
    denied: verdicts.flatMap(({ agent, denied, reason }) =>
      denied ? [`${formatAgentName(agent)} is not listed here: ${reason}`] : [],
    ),
  };
}

/** Proofs of agents that the bundle's own documents do not list: the snapshot keeps them. */
async function findEarlierProofs(
  store: Store,
  {
    verified,
    current,
    agents,
    gone,
  }: {
    readonly verified: VerifiedProofs;
    readonly current: Snapshot | undefined;
    readonly agents: readonly Agent[];
    readonly gone: GoneUpstream;
  },
): Promise<NonNullable<Snapshot["earlierProofs"]>> {
  const before = current === undefined ? [] : proofsOf(current);
  const known = [...verified.proofs, ...before, ...gone.proofs];
  const { sets } = await collectProofs(store.documents, known, agents);
  return sets.slice(1).map(({ documents, ...set }) => ({
    ...set,
    documents: documents.map(({ size: _size, ...proven }) => proven),
  }));
}

function partialWarning({ id, missing }: BundleManifest): string[] {
  if (missing.length === 0) return [];
  const names = missing.slice(0, 5).map(({ agent }) => agent);
  return [
    `Bundle ${id} was made without ${missing.length} of the requested agents: ${names.join(", ")}${missing.length > 5 ? ", …" : ""}`,
  ];
}
