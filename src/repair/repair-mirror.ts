import { asWriter } from "../mirror/as-writer.ts";
import { noteDamage, readDamaged } from "../mirror/damaged-blobs.ts";
import { listDamaged } from "../mirror/damaged-list.ts";
import { listSnapshotIds } from "../mirror/read-snapshots.ts";
import { hasTreesToRepair, markDamage, noteTreesToRepair, repairTrees } from "../mirror/rebuild-tree.ts";
import type { RetentionRules } from "../mirror/retention.ts";
import { settleDamage, withdrawDamaged } from "../mirror/settle-damage.ts";
import { snapshotIdOf, type Snapshot } from "../mirror/snapshot.ts";
import { refuseOverfull } from "../mirror/space.ts";
import { compareTexts } from "../shared/collections.ts";
import { toJamError } from "../shared/errors.ts";
import type { Sha256 } from "../shared/sha256.ts";
import type { Store } from "../store/store.ts";
import { checkSnapshots } from "../verify/check-snapshots.ts";
import type { PaceLimits } from "../verify/pace.ts";
import type { VerifyDocument, VerifyFinding } from "../verify/verify-document.ts";
import { verifyMirror } from "../verify/verify-mirror.ts";
import { listRefs } from "../verify/verify-tarballs.ts";
import type { VerifyWork } from "../verify/verify-work.ts";
import { fetchTarballs, type FetchedTarballs, type MissingTarball } from "./fetch-tarballs.ts";
import { planFinding, withOtherPlace } from "./plan-repair.ts";
import type { RepairDocument } from "./repair-document.ts";
import type { RepairSource } from "./repair-source.ts";
import { restoreDocuments } from "./restore-documents.ts";
import { restoreChannelRefs, restoreMirrorRef } from "./restore-refs.ts";

export interface RepairOptions extends PaceLimits {
  readonly isDeep: boolean;
  readonly isDryRun: boolean;
  /** Tarballs at the same time. */
  readonly jobs: number;
  readonly retention: RetentionRules & { readonly quota?: number | undefined };
}

export interface RepairWork extends VerifyWork {
  /** Opened for repair: whoever takes its lease puts its places in order. */
  readonly store: Store;
  /** In order of preference. */
  readonly sources: readonly RepairSource[];
}

/**
 * Repairs this mirror: what can be built again from what is here, and what `sources` have. Everything that comes is hashed
 * before it counts. Killed at any instant, the next repair ends it, and readers see the old trees or new ones.
 * @throws JamError JAM_STORE_…, JAM_CANCELLED, the reason of the signal
 */
export async function repairMirror(options: RepairOptions, work: RepairWork): Promise<RepairDocument> {
  const startedAt = performance.now();
  const { isDryRun } = options;
  const before = await verifyMirror({ ...options, writes: isDryRun ? "nothing" : "notes" }, work);
  const names = work.sources.map(({ name }) => name);
  const report = (document: Omit<RepairDocument, "sources" | "durationMs">): RepairDocument => ({
    ...document,
    sources: names,
    durationMs: Math.round(performance.now() - startedAt),
  });
  const nothing = { fetched: { tarballs: 0, documents: 0, bytes: 0 }, failed: [] };
  const planned = before.findings.flatMap((finding) => planFinding(finding, names) ?? []);
  if (isDryRun) {
    const kept = new Set(planned.map(keyOf));
    const remaining = before.findings.filter((finding) => !kept.has(keyOf(finding)));
    return report({ outcome: "planned", planned, repaired: [], remaining, ...nothing });
  }
  if (planned.length === 0 && !(await isUnfinished(work.store)))
    return report({
      outcome: outcomeOf([], before.findings),
      planned: [],
      repaired: [],
      remaining: before.findings,
      ...nothing,
    });
  const onNote = (message: string) => work.observe({ kind: "warning", message });
  const { done, after } = await asWriter(
    work.store,
    { command: "jam repair", onNote, signal: work.signal },
    async (signal) => {
      const ended = await repair(before, options, { ...work, signal });
      return {
        done: ended,
        after: await verifyMirror({ ...options, isDeep: false, writes: "nothing" }, work),
      };
    },
  );
  const left = new Set(after.findings.map(keyOf));
  const repaired = before.findings.filter((finding) => !left.has(keyOf(finding)));
  return report({
    outcome: outcomeOf(repaired, after.findings),
    planned: [],
    repaired,
    remaining: after.findings.map(withOtherPlace),
    fetched: {
      tarballs: done.fetched.length,
      documents: done.documents,
      bytes: done.fetched.reduce((sum, { size }) => sum + size, 0),
    },
    failed: describeFailed(done, after.findings),
  });
}

/** A run that was killed may have left something to be done that shows in no finding. */
async function isUnfinished({ documents }: Store): Promise<boolean> {
  return (await listDamaged(documents)).size > 0 || (await hasTreesToRepair(documents));
}

interface Done extends FetchedTarballs {
  readonly documents: number;
}

/** The lease is held, and taking it has put folders, links and modes in order. */
async function repair(
  before: VerifyDocument,
  { retention, jobs }: RepairOptions,
  work: RepairWork,
): Promise<Done> {
  const { store, sources, observe, signal, now } = work;
  await restoreMirrorRef(store);
  const expected = await work.readExpected();
  await restoreChannelRefs(store, { expected, now: now() });
  await putNotesAside(before.findings, work);
  const refs = await listRefs(store);
  const ids = new Set([
    ...(await listSnapshotIds(store.documents)),
    ...refs.map(({ target }) => snapshotIdOf(target)),
  ]);
  const documents = await restoreDocuments(ids, { store, sources, signal });
  const { kept } = await checkSnapshots(store, refs);
  // What is damaged leaves all trees before anything is fetched, which may take hours.
  await withdrawDamaged(store, { retention, now: now(), signal });
  const missing = await findMissing(store, kept);
  const bytes = missing.reduce((sum, { size }) => sum + size, 0);
  const hint = "Free some space (jam prune), then run the repair again.";
  await refuseOverfull(store, { what: "This repair", bytes, total: 0, hint }, undefined);
  await markDamage(store, missing, retention);
  observe({ kind: "phase", phase: "fetch" });
  observe({ kind: "planned", items: missing.length, bytes });
  const fetched = await fetchTarballs(missing, { blobs: store.blobs, sources, jobs, observe, signal });
  await settleDamage(store, signal);
  observe({ kind: "phase", phase: "publish" });
  // Where no tree of it was left, it is built now: its snapshot and tarballs are here again.
  await restoreChannelRefs(store, { expected, now: now(), builds: true });
  if (before.findings.some(isOfTree)) await noteTreesToRepair(store.documents);
  await repairTrees(store, { before: undefined, retention, now: now() });
  return { ...fetched, documents };
}

/** Findings after which the trees of all refs are built again. */
function isOfTree({ kind }: VerifyFinding): boolean {
  return kind.startsWith("tree-") || kind.startsWith("link-") || kind === "place-kind";
}

/** Tarballs that a kept snapshot lists and that are not here in their size. */
async function findMissing({ blobs }: Store, kept: readonly Snapshot[]): Promise<MissingTarball[]> {
  const listed = new Map<Sha256, { size: number; paths: Set<string> }>();
  // The newest snapshot's paths first: an upstream has these.
  for (const { agents } of kept.toReversed())
    for (const { sha256, size, path } of agents) {
      const known = listed.get(sha256) ?? { size, paths: new Set() };
      known.paths.add(path);
      listed.set(sha256, known);
    }
  const missing: MissingTarball[] = [];
  for (const [sha256, { size, paths }] of listed)
    if ((await blobs.stat(sha256))?.size !== size) missing.push({ sha256, size, paths: [...paths] });
  return missing;
}

/** A note or report that cannot be used is in the way of the next one. Where damage is noted the note is written anew. */
async function putNotesAside(
  findings: readonly VerifyFinding[],
  { store, now, observe }: RepairWork,
): Promise<void> {
  for (const { kind, where } of findings) {
    if (kind !== "state-damaged" && kind !== "history-damaged") continue;
    const damaged = (await readDamaged(store.documents)).find(({ sha256 }) => where.includes(sha256));
    try {
      await store.places?.setAside(where);
      if (damaged !== undefined)
        await noteDamage(store.documents, {
          ...damaged,
          foundAt: now().toISOString(),
          foundBy: "jam repair",
        });
    } catch (error) {
      observe({ kind: "warning", message: toJamError(error).message });
    }
  }
}

function describeFailed({ failed }: Done, remaining: readonly VerifyFinding[]): RepairDocument["failed"] {
  return [...failed]
    .map(([sha256, { code, message }]) => {
      const finding = remaining.find((one) => one.sha256 === sha256);
      return { sha256, path: finding?.where ?? sha256, agents: finding?.agents ?? [], code, message };
    })
    .sort((a, b) => compareTexts(a.path, b.path));
}

function keyOf({ kind, where }: VerifyFinding): string {
  return `${/^tarball-(?!extra)/.test(kind) ? "tarball" : kind} ${where}`;
}

function outcomeOf(
  repaired: readonly VerifyFinding[],
  remaining: readonly VerifyFinding[],
): RepairDocument["outcome"] {
  if (remaining.some(({ severity }) => severity !== "note")) return "partial";
  return repaired.length > 0 ? "repaired" : "whole";
}
