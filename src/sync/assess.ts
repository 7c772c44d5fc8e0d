import { JamError, toJamError } from "../shared/errors.ts";
import type { Sha256 } from "../shared/sha256.ts";
import type { Agent } from "../juju/agent.ts";
import { buildCatalogue } from "../juju/catalogue.ts";
import type { RuleReport } from "../juju/rule-report.ts";
import type { SelectionRules } from "../juju/selection-rules.ts";
import { parseStreamContentId } from "../juju/stream.ts";
import type { SyncObserver } from "./events.ts";
import type { Allowance } from "./freshness.ts";
import { guardCatalogue } from "./guard.ts";
import type { RememberedDocument, UpstreamMemory } from "./memory.ts";
import { judgeAgents, unfulfilled, type PlanWishes } from "./judge.ts";
import type { KeptPlans } from "./kept-plans.ts";
import { planSync, type FetchStep, type SyncPlan } from "./plan.ts";
import type { BlobPort, SyncSource, SyncStore } from "./ports.ts";
import { readMetadata, type UpstreamMetadata } from "./read-metadata.ts";
import { heldDespiteRefusal, relevantRefusals, withUnreadListings } from "./refusals.ts";
import type { FailedItem } from "./report.ts";
import { judgeRules, refuseEmptySelection, ruleWarnings } from "./rule-outcome.ts";
import type { Snapshot } from "./snapshot.ts";

export interface AssessInput {
  readonly store: SyncStore;
  readonly sources: readonly SyncSource[];
  readonly rules: SelectionRules;
  /** What earlier plans asked for, which stays. */
  readonly kept: KeptPlans;
  /** Present in a run for a plan: it fetches what the plan names and removes nothing. */
  readonly wishes: PlanWishes | undefined;
  readonly maxRemoval: number;
  readonly allow: ReadonlySet<Allowance>;
  readonly current: Snapshot | undefined;
  readonly memory: UpstreamMemory;
  readonly observe: SyncObserver;
  readonly now: () => Date;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly signal: AbortSignal;
}

/** What upstream has, what the rules want of it, what is held, and the plan that follows. */
export interface Assessment {
  /** The upstream whose metadata was taken. */
  readonly source: SyncSource;
  /** Where tarballs may come from: the source of the metadata first. */
  readonly sources: readonly SyncSource[];
  readonly metadata: UpstreamMetadata;
  readonly plan: SyncPlan;
  /** Wanted items that are refused before any fetch. */
  readonly failed: readonly FailedItem[];
  /** Whether an agent's tarball is held once these steps were fetched too. */
  readonly isHeldAfter: (fetched: readonly FetchStep[]) => (agent: Agent) => boolean;
  /** What to remember when the run succeeds. */
  readonly memory: ReadonlyMap<string, RememberedDocument>;
  readonly warnings: readonly string[];
  readonly rules: readonly RuleReport[];
  /** Why a sync changes nothing: its rules take nothing at all. */
  readonly refusal: JamError | undefined;
}

/**
 * Reads the first upstream that answers with metadata to be trusted, and plans.
 * @throws JamError JAM_UPSTREAM_…, JAM_METADATA_…
 */
export async function assessUpstream(input: AssessInput): Promise<Assessment> {
  input.observe({ kind: "phase", phase: "metadata" });
  const { source, metadata, warnings } = await readFirst(input);
  input.observe({ kind: "phase", phase: "plan" });
  const listed = input.current?.agents ?? [];
  const wantsStream = streamTest(input);
  const isRead = (agent: Agent) =>
    agent.listings.some(({ contentId }) => {
      const stream = parseStreamContentId(contentId)?.stream;
      if (metadata.unreadable.some((entry) => entry.contentId === contentId)) return false;
      // A wanted stream that the index names no longer was read all the same: upstream dropped it.
      return metadata.products.has(contentId) || (stream !== undefined && wantsStream(stream));
    });
  const catalogue = buildCatalogue(metadata.products);
  const upstream = [
    ...withUnreadListings(catalogue.agents, metadata, listed),
    ...heldDespiteRefusal({ metadata, catalogue }, listed),
  ];
  const guarded = guardCatalogue({ ...input, upstream, listed, isRead });
  const verdicts = judgeAgents({ ...input, agents: guarded.agents, listed });
  const held = await findHeld(input.store.blobs, [...guarded.agents, ...listed]);
  const plan = planSync({
    verdicts,
    listed,
    isRead,
    isHeld: (agent) => held.has(agent.sha256),
    keepsListed: input.wishes !== undefined,
  });
  const refusals = relevantRefusals({ metadata, catalogue, guarded, rules: input.rules });
  const rules = judgeRules(guarded.agents, [metadata], input.rules);
  const isWhole = input.wishes === undefined && refusals.failed.length === 0;
  const refusal = isWhole ? refuseEmptySelection(rules) : undefined;
  const unmet = input.wishes === undefined && refusal === undefined ? ruleWarnings(rules) : [];
  const all = [...metadata.warnings, ...warnings, ...refusals.warnings];
  for (const message of all) input.observe({ kind: "warning", message });
  for (const message of unmet) input.observe({ kind: "warning", message, isUrgent: true });
  return {
    source,
    sources: [source, ...input.sources.filter((other) => other !== source)],
    metadata,
    plan,
    failed: [...refusals.failed, ...(input.wishes === undefined ? [] : unfulfilled(input.wishes, verdicts))],
    isHeldAfter(fetched) {
      const now = new Set<Sha256>([...held, ...fetched.map(({ sha256 }) => sha256)]);
      return (agent) => now.has(agent.sha256);
    },
    memory: new Map([
      ...input.memory,
      ...metadata.documents.map((document) => [document.path, document] as const),
    ]),
    warnings: [...all, ...unmet],
    rules,
    refusal,
  };
}

async function readFirst(
  input: AssessInput,
): Promise<{ source: SyncSource; metadata: UpstreamMetadata; warnings: string[] }> {
  const failures: SourceFailure[] = [];
  /** The first upstream that can be used in part; one that can be used whole goes before it. */
  let partial: { source: SyncSource; metadata: UpstreamMetadata } | undefined;
  const wantsStream = streamTest(input);
  for (const source of input.sources) {
    try {
      const metadata = await readMetadata({
        ...input,
        source,
        documents: input.store.documents,
        wants: (_entry, stream) => wantsStream(stream),
      });
      const [unreadable] = metadata.unreadable;
      if (unreadable === undefined) return { source, metadata, warnings: warningsOf(source, failures) };
      partial ??= { source, metadata };
      failures.push({ source, error: unreadable.error });
    } catch (error) {
      if (input.signal.aborted) throw new JamError("JAM_CANCELLED", "Cancelled.", { cause: error });
      failures.push({ source, error: toJamError(error) });
    }
  }
  if (partial === undefined) throw summarizeFailures(failures);
  const { source } = partial;
  return {
    ...partial,
    warnings: warningsOf(
      source,
      failures.filter((failure) => failure.source !== source),
    ),
  };
}

interface SourceFailure {
  readonly source: SyncSource;
  readonly error: JamError;
}

function warningsOf(source: SyncSource, failures: readonly SourceFailure[]): string[] {
  const warnings = failures.map(
    (failure) => `${failure.source.name} was passed over: ${failure.error.message}`,
  );
  if (!source.verifies)
    warnings.push(`${source.name} is NOT verified: whoever can change its answers chooses your agents.`);
  return warnings;
}

/** Whether some rule or plan asks for a stream. */
function streamTest({
  rules,
  kept,
  wishes,
}: Pick<AssessInput, "rules" | "kept" | "wishes">): (stream: string) => boolean {
  const wanted = new Set([
    ...rules.select.flatMap(({ streams }) => streams),
    ...kept.streams,
    ...(wishes?.streams ?? []),
  ]);
  return (stream) => wanted.has("*") || wanted.has(stream);
}

/** One upstream's error as it is; with several, the first one's code and every reason. */
function summarizeFailures(failures: readonly SourceFailure[]): JamError {
  const [first] = failures;
  if (first === undefined) {
    return new JamError("JAM_CONFIG_INVALID", "No upstream is configured.", {
      hint: "Name one under `upstreams:` in jam.yaml, or run `jam init`.",
    });
  }
  if (failures.length === 1) return first.error;
  const reasons = failures.map(({ source, error }) => `${source.name}: ${error.message}`);
  return new JamError(first.error.code, `No upstream could be used. ${reasons.join(" ")}`, {
    cause: first.error,
    ...(first.error.hint === undefined ? {} : { hint: first.error.hint }),
    details: {
      upstreams: failures.map(({ source, error }) => ({
        name: source.name,
        code: error.code,
        message: error.message,
      })),
    },
  });
}

/** The tarballs among these agents that are here, whole: a blob of another size was damaged and counts as absent. */
async function findHeld(blobs: BlobPort, agents: readonly Agent[]): Promise<Set<Sha256>> {
  const sizes = new Map(agents.map(({ sha256, size }) => [sha256, size]));
  const held = new Set<Sha256>();
  for await (const blob of blobs.list()) {
    if (sizes.get(blob.sha256) === blob.size) held.add(blob.sha256);
  }
  return held;
}
