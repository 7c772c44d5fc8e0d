import type { DocumentStore, Store } from "../store/store.ts";
import { findKilledRun } from "./run-note.ts";
import { parseReport, type SyncReport } from "./run-report.ts";

/** What monitoring asks of the history. */
export interface LastRuns {
  /** When the last good run started; null where the kept history has none. */
  readonly lastGood: string | null;
  /** The last run; `unreadable` where its report cannot be read, null where there is none. */
  readonly last: SyncReport | "unreadable" | null;
}

/** The last run and the last good one, in all of the kept history. */
export async function readLastRuns(
  store: Pick<Store, "blobs" | "documents" | "lease" | "refs">,
): Promise<LastRuns> {
  // No run was closed since: it is the last one.
  return readClosedRuns(store.documents, (await findKilledRun(store)) ?? null);
}

/** The last run and the last good one of those that left a report: a run that was killed did not. */
export async function readClosedRuns(
  documents: Pick<DocumentStore, "get" | "list">,
  later: SyncReport | null = null,
): Promise<LastRuns> {
  let last: LastRuns["last"] = later;
  for (const name of (await documents.list("history")).toReversed()) {
    const bytes = await documents.get("history", name);
    if (bytes === undefined) continue;
    const report = await parseReport(bytes);
    // A switch shows what an earlier run brought.
    if (report?.switchedFrom !== undefined) continue;
    last ??= report ?? "unreadable";
    if (report !== undefined && isGood(report)) return { lastGood: report.startedAt, last };
  }
  return { lastGood: null, last };
}

/** A run that left everything that the rules or the bundle list in the mirror. A partial run did not. */
export function isGood({ outcome }: Pick<SyncReport, "outcome">): boolean {
  return outcome === "updated" || outcome === "unchanged";
}
