import { formatAgentName } from "../juju/agent.ts";
import { asWriter } from "../mirror/as-writer.ts";
import { noteDamage, readDamaged } from "../mirror/damaged-blobs.ts";
import { listDamaged } from "../mirror/damaged-list.ts";
import { hashesOfKept, readKeptSnapshots } from "../mirror/kept-contents.ts";
import type { RetentionRules } from "../mirror/retention.ts";
import type { SyncObserver } from "../mirror/run-events.ts";
import { withdrawDamaged } from "../mirror/settle-damage.ts";
import { snapshotIdOf, type Snapshot } from "../mirror/snapshot.ts";
import { isJamError, toJamError } from "../shared/errors.ts";
import type { Sha256 } from "../shared/sha256.ts";
import type { Store } from "../store/store.ts";
import { checkSnapshots, type SnapshotFault } from "./check-snapshots.ts";
import {
  checkTarballs,
  type CheckedTarballs,
  type ListedTarball,
  type TarballFault,
} from "./check-tarballs.ts";
import { startPace, type PaceLimits } from "./pace.ts";
import { readVerified, writeVerified } from "./verified-memory.ts";
import type { VerifyDocument, VerifyFault } from "./verify-document.ts";

/** A run that is killed has to hash again what it did in this time. */
const SAVE_MS = 10_000;

export interface VerifyOptions extends PaceLimits {
  readonly isDeep: boolean;
  readonly retention: RetentionRules;
}

export interface VerifyWork {
  readonly store: Store;
  readonly observe: SyncObserver;
  readonly now: () => Date;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly signal: AbortSignal;
}

/**
 * Checks that every tarball that the snapshots of this mirror list is whole. What is damaged is noted at once, so that
 * running servers no longer list it; at the end it is taken out of the published trees and put aside.
 * @throws JamError JAM_STORE_…, the reason of the signal
 */
export async function verifyMirror(options: VerifyOptions, work: VerifyWork): Promise<VerifyDocument> {
  const startedAt = performance.now();
  const { store, observe, signal } = work;
  const { kept, faults: snapshots } = await checkSnapshots(store);
  const listed = listTarballs(kept);
  const found: TarballFault[] = [];
  const verified = await readVerified(store.documents);
  for (const sha256 of verified.keys()) if (!listed.has(sha256)) verified.delete(sha256);
  const memory = keepMemory(work, () => writeVerified(store.documents, verified));
  observe({ kind: "phase", phase: "verify" });
  let checked: CheckedTarballs;
  try {
    checked = await checkTarballs([...listed.values()], {
      blobs: store.blobs,
      isDeep: options.isDeep,
      noted: await listDamaged(store.documents),
      pace: startPace(options, (ms) => work.sleep(ms, signal)),
      verified,
      observe,
      onFault: async (fault) => {
        found.push(fault);
        await note(fault, work);
      },
      onVerified: memory.saveSometimes,
      now: work.now,
      signal,
    });
  } finally {
    if (options.isDeep) await memory.save();
  }
  const faults = await describeFaults(store, kept, found);
  const withdrawn = await withdraw(options, work);
  const [oldest = ""] = [...listed.keys()].map((sha256) => verified.get(sha256) ?? "").toSorted();
  return {
    outcome: outcomeOf(faults, snapshots),
    deep: options.isDeep,
    listed: { tarballs: listed.size, bytes: [...listed.values()].reduce((sum, { size }) => sum + size, 0) },
    checked: { tarballs: checked.tarballs, bytes: checked.bytes },
    remaining: checked.remaining,
    oldest: oldest === "" ? null : oldest,
    faults,
    snapshots,
    withdrawn,
    durationMs: Math.round(performance.now() - startedAt),
  };
}

/** Each tarball once, with the path of the newest snapshot that lists it. */
function listTarballs(snapshots: readonly Snapshot[]): Map<Sha256, ListedTarball> {
  const tarballs = new Map<Sha256, ListedTarball>();
  for (const { agents } of snapshots)
    for (const { sha256, size, path } of agents) tarballs.set(sha256, { sha256, size, path });
  return tarballs;
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
  const targets = new Set((await store.refs.list()).map(({ target }) => snapshotIdOf(target)));
  const shown = hashesOfKept(now.filter(({ id }) => targets.has(id)));
  const names = Map.groupBy(
    kept.flatMap(({ agents }) => agents),
    ({ sha256 }) => sha256,
  );
  return found
    .filter(({ sha256 }) => listed.has(sha256))
    .map((fault) => ({
      check: "tarballs" as const,
      ...fault,
      agents: [...new Set((names.get(fault.sha256) ?? []).map(formatAgentName))],
      isShown: shown.has(fault.sha256),
    }));
}

/** Takes what is noted out of the published trees; false when that is left to another run. */
async function withdraw(
  { retention }: VerifyOptions,
  { store, now, observe, signal }: VerifyWork,
): Promise<boolean> {
  const noted = await readDamaged(store.documents);
  if (noted.length === 0) return true;
  const onNote = (message: string) => observe({ kind: "warning", message });
  try {
    await asWriter(store, { command: "jam verify", onNote, signal }, (ended) =>
      withdrawDamaged(store, { retention, now: now(), signal: ended }),
    );
    return true;
  } catch (error) {
    if (!isJamError(error, "JAM_STORE_LOCKED", "JAM_STORE_PERMISSION")) throw error;
    const message = `The published trees still list it, until the next sync or verification: ${error.message}`;
    observe({ kind: "warning", message, isUrgent: true });
    return false;
  }
}

/** An earlier snapshot that cannot be read damages nothing that is served, but nobody knows what it listed. */
function outcomeOf(
  faults: readonly VerifyFault[],
  snapshots: readonly SnapshotFault[],
): VerifyDocument["outcome"] {
  if (snapshots.some(({ isShown }) => isShown) || faults.some(({ state }) => state !== "unreadable"))
    return "damaged";
  return faults.length + snapshots.length > 0 ? "not-known" : "whole";
}
