import type { Agent } from "../juju/agent.ts";
import { defined } from "../shared/collections.ts";
import type { SelectionRules } from "../juju/select-rule.ts";
import type { Allowance } from "../metadata/freshness.ts";
import type { GoneUpstream } from "../mirror/gone-upstream.ts";
import type { ListedHistory } from "../mirror/listed-before.ts";
import type { UpstreamRemoval } from "../mirror/rules-in-force.ts";
import type { KeptPlans, PlanWishes } from "../mirror/kept-plans.ts";
import type { RunningVersions } from "../mirror/running-versions.ts";
import type { SyncObserver } from "../mirror/run-events.ts";
import type { Snapshot } from "../mirror/snapshot.ts";
import { acceptedOf, type UpstreamState } from "../mirror/upstream-state.ts";
import type { Store } from "../store/store.ts";
import type { Upstream } from "../upstream/source.ts";
import { asSentence } from "../shared/as-sentence.ts";
import { JamError, toJamError } from "../shared/errors.ts";
import { readMetadata, type UpstreamMetadata } from "../metadata/read-metadata.ts";

/** What an assessment starts from. */
export interface AssessInput {
  readonly store: Store;
  readonly sources: readonly Upstream[];
  readonly rules: SelectionRules;
  /** What earlier plans asked for and is kept. */
  readonly kept: KeptPlans;
  /** Present in a run for a plan: it fetches what the plan names and removes nothing. */
  readonly wishes: PlanWishes | undefined;
  /** What the fleet runs, if that is to be kept. */
  readonly running: RunningVersions | undefined;
  /** What happens to what upstream no longer lists. */
  readonly onUpstreamRemoval: UpstreamRemoval;
  /** What stayed until now although upstream had withdrawn it. */
  readonly gone: GoneUpstream;
  /** What was listed here before; asked only when upstream lists what the mirror does not. */
  readonly readBefore: () => Promise<ListedHistory>;
  readonly maxRemoval: number;
  readonly allow: ReadonlySet<Allowance>;
  readonly current: Snapshot | undefined;
  /** In cache mode: what was offered before; what is not fetched by a sync is compared with it. Undefined in other modes. */
  readonly offered?: readonly Agent[] | undefined;
  /** Names the upstream because of which such an agent is offered, by the agent's name. Default: nothing is known. */
  readonly offeredBy?: ((agent: string) => string) | undefined;
  /** What earlier runs accepted. */
  readonly state: UpstreamState;
  readonly observe: SyncObserver;
  readonly now: () => Date;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly signal: AbortSignal;
}

/** An upstream that could not be read, or only in part. */
export interface SourceFailure {
  readonly source: Upstream;
  readonly error: JamError;
}

/** The upstream whose metadata counts first. */
export interface ChosenUpstream {
  readonly source: Upstream;
  readonly metadata: UpstreamMetadata;
  /** Those before it, and those that were tried after it without a better result. */
  readonly failures: readonly SourceFailure[];
  readonly warnings: readonly string[];
}

/**
 * The first upstream that answers with metadata to be trusted; one whose metadata is complete is preferred.
 * @throws JamError JAM_UPSTREAM_…, JAM_METADATA_…, JAM_CANCELLED
 */
export async function chooseUpstream(
  input: AssessInput,
  wantsStream: (stream: string) => boolean,
): Promise<ChosenUpstream> {
  const failures: SourceFailure[] = [];
  let partial: { source: Upstream; metadata: UpstreamMetadata } | undefined;
  for (const source of input.sources) {
    try {
      const metadata = await readMetadata({
        ...input,
        source,
        documents: input.store.documents,
        // Of one that was never read, nothing older counts than what another one had.
        accepted: acceptedOf(input.state, source) ?? input.state.documents,
        wants: (_entry, stream) => wantsStream(stream),
      });
      const [unreadable] = metadata.unreadable;
      if (unreadable === undefined)
        return { source, metadata, failures, warnings: warningsOf(source, failures) };
      partial ??= { source, metadata };
      failures.push({ source, error: unreadable.error });
    } catch (error) {
      if (input.signal.aborted) throw new JamError("JAM_CANCELLED", "Cancelled.", { cause: error });
      failures.push({ source, error: toJamError(error) });
    }
  }
  if (partial === undefined) throw summarizeFailures(failures);
  const { source } = partial;
  const others = failures.filter((failure) => failure.source !== source);
  return { ...partial, failures: others, warnings: warningsOf(source, others) };
}

function warningsOf(source: Upstream, failures: readonly SourceFailure[]): string[] {
  const skipped = failures.map((failure) => `${failure.source.name} was skipped: ${failure.error.message}`);
  return [...skipped, ...unverified(source)];
}

/** The warning that every run of an upstream without a key gives. */
export function unverified(source: Upstream): string[] {
  return source.verifies
    ? []
    : [`${source.name} is NOT verified: anyone who can change its answers chooses your agents.`];
}

/** The failure of each upstream, of an error that says that none of these could be used. */
export function failuresIn(error: JamError, sources: readonly Upstream[]): readonly SourceFailure[] {
  const [only, ...more] = sources;
  if (only !== undefined && more.length === 0) return [{ source: only, error }];
  const listed = (error.details["upstreams"] ?? []) as readonly Pick<JamError, "code" | "message">[];
  return listed.flatMap((one) => {
    const source = sources.find(({ name }) => "name" in one && one.name === name);
    return source === undefined ? [] : [{ source, error: new JamError(one.code, one.message) }];
  });
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
  const reasons = failures.map(({ source, error }) => `${source.name}: ${asSentence(error.message)}`);
  return new JamError(first.error.code, `No upstream could be used. ${reasons.join(" ")}`, {
    cause: first.error,
    ...defined({ hint: first.error.hint }),
    details: {
      upstreams: failures.map(({ source, error }) => ({
        name: source.name,
        code: error.code,
        message: error.message,
      })),
    },
  });
}
