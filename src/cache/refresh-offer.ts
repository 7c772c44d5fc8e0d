import { type JamError, isJamError, isOfFamily, toJamError } from "../shared/errors.ts";
import { MIRROR_REF } from "../shared/ref-name.ts";
import { asWriter } from "../mirror/as-writer.ts";
import type { Pace } from "../mirror/next-turn.ts";
import { readOffer, readReach, writeReach, type OfferReach } from "../mirror/offer.ts";
import { readBaseline } from "../mirror/read-snapshots.ts";
import { upstreamStateMark } from "../mirror/upstream-catalogue.ts";
import type { Assessment } from "../sync/assess.ts";
import { failuresIn } from "../sync/choose-upstream.ts";
import { nextOffer, reachOf, recordAccepted } from "../sync/record-offer.ts";
import { answersOf, troubleOf } from "../sync/upstream-answers.ts";
import { assess } from "../sync/sync-mirror.ts";
import type { SyncCollaborators, SyncOptions } from "../sync/sync-work.ts";
import { CACHE_WRITER } from "./cache-writer.ts";
import { paceSources, type PacedSources } from "./pace-sources.ts";

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

/** What a refresh works with. */
export interface RefreshWork extends SyncCollaborators {
  /** How often each upstream is asked; none to ask all now. */
  readonly paces: readonly Pace[];
}

/**
 * Reads what upstream lists, verified and guarded as by a sync, and replaces the offer. Fetches no tarball. The writer's
 * lease is taken only when something changed, and never waited for. Whatever happens, the note on upstream says how it
 * answered; the last good offer stays.
 * @throws JamError JAM_CANCELLED, JAM_STORE_…
 */
export async function refreshOffer(
  options: Omit<SyncOptions, "wishes" | "forgetsPlans">,
  work: RefreshWork,
): Promise<RefreshOutcome> {
  const { documents } = work.store;
  const mark = await upstreamStateMark(documents);
  const before = { offer: await readOffer(documents), reach: await readReach(documents) };
  const { current } = await readBaseline(work.store, MIRROR_REF);
  const paced = paceSources(work.sources, { ...work, reach: before.reach, now: work.now() });
  let assessment: Assessment;
  try {
    assessment = await assess({ ...options, isCache: true }, { ...work, ...paced }, current);
  } catch (error) {
    if (work.signal.aborted || isOfFamily(error, "store", "cancelled")) throw error;
    return noteTrouble(work, toJamError(error), { before: before.reach, ...paced });
  }
  const { offer } = assessment;
  const now = work.now();
  const changedAt = before.offer?.changedAt;
  const rested = paced.rested();
  const reach = reachOf(assessment, { before: before.reach, now, changedAt, rested });
  if (offer === undefined || offer.refusal !== undefined) {
    await writeReach(documents, reach);
    return "refused";
  }
  const isSame = nextOffer(assessment, offer, { before: before.offer, now }) === before.offer;
  if (isSame && !bringsDocuments(assessment)) {
    await writeReach(documents, reach);
    return reach.fault === undefined ? "unchanged" : "refused";
  }
  const isRecorded = await recordAsWriter(work, { assessment, rested, mark });
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
  {
    assessment,
    rested,
    mark,
  }: {
    readonly assessment: Assessment;
    readonly rested: ReadonlySet<string>;
    readonly mark: string;
  },
): Promise<boolean> {
  try {
    return await asWriter(store, { ...CACHE_WRITER, signal }, async () => {
      if ((await upstreamStateMark(store.documents)) !== mark) return false;
      await recordAccepted(store.documents, assessment, { now: now(), rested });
      return true;
    });
  } catch (error) {
    if (isJamError(error, "JAM_STORE_LOCKED")) return false;
    throw error;
  }
}

/** Notes why nothing could be read, or why what was read is not accepted. */
async function noteTrouble(
  { store, now }: RefreshWork,
  error: JamError,
  { before, sources, rested }: PacedSources & { readonly before: OfferReach | undefined },
): Promise<RefreshOutcome> {
  const refreshedAt = now().toISOString();
  const { changedAt, fault } = before ?? {};
  const trouble = troubleOf(error, { before, since: refreshedAt });
  const failures = failuresIn(error, sources);
  const upstreams = answersOf(before, { sources, answered: [], failures }, { now: now(), rested: rested() });
  await writeReach(store.documents, {
    refreshedAt,
    upstreams,
    ...(changedAt === undefined ? {} : { changedAt }),
    ...(trouble.away !== undefined && fault !== undefined ? { fault } : {}),
    ...trouble,
  });
  return trouble.away === undefined ? "refused" : "away";
}
