import { formatAgentName } from "../juju/agent.ts";
import { noteDamage } from "../mirror/damaged-blobs.ts";
import { listDamaged } from "../mirror/damaged-list.ts";
import { hashesOfKept, readKeptSnapshots } from "../mirror/kept-contents.ts";
import { readOffer } from "../mirror/offer.ts";
import { readPinnedContents } from "../mirror/pinned-contents.ts";
import { readRefusedContents } from "../mirror/pins.ts";
import { snapshotIdOf, type Snapshot } from "../mirror/snapshot.ts";
import { isJamError, toJamError } from "../shared/errors.ts";
import type { Sha256 } from "../shared/sha256.ts";
import type { Ref, Store } from "../store/store.ts";
import {
  checkTarballs,
  type CheckedTarballs,
  type ListedTarball,
  type TarballFault,
} from "./check-tarballs.ts";
import type { FindingId, FoundFact } from "./finding.ts";
import { startPace, type PaceLimits } from "./pace.ts";
import { readVerified, writeVerified } from "./verified-memory.ts";
import { subjectsOfTarballs, type TarballSubject } from "./tarball-subjects.ts";
import type { VerifyDocument, VerifyFault } from "./verify-document.ts";
import type { VerifyWork } from "./verify-work.ts";

/** A run that is killed has to hash again what it did in this time. */
const SAVE_MS = 10_000;

/** What was found of all tarballs. */
export interface VerifiedTarballs extends Pick<VerifyDocument, "listed" | "remaining" | "oldest" | "faults"> {
  readonly checked: Pick<CheckedTarballs, "tarballs" | "bytes">;
  /** Of the faults, and of tarballs that no snapshot lists. */
  readonly truncated: ReadonlySet<Sha256>;
  /** Damaged, and listed by no snapshot: they were kept for an import, or until the next prune. */
  readonly unlisted: readonly TarballFault[];
  /** Whole as far as was looked, and needed by nobody. */
  readonly extra: readonly Sha256[];
  /** What those are that something is said about. */
  readonly subjects: ReadonlyMap<Sha256, TarballSubject>;
}

/**
 * Checks every tarball that a kept snapshot lists, and with `isDeep` the bytes of every other one in the store as well: a
 * later run would take it for held.
 * @throws JamError JAM_STORE_…, the reason of the signal
 */
export async function verifyTarballs(
  options: PaceLimits & { readonly isDeep: boolean; readonly writes?: "all" | "notes" | "nothing" },
  kept: readonly Snapshot[],
  work: VerifyWork,
): Promise<VerifiedTarballs> {
  const { store, observe, signal } = work;
  const { isDeep } = options;
  const listed = listTarballs(kept);
  const others = await findOthers(store, listed);
  const found: TarballFault[] = [];
  const verified = await readVerified(store.documents);
  for (const sha256 of verified.keys())
    if (!listed.has(sha256) && !others.has(sha256)) verified.delete(sha256);
  const memory = keepMemory(work, () => writeVerified(store.documents, verified));
  observe({ kind: "phase", phase: "verify" });
  let checked: CheckedTarballs;
  try {
    checked = await checkTarballs([...listed.values(), ...(isDeep ? [...others.values()] : [])], {
      blobs: store.blobs,
      isDeep,
      noted: await listDamaged(store.documents),
      pace: startPace(options, (ms) => work.sleep(ms, signal)),
      verified,
      observe,
      onFault: async (fault) => {
        found.push(fault);
        if (options.writes !== "nothing") await note(fault, work);
      },
      onVerified: options.writes === "nothing" ? () => Promise.resolve() : memory.saveSometimes,
      now: work.now,
      signal,
    });
  } finally {
    if (isDeep && options.writes !== "nothing") await memory.save();
  }
  const [oldest = ""] = [...listed.keys()].map((sha256) => verified.get(sha256) ?? "").toSorted();
  const unlisted = found.filter(({ sha256, state }) => others.has(sha256) && state !== "missing");
  const bad = new Set(unlisted.map(({ sha256 }) => sha256));
  const extra = [...others.values()].flatMap(({ sha256, isWaiting }) =>
    isWaiting || bad.has(sha256) ? [] : [sha256],
  );
  const named = new Set([...found.map(({ sha256 }) => sha256), ...extra]);
  return {
    listed: { tarballs: listed.size, bytes: [...listed.values()].reduce((sum, { size }) => sum + size, 0) },
    checked: { tarballs: checked.tarballs, bytes: checked.bytes },
    remaining: checked.remaining,
    oldest: oldest === "" ? null : oldest,
    faults: await describeFaults(
      store,
      kept,
      found.filter(({ sha256 }) => listed.has(sha256)),
    ),
    truncated: new Set(found.flatMap(({ sha256, isTruncated }) => (isTruncated === true ? [sha256] : []))),
    unlisted,
    extra,
    subjects: await subjectsOfTarballs(named, kept, store),
  };
}

/** The findings about tarballs. */
export function factsOfTarballs({
  faults,
  truncated,
  unlisted,
  extra,
  subjects,
}: VerifiedTarballs): FoundFact[] {
  const kindOf = ({ state, sha256 }: Pick<TarballFault, "state" | "sha256">): FindingId => {
    if (state !== "damaged") return `tarball-${state}`;
    return truncated.has(sha256) ? "tarball-truncated" : "tarball-altered";
  };
  const damaged = faults.map(({ sha256, state, how, agents, isShown }) => ({
    kind: kindOf({ state, sha256 }),
    where: whereOf(sha256),
    found: isShown ? how : `${how} (only earlier snapshots list it)`,
    sha256,
    ...subjects.get(sha256),
    agents,
  }));
  return [
    ...damaged,
    ...unlisted.map((fault) => ({
      kind: kindOf(fault),
      where: whereOf(fault.sha256),
      found: `${fault.how} (no snapshot lists it)`,
      sha256: fault.sha256,
      ...subjects.get(fault.sha256),
    })),
    ...extra.map((sha256) => ({
      kind: "tarball-extra" as const,
      where: whereOf(sha256),
      found: "no kept snapshot lists it, and no import waits for it",
      sha256,
      ...subjects.get(sha256),
    })),
  ];
}

function whereOf(sha256: Sha256): string {
  return `blobs/sha256/${sha256.slice(0, 2)}/${sha256}`;
}

/** Each tarball once, with the path of the newest snapshot that lists it. */
export function listTarballs(snapshots: readonly Snapshot[]): Map<Sha256, ListedTarball> {
  const tarballs = new Map<Sha256, ListedTarball>();
  for (const { agents } of snapshots)
    for (const { sha256, size, path } of agents) tarballs.set(sha256, { sha256, size, path });
  return tarballs;
}

/** Tarballs in the store that no snapshot lists; `isWaiting` for those that an import or an offer still needs. */
async function findOthers(
  { blobs, documents }: Pick<Store, "blobs" | "documents">,
  listed: ReadonlyMap<Sha256, ListedTarball>,
): Promise<Map<Sha256, ListedTarball & { readonly isWaiting: boolean }>> {
  const others = new Map<Sha256, ListedTarball & { readonly isWaiting: boolean }>();
  const waiting = new Set([
    ...(await readPinnedContents(documents)),
    ...(await readRefusedContents(documents)).keys(),
    // What a mirror in cache mode has fetched is listed by its offer at first.
    ...((await readOffer(documents))?.agents ?? []).map(({ sha256 }) => sha256),
  ]);
  const unlisted = (await blobs.names()).filter((sha256) => !listed.has(sha256));
  for (const [sha256, size] of await blobs.sizes(unlisted))
    others.set(sha256, { sha256, size, path: whereOf(sha256), isWaiting: waiting.has(sha256) });
  return others;
}

/** Unreadable is not damaged: an operator who has no right to a file must not have it withdrawn. */
async function note(
  { sha256, state, how }: TarballFault,
  { store, now, observe }: VerifyWork,
): Promise<void> {
  if (state === "unreadable") return;
  const found = { sha256, how, foundAt: now().toISOString(), foundBy: "jam verify" };
  try {
    await noteDamage(store.documents, found);
  } catch (error) {
    const { message } = toJamError(error);
    observe({
      kind: "warning",
      message: `The damage cannot be noted, so servers may keep listing the tarball: ${message}`,
      isUrgent: true,
    });
  }
}

/** Saves what was hashed; a user who may only read verifies all the same. */
function keepMemory({ observe }: VerifyWork, write: () => Promise<void>) {
  let savedAt = performance.now();
  let hasFailed = false;
  const save = async () => {
    savedAt = performance.now();
    if (hasFailed) return;
    await write().catch((error: unknown) => {
      hasFailed = true;
      const { message } = toJamError(error);
      observe({ kind: "warning", message: `What was verified cannot be remembered: ${message}` });
    });
  };
  return {
    save,
    saveSometimes: () => (performance.now() - savedAt > SAVE_MS ? save() : Promise.resolve()),
  };
}

/** Faults of what is still listed: a prune may have deleted a tarball with the last snapshot that listed it. */
async function describeFaults(
  store: Pick<Store, "documents" | "refs">,
  kept: readonly Snapshot[],
  found: readonly TarballFault[],
): Promise<VerifyFault[]> {
  if (found.length === 0) return [];
  const now = await readKeptSnapshots(store);
  const listed = hashesOfKept(now);
  const targets = new Set((await listRefs(store)).map(({ target }) => snapshotIdOf(target)));
  const shown = hashesOfKept(now.filter(({ id }) => targets.has(id)));
  const names = Map.groupBy(
    kept.flatMap(({ agents }) => agents),
    ({ sha256 }) => sha256,
  );
  return found
    .filter(({ sha256 }) => listed.has(sha256))
    .map(({ sha256, state, how }) => ({
      check: "tarballs" as const,
      sha256,
      state,
      how,
      agents: [...new Set((names.get(sha256) ?? []).map(formatAgentName))],
      isShown: shown.has(sha256),
    }));
}

/** Refs that can be read; the check of places names the others. */
export async function listRefs({ refs }: Pick<Store, "refs">): Promise<readonly Ref[]> {
  try {
    return await refs.list();
  } catch (error) {
    if (isJamError(error, "JAM_STORE_CORRUPT", "JAM_STORE_COPIED")) return [];
    throw error;
  }
}
