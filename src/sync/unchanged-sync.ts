import { checkFreshness } from "../metadata/freshness.ts";
import { listDamaged } from "../mirror/damaged-list.ts";
import { NO_KEPT_PLANS, readKeptPlans } from "../mirror/kept-plans.ts";
import { readAccepted } from "../mirror/proofs.ts";
import type { UnstampedReport } from "../mirror/run-report.ts";
import type { Snapshot } from "../mirror/snapshot.ts";
import { unchangedNote } from "../mirror/unchanged-note.ts";
import { readUpstreamState, type AcceptedDocument } from "../mirror/upstream-state.ts";
import { upstreamStateMark } from "../mirror/upstream-catalogue.ts";
import { isJamError } from "../shared/errors.ts";
import { sha256Of, type Sha256 } from "../shared/sha256.ts";
import type { Store } from "../store/store.ts";
import type { DocumentAnswer, Upstream } from "../upstream/source.ts";
import type { Assessment } from "./assess.ts";
import { unverified } from "./choose-upstream.ts";
import type { SyncCollaborators, SyncOptions } from "./sync-work.ts";

/** What a run decides from, as far as it is known before upstream is asked. */
interface RunInputs {
  readonly options: SyncOptions;
  readonly work: SyncCollaborators;
  readonly current: Snapshot | undefined;
}

/** What is known after asking whether anything changed. */
export interface ChangeLook {
  /** The report of a run that has nothing to do; undefined where the run has to look at everything. */
  readonly report: UnstampedReport | undefined;
  /** The upstreams; what was asked already is answered from memory, once. */
  readonly sources: readonly Upstream[];
}

/**
 * Asks upstream whether anything changed since a run that found nothing to do, where such a run is noted and nothing else has
 * changed since. A doubt of any kind is not an error: the run then looks at everything.
 */
export async function lookForChanges(run: RunInputs): Promise<ChangeLook> {
  const { options, work, current } = run;
  const [source] = work.sources;
  const unknown = { report: undefined, sources: work.sources };
  if (!isOrdinary(options, work) || current === undefined || source === undefined) return unknown;
  const noted = await unchangedNote.read(work.store.documents);
  if (noted === undefined || noted.inputs !== (await inputsOf(run))) return unknown;
  const state = await readUpstreamState(work.store.documents, current);
  const accepted = noted.documents.map((path) => state.documents.get(path));
  if (!accepted.every((document) => document !== undefined)) return unknown;
  const asked = new AskedUpstream(source);
  const isSame = await areUnchanged(accepted, asked, work);
  const sources = [asked.remembering()];
  if (!isSame || !(await isAllHeld(work.store, current))) return { report: undefined, sources };
  const warnings = freshnessOf(accepted, state.documents, { now: work.now(), allow: options.allow });
  const isSaidAlready =
    warnings !== undefined && sameTexts([...warnings, ...unverified(source)], noted.report.warnings);
  return { report: isSaidAlready ? noted.report : undefined, sources };
}

/** Notes a run that found nothing to do; any other run makes an earlier note useless, because its inputs differ. */
export async function noteUnchanged(
  run: RunInputs,
  { source, metadata, plan, offer }: Pick<Assessment, "source" | "metadata" | "plan" | "offer">,
  report: UnstampedReport,
): Promise<void> {
  if (!isOrdinary(run.options, run.work) || offer !== undefined) return;
  const isIdle = report.outcome === "unchanged" && plan.fetch.length === 0 && report.removed.length === 0;
  // Another warning may depend on what the next run does not look at.
  if (!isIdle || !sameTexts(report.warnings, [...metadata.warnings, ...unverified(source)])) return;
  const documents = metadata.documents.map(({ path }) => path);
  await unchangedNote.write(run.work.store.documents, { inputs: await inputsOf(run), documents, report });
}

/** One upstream decides, and the run was asked for nothing out of the ordinary. */
function isOrdinary(options: SyncOptions, { sources }: SyncCollaborators): boolean {
  const { allow, wishes, forgetsPlans, isCache, program } = options;
  const isPlain = wishes === undefined && forgetsPlans !== true && isCache !== true && allow.size === 0;
  return isPlain && sources.length === 1 && program !== undefined;
}

async function inputsOf({ options, work, current }: RunInputs): Promise<Sha256> {
  const { documents } = work.store;
  const { jobs: _jobs, ...settings } = options;
  const kept = (await readKeptPlans(documents)) ?? NO_KEPT_PLANS;
  const sources = work.sources.map(({ name, url, verifies }) => ({ name, url, verifies }));
  const memory = await upstreamStateMark(documents);
  const all = { settings, kept, sources, memory, snapshot: current?.id };
  return sha256Of(
    JSON.stringify(all, (_key, value: unknown) =>
      value instanceof Set || value instanceof Map ? [...value] : value,
    ),
  );
}

/** True when upstream has each document as it was accepted, and each is kept whole and still trusted. */
async function areUnchanged(
  accepted: readonly AcceptedDocument[],
  source: AskedUpstream,
  { store: { documents }, signal }: SyncCollaborators,
): Promise<boolean> {
  for (const document of accepted) {
    const kept = await readAccepted(document, { documents, source: source.upstream });
    const isConditional = Object.keys(document.validators).length > 0;
    if (kept?.kind !== "usable" || kept.document !== document || !isConditional) return false;
  }
  const answers = await Promise.allSettled(accepted.map((document) => source.ask(document, signal)));
  return answers.every((answer) => answer.status === "fulfilled" && answer.value.kind === "not-modified");
}

/** An upstream that keeps its answers for whoever asks the same next. */
class AskedUpstream {
  readonly upstream: Upstream;
  readonly #answers = new Map<string, Promise<DocumentAnswer>>();

  constructor(upstream: Upstream) {
    this.upstream = upstream;
  }

  ask({ path, validators }: AcceptedDocument, signal: AbortSignal): Promise<DocumentAnswer> {
    const answer = this.upstream.readDocument(path, validators, signal);
    this.#answers.set(path, answer);
    return answer;
  }

  /** The upstream, whose answers so far are given once more without asking. */
  remembering(): Upstream {
    const { upstream } = this;
    return {
      name: upstream.name,
      url: upstream.url,
      verifies: upstream.verifies,
      trustedKeys: () => upstream.trustedKeys(),
      checkDocument: (arrived) => upstream.checkDocument(arrived),
      fetchItem: (item, staged, options) => upstream.fetchItem(item, staged, options),
      readDocument: (path, known, signal) => {
        const answer = this.#answers.get(path);
        this.#answers.delete(path);
        return answer ?? upstream.readDocument(path, known, signal);
      },
    };
  }
}

/** What there is to say of the dates of these documents; undefined where they are refused now. */
function freshnessOf(...of: Parameters<typeof checkFreshness>): string[] | undefined {
  try {
    return checkFreshness(...of);
  } catch (error) {
    if (isJamError(error)) return undefined;
    throw error;
  }
}

/** True when every tarball that the snapshot lists is here in its size, and none is noted as damaged. */
async function isAllHeld(
  { blobs, documents }: Pick<Store, "blobs" | "documents">,
  { agents }: Snapshot,
): Promise<boolean> {
  if ((await listDamaged(documents)).size > 0) return false;
  const sizes = await blobs.sizes(new Set(agents.map(({ sha256 }) => sha256)));
  return agents.every(({ sha256, size }) => sizes.get(sha256) === size);
}

function sameTexts(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((text, at) => text === others[at]);
}
