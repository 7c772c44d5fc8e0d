import { type JamError, isJamError, isOfFamily, reportError, toJamError } from "../shared/errors.ts";
import { MIRROR_REF } from "../shared/ref-name.ts";
import { asWriter } from "../mirror/as-writer.ts";
import { readOffer, readReach, writeReach, type OfferReach } from "../mirror/offer.ts";
import { readBaseline } from "../mirror/read-snapshots.ts";
import { upstreamStateMark } from "../mirror/upstream-catalogue.ts";
import type { Assessment } from "../sync/assess.ts";
import { nextOffer, reachOf, recordAccepted } from "../sync/record-offer.ts";
import { assess } from "../sync/sync-mirror.ts";
import type { SyncCollaborators, SyncOptions } from "../sync/sync-work.ts";

/** How a refresh ended; the notes on the offer and on upstream say the rest. */
export type RefreshOutcome =
  | "changed"
  | "unchanged"
  /** Another run writes, or has just written: what upstream lists now is accepted at the next turn. */
  | "postponed"
  /** Upstream could not be reached. */
  | "away"
  /** What upstream publishes is not accepted. */
  | "refused";

/**
 * Reads what upstream lists, verified and guarded as by a sync, and replaces the offer. Fetches no tarball. The writer's
 * lease is taken only when something changed, and never waited for. Whatever happens, the note on upstream says how it
 * answered; the last good offer stays.
 * @throws JamError JAM_CANCELLED, JAM_STORE_…
 */
export async function refreshOffer(
  options: Omit<SyncOptions, "wishes" | "forgetsPlans">,
  work: SyncCollaborators,
): Promise<RefreshOutcome> {
  const { documents } = work.store;
  const mark = await upstreamStateMark(documents);
  const before = { offer: await readOffer(documents), reach: await readReach(documents) };
  const { current } = await readBaseline(work.store, MIRROR_REF);
  let assessment: Assessment;
  try {
    assessment = await assess({ ...options, isCache: true }, work, current);
  } catch (error) {
    if (work.signal.aborted || isOfFamily(error, "store", "cancelled")) throw error;
    return noteTrouble(work, toJamError(error), before.reach);
  }
  const { offer } = assessment;
  const now = work.now();
  const changedAt = before.offer?.changedAt;
  const reach = reachOf(assessment, { before: before.reach, now, changedAt });
  if (offer === undefined || offer.refusal !== undefined) {
    await writeReach(documents, reach);
    return "refused";
  }
  const isSame = nextOffer(assessment, offer.agents, { before: before.offer, now }) === before.offer;
  if (isSame && !bringsDocuments(assessment)) {
    await writeReach(documents, reach);
    return reach.fault === undefined ? "unchanged" : "refused";
  }
  const isRecorded = await recordAsWriter(work, assessment, mark);
  if (!isRecorded) {
    await writeReach(documents, reach);
    return "postponed";
  }
  return isSame ? "unchanged" : "changed";
}

function bringsDocuments({ metadata, further }: Assessment): boolean {
  return [metadata, ...further.map((one) => one.metadata)].some(({ fresh }) => fresh.length > 0);
}

/** False when another run writes, or wrote since the assessment began: then this one may be the older of the two. */
async function recordAsWriter(
  { store, now, signal }: SyncCollaborators,
  assessment: Assessment,
  mark: string,
): Promise<boolean> {
  const run = { command: "jam serve", onNote: () => undefined, signal };
  try {
    return await asWriter(store, run, async () => {
      if ((await upstreamStateMark(store.documents)) !== mark) return false;
      await recordAccepted(store.documents, assessment, now());
      return true;
    });
  } catch (error) {
    if (isJamError(error, "JAM_STORE_LOCKED")) return false;
    throw error;
  }
}

/** Notes why nothing could be read, or why what was read is not accepted. */
async function noteTrouble(
  { store, now }: SyncCollaborators,
  error: JamError,
  before: OfferReach | undefined,
): Promise<RefreshOutcome> {
  const refreshedAt = now().toISOString();
  const { code, message, hint } = reportError(error);
  const { changedAt } = before ?? {};
  const kept = { refreshedAt, ...(changedAt === undefined ? {} : { changedAt }) };
  // What upstream publishes at this moment does not fit together: it can be reached.
  if (error.family === "upstream" && error.code !== "JAM_UPSTREAM_INCONSISTENT") {
    const away = { since: before?.away?.since ?? refreshedAt, code, message };
    const { fault } = before ?? {};
    await writeReach(store.documents, { ...kept, away, ...(fault && { fault }) });
    return "away";
  }
  const since = before?.fault?.code === code ? before.fault.since : refreshedAt;
  const fault = { since, code, message, ...(hint === undefined ? {} : { hint }) };
  await writeReach(store.documents, { ...kept, fault });
  return "refused";
}
