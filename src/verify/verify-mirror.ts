import { asWriter } from "../mirror/as-writer.ts";
import { readDamaged } from "../mirror/damaged-blobs.ts";
import type { RetentionRules } from "../mirror/retention.ts";
import type { Snapshot } from "../mirror/snapshot.ts";
import { withdrawDamaged } from "../mirror/settle-damage.ts";
import { isJamError } from "../shared/errors.ts";
import { checkCatalogue } from "./check-catalogue.ts";
import { checkNotes } from "./check-notes.ts";
import { checkChannels, checkPlaces } from "./check-places.ts";
import { checkProofs } from "./check-proofs.ts";
import { checkSettings } from "./check-settings.ts";
import { checkSnapshots } from "./check-snapshots.ts";
import { checkTrees } from "./check-trees.ts";
import { findingOf, type FoundFact } from "./finding.ts";
import type { PaceLimits } from "./pace.ts";
import { sortFindings, verdictOf } from "./verdict.ts";
import type { VerifyDocument } from "./verify-document.ts";
import type { VerifyWork } from "./verify-work.ts";
import { factsOfTarballs, listRefs, verifyTarballs } from "./verify-tarballs.ts";

export interface VerifyOptions extends PaceLimits {
  readonly isDeep: boolean;
  readonly retention: RetentionRules;
  /** `notes`: damage is noted, and trees stay as they are. `nothing`: only told. Default `all`. */
  readonly writes?: "all" | "notes" | "nothing";
}

/**
 * Checks everything that this mirror consists of. Tarballs that are damaged are noted at once, so that running servers no
 * longer list them; at the end they are taken out of the published trees and put aside. All else is only told. Where a
 * folder or document may not be read that all else depends on, the result is what is known without it.
 * @throws JamError JAM_STORE_…, the reason of the signal
 */
export async function verifyMirror(options: VerifyOptions, work: VerifyWork): Promise<VerifyDocument> {
  const startedAt = performance.now();
  const places = await checkPlaces(work.store);
  try {
    return { ...(await checkAll(options, work, places)), durationMs: msSince(startedAt) };
  } catch (error) {
    if (!isJamError(error, "JAM_STORE_PERMISSION")) throw error;
    const found = `${error.message} Nothing that comes after it was checked.`;
    const facts: FoundFact[] = [...places, { kind: "place-unreadable", where: ".", found }];
    const findings = sortFindings(facts.map(findingOf));
    const verdict = verdictOf(findings);
    return {
      ...NOTHING_CHECKED,
      verdict,
      outcome: verdict,
      findings,
      deep: options.isDeep,
      durationMs: msSince(startedAt),
    };
  }
}

const NOTHING_CHECKED = {
  listed: { tarballs: 0, bytes: 0 },
  checked: {
    tarballs: 0,
    bytes: 0,
    snapshots: 0,
    documents: 0,
    signatures: 0,
    trees: 0,
    files: 0,
    notes: 0,
    reports: 0,
  },
  remaining: 0,
  oldest: null,
  faults: [],
  snapshots: [],
  withdrawn: true,
};

function msSince(startedAt: number): number {
  return Math.round(performance.now() - startedAt);
}

async function checkAll(
  options: VerifyOptions,
  work: VerifyWork,
  ofPlaces: readonly FoundFact[],
): Promise<Omit<VerifyDocument, "durationMs">> {
  const { store, signal } = work;
  const { isDeep } = options;
  const places = [...ofPlaces, ...(await checkChannels(work))];
  const refs = await listRefs(store);
  const snapshots = await checkSnapshots(store, refs);
  const { kept } = snapshots;
  const [tarballs, { proofs, ...further }] = await bothOrNeither(
    signal,
    // Other threads hash, so this one checks meanwhile what needs no tarball.
    (ended) => verifyTarballs(options, kept, { ...work, signal: ended }),
    (ended) => checkDocuments(kept, { ...work, signal: ended }),
  );
  const withdrawn = await withdraw(options, work);
  const missing = new Set(
    tarballs.faults.flatMap(({ state, sha256 }) => (state === "missing" ? [sha256] : [])),
  );
  const trees = await checkTrees(store, refs, { kept, missing, isDeep, signal });
  const notes = await checkNotes(store);
  const facts: FoundFact[] = [
    ...further.settings,
    ...places,
    ...snapshots.facts,
    ...proofs.facts,
    ...further.catalogue,
    ...factsOfTarballs(tarballs),
    ...trees.facts,
    ...notes.facts,
  ];
  // What a snapshot that cannot be read names is not known.
  const isComplete = snapshots.faults.length === 0;
  const counted = isComplete ? facts : facts.filter(({ kind }) => !kind.endsWith("-extra"));
  const findings = sortFindings(counted.map(findingOf));
  const verdict = verdictOf(findings);
  return {
    verdict,
    outcome: verdict,
    findings,
    deep: isDeep,
    listed: tarballs.listed,
    checked: {
      ...tarballs.checked,
      snapshots: kept.length,
      documents: proofs.documents,
      signatures: proofs.signatures,
      trees: trees.trees,
      files: trees.files,
      notes: notes.state,
      reports: notes.history,
    },
    remaining: tarballs.remaining,
    oldest: tarballs.oldest,
    faults: tarballs.faults,
    snapshots: snapshots.faults,
    withdrawn,
  };
}

/** What needs neither tarballs nor trees. */
async function checkDocuments(kept: readonly Snapshot[], work: VerifyWork) {
  const { store, settings } = work;
  return {
    proofs: await checkProofs(store, kept, work),
    settings: await checkSettings(settings),
    catalogue: await checkCatalogue(store, kept),
  };
}

/**
 * The results of two pieces of work at the same time. When one fails, the other is cancelled, and both have ended before
 * the failure is thrown.
 */
async function bothOrNeither<A, B>(
  signal: AbortSignal,
  one: (ended: AbortSignal) => Promise<A>,
  other: (ended: AbortSignal) => Promise<B>,
): Promise<[A, B]> {
  const failed = new AbortController();
  const ended = AbortSignal.any([signal, failed.signal]);
  let first: { readonly error: unknown } | undefined;
  const watch = async <T>(work: (ended: AbortSignal) => Promise<T>): Promise<T> => {
    try {
      return await work(ended);
    } catch (error) {
      first ??= { error };
      failed.abort(error);
      throw error;
    }
  };
  const [a, b] = await Promise.allSettled([watch(one), watch(other)]);
  if (a.status === "fulfilled" && b.status === "fulfilled") return [a.value, b.value];
  throw first?.error;
}

/** Takes what is noted out of the published trees; false when that is left to another run. */
async function withdraw(
  { retention, writes }: VerifyOptions,
  { store, now, observe, signal }: VerifyWork,
): Promise<boolean> {
  const noted = await readDamaged(store.documents);
  if (noted.length === 0) return true;
  if ((writes ?? "all") !== "all") return noted.every(({ isWithdrawn }) => isWithdrawn);
  const onNote = (message: string) => observe({ kind: "warning", message });
  try {
    await asWriter(store, { command: "jam verify", onNote, signal }, (ended) =>
      withdrawDamaged(store, { retention, now: now(), signal: ended }),
    );
    return true;
  } catch (error) {
    if (!isJamError(error) || !isLeftToOthers(error.code)) throw error;
    const message = `The published trees still list it, until the next sync, repair or verification: ${error.message}`;
    observe({ kind: "warning", message, isUrgent: true });
    return false;
  }
}

/** Another run writes, this user may not write, or the links are so damaged that only a repair can write. */
function isLeftToOthers(code: string): boolean {
  return [
    "JAM_STORE_LOCKED",
    "JAM_STORE_PERMISSION",
    "JAM_STORE_COPIED",
    "JAM_STORE_FORMAT",
    "JAM_STORE_CORRUPT",
  ].includes(code);
}
