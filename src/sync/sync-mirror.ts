import type { Store } from "../store/store.ts";
import type { Agent } from "../juju/agent.ts";
import { isJamError, type JamError } from "../shared/errors.ts";
import { MIRROR_REF } from "../shared/ref-name.ts";
import { assessUpstream, type Assessment } from "./assess.ts";
import { nameDamaged, type DamagedBlob } from "../mirror/damaged-blobs.ts";
import { pageReader, type ReadPage } from "../mirror/catalogue.ts";
import { readBaseline } from "../mirror/read-snapshots.ts";
import { settleDamage, withdrawDamaged } from "../mirror/settle-damage.ts";
import type { SyncObserver } from "../mirror/run-events.ts";
import { earlierProofsOf } from "./earlier-proofs.ts";
import { fetchItems, type FetchOutcome } from "./fetch-items.ts";
import { keepChanged } from "./keep-changed.ts";
import { recordRun } from "../mirror/record-run.ts";
import type { SyncReport, UnstampedReport } from "../mirror/run-report.ts";
import {
  joinKeptPlans,
  NO_KEPT_PLANS,
  readKeptPlans,
  writeKeptPlans,
  type KeptPlans,
} from "../mirror/kept-plans.ts";
import { recordAccepted } from "./record-offer.ts";
import { offeredBy, readOffer } from "../mirror/offer.ts";
import { readUpstreamState } from "../mirror/upstream-state.ts";
import { publishableAgents, spaceOf, type FetchStep } from "./plan.ts";
import { pruneStore } from "../mirror/prune.ts";
import { readGone, recordGone, type GoneFound, type GoneUpstream } from "../mirror/gone-upstream.ts";
import { makingOf, type RulesInForce } from "../mirror/rules-in-force.ts";
import { readListedBefore } from "../mirror/listed-before.ts";
import { recordAlarms, type PathAlarm } from "../mirror/path-alarms.ts";
import { publishChanges } from "../mirror/publish-changes.ts";
import { markDamage, repairTrees } from "../mirror/rebuild-tree.ts";
import type { Snapshot } from "../mirror/snapshot.ts";
import { refuseOverfull } from "../mirror/space.ts";
import type { SyncCollaborators, SyncOptions } from "./sync-work.ts";
import { lookForChanges, noteUnchanged } from "./unchanged-sync.ts";
import { summarizeRun } from "./summarize-run.ts";

/**
 * Plans a sync without fetching a tarball or changing anything: the dry run.
 * @throws JamError JAM_UPSTREAM_…, JAM_METADATA_…
 */
export async function planMirrorSync(options: SyncOptions, work: SyncCollaborators): Promise<Assessment> {
  const { current } = await readBaseline(work.store, MIRROR_REF);
  const assessment = await assess(options, work, current);
  const refusal = assessment.refusal ?? (await findOverfull(options, work.store, assessment));
  return { ...assessment, refusal };
}

/** Why the sync would be refused for space; undefined where it would not, or the space cannot be read. */
async function findOverfull(
  { retention }: SyncOptions,
  store: Store,
  { plan }: Assessment,
): Promise<JamError | undefined> {
  try {
    await refuseOverfull(store, spaceOf(plan), retention.quota);
    return undefined;
  } catch (error) {
    return isJamError(error, "JAM_STORE_NO_SPACE") ? error : undefined;
  }
}

/**
 * Updates the mirror to what upstream lists and the rules want: verified metadata, missing tarballs, one atomic
 * publication, retention. Everything good is published even when some tarballs fail (outcome `partial`).
 * Each run leaves a report in the history, a failed one included.
 * @throws JamError JAM_STORE_LOCKED, JAM_UPSTREAM_…, JAM_METADATA_…, JAM_STORE_…, JAM_CANCELLED
 */
export async function syncMirror(options: SyncOptions, work: SyncCollaborators): Promise<SyncReport> {
  let [agents, bytes] = [0, 0];
  const observe: SyncObserver = (event) => {
    if (event.kind === "item-bytes") bytes += Math.max(event.bytes, 0);
    if (event.kind === "item-done") agents += event.agents ?? 0;
    work.observe(event);
  };
  const { report } = await recordRun({
    ...work,
    command: "jam sync",
    act: (signal) => runSync(options, { ...work, observe, signal }),
    reportOf: (result) => result,
    received: () => ({ agents, bytes }),
  });
  return report;
}

async function runSync(options: SyncOptions, work: SyncCollaborators): Promise<UnstampedReport> {
  const { store, observe, signal, now } = work;
  const read = pageReader(store.documents);
  const { current, damage } = await readBaseline(store, MIRROR_REF, { read });
  if (damage !== undefined) observe({ kind: "warning", message: damage, isUrgent: true });
  const { retention } = options;
  const damaged = await withdrawDamaged(store, { retention, now: now(), signal });
  observe({ kind: "phase", phase: "metadata" });
  const look = await lookForChanges({ options, work, current: damage === undefined ? current : undefined });
  if (look.report !== undefined) return leaveUnchanged(options, work, { current, read, report: look.report });
  const assessment = await assess(options, { ...work, sources: look.sources, read }, current).catch(
    (error: unknown) => {
      if (damaged.length > 0)
        observe({ kind: "warning", message: stillWithdrawn(damaged, current?.agents), isUrgent: true });
      throw error;
    },
  );
  if (assessment.refusal !== undefined) throw assessment.refusal;
  const { plan } = assessment;
  await refuseOverfull(store, spaceOf(plan), options.retention.quota);
  const outcome = await fetchPlanned(options, work, { assessment, read });
  const alarms = await raiseAlarms(options, work, assessment);
  observe({ kind: "phase", phase: "publish" });
  const unrepaired = await settleDamage(store, signal);
  if (unrepaired.length > 0)
    observe({ kind: "warning", message: stillWithdrawn(unrepaired, current?.agents), isUrgent: true });
  const held = assessment.isHeldAfter(outcome.fetched);
  const agents = publishableAgents(plan, current?.agents ?? [], held);
  await recordAccepted(store.documents, assessment, { now: work.now() });
  await recordPlans(options, store);
  const gone = await noteGone(options, work, { assessment, current, listed: agents });
  const earlierProofs = await earlierProofsOf(store.documents, assessment, { current, gone });
  const snapshot = await publishChanges({
    store,
    ref: MIRROR_REF,
    retention: options.retention,
    now: work.now,
    current,
    read,
    isDamaged: damage !== undefined,
    source: assessment.source,
    metadata: assessment.metadata,
    agents,
    ...(earlierProofs.length === 0 ? {} : { earlierProofs }),
    ...(work.who !== undefined && { made: makingOf(work.who, rulesOf(options)) }),
  });
  await repairTrees(store, { before: current, retention: options.retention, now: work.now() });
  await work.afterPublish?.();
  observe({ kind: "phase", phase: "prune" });
  await pruneStore(store, options.retention, work.now(), { read });
  const report = summarizeRun({ current, snapshot, assessment, outcome, agents, gone, alarms });
  await noteUnchanged({ options, work, current: snapshot }, assessment, report);
  return report;
}

async function fetchPlanned(
  { jobs, retention: { graceMs } }: SyncOptions,
  work: SyncCollaborators,
  { assessment: { plan, sources }, read }: { readonly assessment: Assessment; readonly read: ReadPage },
): Promise<FetchOutcome> {
  const { store, observe } = work;
  await markDamage(store, plan.fetch, { graceMs, read });
  observe({ kind: "phase", phase: "fetch" });
  const received = await stagedOf(store.blobs, plan.fetch);
  observe({ kind: "planned", items: plan.fetch.length, bytes: plan.bytes, received });
  return fetchItems({ steps: plan.fetch, jobs, ...work, blobs: store.blobs, sources });
}

/** Keeps both sides of what was refused because its bytes have changed. */
async function raiseAlarms(
  { jobs }: SyncOptions,
  work: SyncCollaborators,
  { changed, sources, metadata }: Assessment,
): Promise<readonly PathAlarm[]> {
  for (const message of await keepChanged(changed, work, { sources, jobs }))
    work.observe({ kind: "warning", message, isUrgent: true });
  // What a product file that cannot be read lists is not known.
  const isSettled = () => metadata.unreadable.length === 0;
  return recordAlarms(work.store, changed, { now: work.now(), isSettled });
}

/** What stays although upstream withdrew it; a run for a plan leaves that as it was. */
async function noteGone(
  { wishes }: SyncOptions,
  { store: { documents }, now }: SyncCollaborators,
  { assessment, ...run }: Omit<GoneFound, "agents" | "now"> & { readonly assessment: Assessment },
): Promise<GoneUpstream> {
  if (wishes !== undefined) return readGone(documents);
  return recordGone(documents, { ...run, agents: assessment.gone, now: now() });
}

function rulesOf({ rules, onUpstreamRemoval = "remove" }: SyncOptions): RulesInForce {
  return { ...rules, onUpstreamRemoval };
}

/** The end of a run that has nothing to do: what is due by time alone happens all the same. */
async function leaveUnchanged(
  { retention }: SyncOptions,
  { store, observe, now, afterPublish }: SyncCollaborators,
  {
    current,
    read,
    report,
  }: {
    readonly current: Snapshot | undefined;
    readonly read: ReadPage;
    readonly report: UnstampedReport;
  },
): Promise<UnstampedReport> {
  for (const message of report.warnings) observe({ kind: "warning", message });
  observe({ kind: "planned", items: 0, bytes: 0, received: {} });
  await repairTrees(store, { before: current, retention, now: now() });
  await afterPublish?.();
  observe({ kind: "phase", phase: "prune" });
  await pruneStore(store, retention, now(), { read });
  return report;
}

/** What earlier runs left of these tarballs, by path. */
async function stagedOf(blobs: Store["blobs"], steps: readonly FetchStep[]): Promise<Record<string, number>> {
  const received: Record<string, number> = {};
  if (steps.length === 0) return received;
  const byHash = new Map(steps.map((step) => [step.sha256, step]));
  for await (const staged of blobs.listStaged?.() ?? []) {
    const step = byHash.get(staged.sha256);
    if (step !== undefined) received[step.path] = Math.min(staged.received, step.size);
  }
  return received;
}

function stillWithdrawn(damaged: readonly DamagedBlob[], listed: readonly Agent[] = []): string {
  const names = nameDamaged(
    damaged.map(({ sha256 }) => sha256),
    listed,
  );
  const more = names.length > 6 ? ` and ${names.length - 6} more` : "";
  return `Damaged, and neither listed nor served until a sync has fetched them again: ${names.slice(0, 6).join(", ")}${more}.`;
}

/** The assessment of a sync from what is held and offered now. */
export async function assess(
  options: SyncOptions,
  { read, ...work }: SyncCollaborators & { readonly read?: ReadPage },
  current: Snapshot | undefined,
): Promise<Assessment> {
  const { documents } = work.store;
  const offer = options.isCache === true ? await readOffer(documents) : undefined;
  return assessUpstream({
    ...options,
    onUpstreamRemoval: options.onUpstreamRemoval ?? "remove",
    gone: await readGone(documents),
    readBefore: () => readListedBefore(work.store, read),
    maxRemoval: options.retention.maxRemoval,
    ...work,
    current,
    offered: options.isCache === true ? (offer?.agents ?? []) : undefined,
    offeredBy: offer && offeredBy(offer),
    state: await readUpstreamState(documents, current),
    kept: await keptPlans(options, work.store),
    wishes: options.wishes,
    running: options.running,
  });
}

function keptPlans({ forgetsPlans }: SyncOptions, store: Store): Promise<KeptPlans> | KeptPlans {
  return forgetsPlans === true ? NO_KEPT_PLANS : readKeptPlans(store.documents);
}

/** What a later run keeps for plans; written before anything is published, so that a killed run loses none of it. */
async function recordPlans(options: SyncOptions, store: Store): Promise<void> {
  const { wishes } = options;
  if (wishes === undefined && options.forgetsPlans !== true) return;
  const kept = await keptPlans(options, store);
  const added = wishes === undefined ? kept : { ...wishes, agents: [...wishes.agents.keys()] };
  await writeKeptPlans(store.documents, joinKeptPlans(kept, added));
}
