import { formatByteSize } from "../shared/byte-size.ts";
import { JamError, reportError, toJamError, type ErrorReport } from "../shared/errors.ts";
import type { Sha256 } from "../shared/sha256.ts";
import { formatAgentName, sumTarballBytes, type Agent } from "../juju/agent.ts";
import type { SelectionRules } from "../juju/selection-rules.ts";
import { assessUpstream, type Assessment } from "./assess.ts";
import { readCurrentSnapshot } from "./current.ts";
import type { SyncObserver } from "./events.ts";
import { fetchItems, type FetchOutcome } from "./fetch-items.ts";
import type { Allowance } from "./freshness.ts";
import { keepReport } from "./history.ts";
import type { PlanWishes } from "./judge.ts";
import { joinKeptPlans, NO_KEPT_PLANS, readKeptPlans, writeKeptPlans, type KeptPlans } from "./kept-plans.ts";
import { readMemory, writeMemory } from "./memory.ts";
import { publishableAgents, type FetchStep, type SyncPlan } from "./plan.ts";
import type { SyncSource, SyncStore } from "./ports.ts";
import { pruneStore, readSnapshots } from "./prune.ts";
import { publishSnapshot, publishTree } from "./publish.ts";
import type { FailedItem, SyncReport } from "./report.ts";
import { gracedIds, type RetentionRules } from "./retention.ts";
import { MIRROR_REF, nextTreeId, type Snapshot } from "./snapshot.ts";
import { judgeVerbatimFace } from "./verbatim.ts";

export interface SyncOptions {
  readonly rules: SelectionRules;
  readonly retention: RetentionRules & { readonly maxRemoval: number };
  /** Tarballs at the same time. */
  readonly jobs: number;
  readonly allow: ReadonlySet<Allowance>;
  /** A run for a plan: fetches what it names, removes nothing, and lets later runs keep it. */
  readonly wishes?: PlanWishes;
  /** Lets go of what earlier plans asked for, unless the rules want it too. Default false. */
  readonly forgetsPlans?: boolean;
}

/** What a sync works with: real adapters, joined in the composition root. */
export interface SyncCollaborators {
  readonly store: SyncStore;
  /** In order of preference. */
  readonly sources: readonly SyncSource[];
  readonly observe: SyncObserver;
  readonly now: () => Date;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly signal: AbortSignal;
}

/** Kept free beyond what a run needs, so that the machine's other work goes on. */
const RESERVED_BYTES = 64 * 2 ** 20;

/**
 * Plans a sync without fetching a tarball or changing anything: the dry run.
 * @throws JamError JAM_UPSTREAM_…, JAM_METADATA_…
 */
export async function planMirrorSync(options: SyncOptions, work: SyncCollaborators): Promise<Assessment> {
  const current = await readCurrentSnapshot(work.store);
  return assess(options, work, current);
}

/**
 * Brings the mirror to what upstream has and the rules want: verified metadata, missing tarballs, one atomic
 * publication, retention. Everything good is published even when some tarballs fail (outcome `partial`).
 * Each run leaves a report in the history, a failed one included.
 * @throws JamError JAM_STORE_LOCKED, JAM_UPSTREAM_…, JAM_METADATA_…, JAM_STORE_…, JAM_CANCELLED
 */
export async function syncMirror(options: SyncOptions, work: SyncCollaborators): Promise<SyncReport> {
  const startedAt = work.now();
  const started = performance.now();
  const lease = await work.store.acquireWriter("jam sync");
  try {
    const stamp = () => ({
      startedAt: startedAt.toISOString(),
      durationMs: Math.round(performance.now() - started),
    });
    try {
      const report = { ...(await runSync(options, work)), ...stamp() };
      await keepReport(work.store.documents, report);
      return report;
    } catch (cause) {
      const error = toJamError(cause);
      await keepReport(work.store.documents, { ...failedReport(error), ...stamp() }).catch(() => undefined);
      throw error;
    }
  } finally {
    await lease.release();
  }
}

type UnstampedReport = Omit<SyncReport, "startedAt" | "durationMs">;

async function runSync(options: SyncOptions, work: SyncCollaborators): Promise<UnstampedReport> {
  const { store, observe } = work;
  await store.recover();
  const current = await readCurrentSnapshot(store);
  const assessment = await assess(options, work, current);
  const { plan } = assessment;
  await refuseOverfull(store, plan, options);
  observe({ kind: "phase", phase: "fetch" });
  observe({ kind: "planned", items: plan.fetch.length, bytes: plan.bytes });
  const outcome = await fetchItems({
    steps: plan.fetch,
    jobs: options.jobs,
    ...work,
    blobs: store.blobs,
    sources: assessment.sources,
  });
  observe({ kind: "phase", phase: "publish" });
  const held = assessment.isHeldAfter(outcome.fetched);
  const agents = publishableAgents(plan, current?.agents ?? [], held);
  for (const { sha256, bytes } of assessment.metadata.fresh)
    await store.documents.put("upstream", sha256, bytes);
  // Before anything is published: a kill in between must not leave agents whose metadata is not remembered.
  await writeMemory(store.documents, assessment.memory);
  await rememberPlans(options, store);
  const snapshot = await publish({ options, work, current, assessment, agents });
  await replaceDamaged(store, { current, snapshot, fetched: outcome.fetched });
  observe({ kind: "phase", phase: "prune" });
  await pruneStore(store, options.retention, work.now());
  return summarize({ current, snapshot, assessment, outcome, agents });
}

async function assess(
  options: SyncOptions,
  work: SyncCollaborators,
  current: Snapshot | undefined,
): Promise<Assessment> {
  const memory = await readMemory(work.store.documents, current);
  return assessUpstream({
    ...options,
    maxRemoval: options.retention.maxRemoval,
    ...work,
    current,
    memory,
    kept: await keptPlans(options, work.store),
    wishes: options.wishes,
  });
}

function keptPlans({ forgetsPlans }: SyncOptions, store: SyncStore): Promise<KeptPlans> | KeptPlans {
  return forgetsPlans === true ? NO_KEPT_PLANS : readKeptPlans(store.documents);
}

/** What a later run keeps for plans; written before anything is published, so that a kill loses no wish. */
async function rememberPlans(options: SyncOptions, store: SyncStore): Promise<void> {
  const { wishes } = options;
  if (wishes === undefined && options.forgetsPlans !== true) return;
  const kept = await keptPlans(options, store);
  const added = wishes === undefined ? kept : { ...wishes, agents: [...wishes.agents.keys()] };
  await writeKeptPlans(store.documents, joinKeptPlans(kept, added));
}

async function refuseOverfull(store: SyncStore, plan: SyncPlan, options: SyncOptions): Promise<void> {
  const free = await store.freeBytes();
  const details = { needed: plan.bytes, free, reserved: RESERVED_BYTES };
  if (plan.bytes > 0 && plan.bytes + RESERVED_BYTES > free) {
    throw new JamError(
      "JAM_STORE_NO_SPACE",
      `This sync needs ${formatByteSize(plan.bytes)} and the data directory has ${formatByteSize(free)} free.`,
      {
        hint: "Free some space, or narrow `select` in jam.yaml (jam sync --dry-run shows the plan).",
        details,
      },
    );
  }
  const { quota } = options.retention;
  const total = sumTarballBytes(plan.wanted);
  if (quota !== undefined && total > quota) {
    throw new JamError(
      "JAM_STORE_NO_SPACE",
      `What the rules want is ${formatByteSize(total)}, more than the quota of ${formatByteSize(quota)}.`,
      {
        hint: "Raise retention.quota or narrow `select` in jam.yaml.",
        details: { ...details, total, quota },
      },
    );
  }
}

/**
 * A tarball that was listed and had to be fetched again was missing or damaged; the published tree may still link
 * the damaged file, so it is built again.
 */
async function replaceDamaged(
  store: SyncStore,
  run: {
    readonly current: Snapshot | undefined;
    readonly snapshot: Snapshot | undefined;
    readonly fetched: readonly FetchStep[];
  },
): Promise<void> {
  const { current, snapshot } = run;
  if (current === undefined || snapshot?.id !== current.id) return;
  const listed = new Set(current.agents.map(({ sha256 }) => sha256));
  const treeId = await store.refs.read(MIRROR_REF);
  if (treeId === undefined || !run.fetched.some(({ sha256 }) => listed.has(sha256))) return;
  await publishTree(store, { treeId: nextTreeId(treeId), snapshot: current, graced: [], before: treeId });
}

interface PublishInput {
  readonly options: SyncOptions;
  readonly work: SyncCollaborators;
  readonly current: Snapshot | undefined;
  readonly assessment: Assessment;
  readonly agents: readonly Agent[];
}

/** The current snapshot when nothing of it changed, else a new published one. */
async function publish({
  options,
  work,
  current,
  assessment,
  agents,
}: PublishInput): Promise<Snapshot | undefined> {
  const { metadata, source } = assessment;
  const upstream: Snapshot["upstream"] = {
    name: source.name,
    url: source.url,
    verified: source.verifies,
    documents: metadata.documents.map(({ validators: _validators, ...proven }) => proven),
  };
  const verbatim = judgeVerbatimFace(metadata, source.verifies, agents);
  if (current !== undefined && isSame(current, { agents, upstream, verbatim })) return current;
  if (current === undefined && agents.length === 0) return undefined;
  const createdAt = work.now();
  const snapshots = await readSnapshots(work.store);
  const graced = gracedIds({ snapshots, referenced: new Set(), rules: options.retention, now: createdAt });
  if (current !== undefined) graced.add(current.id);
  return publishSnapshot(work.store, {
    agents,
    upstream,
    verbatim,
    graced: snapshots.filter(({ id }) => graced.has(id)),
    parent: current?.id,
    createdAt,
  });
}

/**
 * Whether publishing would change anything that a client can see. New signatures over the same agents only
 * matter where upstream's documents themselves are served.
 */
function isSame(current: Snapshot, next: Pick<Snapshot, "agents" | "upstream" | "verbatim">): boolean {
  if (JSON.stringify(sorted(current.agents)) !== JSON.stringify(sorted(next.agents))) return false;
  if (current.upstream.verified !== next.upstream.verified || current.upstream.url !== next.upstream.url)
    return false;
  if (current.verbatim.complete !== next.verbatim.complete) return false;
  return !current.verbatim.complete || proofsOf(current) === proofsOf(next);
}

function proofsOf({ upstream }: Pick<Snapshot, "upstream">): string {
  return upstream.documents.map(({ sha256 }) => sha256).join();
}

function sorted(agents: readonly Agent[]): Agent[] {
  return agents.toSorted((a, b) => (formatAgentName(a) < formatAgentName(b) ? -1 : 1));
}

interface Summary {
  readonly current: Snapshot | undefined;
  readonly snapshot: Snapshot | undefined;
  readonly assessment: Assessment;
  readonly outcome: FetchOutcome;
  readonly agents: readonly Agent[];
}

function summarize({ current, snapshot, assessment, outcome, agents }: Summary): UnstampedReport {
  const before = new Set(current?.agents.map(formatAgentName));
  const after = new Set(agents.map(formatAgentName));
  const failed = [...assessment.failed, ...failedSteps(assessment.plan, outcome.failed)];
  const isChanged = snapshot?.id !== current?.id;
  return {
    outcome: failed.length > 0 ? "partial" : isChanged ? "updated" : "unchanged",
    snapshot: snapshot?.id ?? null,
    upstream: assessment.source.url,
    verified: assessment.source.verifies,
    fetched: {
      agents: outcome.fetched.reduce((sum, step) => sum + step.agents.length, 0),
      bytes: outcome.bytes,
    },
    held: { agents: agents.length, bytes: sumTarballBytes(agents) },
    added: [...after].filter((name) => !before.has(name)),
    removed: assessment.plan.remove.filter(({ agent }) => !after.has(agent)),
    failed,
    warnings: assessment.warnings,
  };
}

function failedSteps(plan: SyncPlan, failed: ReadonlyMap<Sha256, ErrorReport>): FailedItem[] {
  return plan.fetch.flatMap((step) => {
    const error = failed.get(step.sha256);
    if (error === undefined) return [];
    const { code, message } = error;
    return step.agents.map((agent) => ({ agent, path: step.path, code, message }));
  });
}

function failedReport(error: JamError): UnstampedReport {
  const { code, message, hint } = reportError(error);
  return {
    outcome: "failed",
    snapshot: null,
    upstream: null,
    verified: false,
    fetched: { agents: 0, bytes: 0 },
    held: { agents: 0, bytes: 0 },
    added: [],
    removed: [],
    failed: [],
    warnings: [],
    error: { code, message, ...(hint === undefined ? {} : { hint }) },
  };
}
