import { defined } from "../shared/collections.ts";
import type { z } from "zod";
import { reportError, type JamError } from "../shared/errors.ts";
import { cutLists, MAX_LISTED } from "../shared/listed.ts";
import type { DocumentStore } from "../store/store.ts";
import type { agentsAndBytesField } from "./document-fields.ts";
import type { failedItem, removal, ruleOutcome, syncReport } from "./run-document.ts";

/** An agent that a run removes from the listing. */
export type Removal = z.infer<typeof removal>;

/** A wanted agent that is not held after the run, and why. */
export type FailedItem = z.infer<typeof failedItem>;

export type AgentsAndBytes = z.infer<typeof agentsAndBytesField>;

/** What one rule of `select` got. */
export type RuleOutcome = z.infer<typeof ruleOutcome>;

/** What one run did: printed, and kept under `history/`. */
export type SyncReport = z.infer<typeof syncReport>;

/** The lists of a report; each has at most so many rows as `cutLists` leaves, the others are counted in `omitted`. */
export const REPORT_LISTS = [
  "added",
  "removed",
  "failed",
  "warnings",
  "rules",
] as const satisfies readonly (keyof NonNullable<SyncReport["omitted"]>)[];

/** A report before its times are known. */
export type UnstampedReport = Omit<SyncReport, "startedAt" | "durationMs">;

/** The report of a run that an error ended. */
export function failedReport(error: JamError): UnstampedReport {
  const { code, message, hint } = reportError(error);
  return {
    outcome: "failed",
    snapshot: null,
    upstream: null,
    verified: false,
    fetched: { agents: 0, bytes: 0 },
    held: { agents: 0, bytes: 0 },
    added: [],
    removed: [],
    failed: [],
    warnings: [],
    error: { code, message, ...defined({ hint }) },
  };
}

/** Reports of so many runs are kept, each of so many bytes at most: 100 MiB in all. */
const KEPT_RUNS = 200;
const MAX_REPORT_BYTES = 512 * 1024;

/** Keeps a run's report and drops the oldest beyond the limit. */
export async function keepReport(documents: DocumentStore, report: SyncReport): Promise<void> {
  const name = `${report.startedAt.replaceAll(/[-:]/g, "")}.json`;
  await documents.put("history", name, formatReport(report));
  const names = await documents.list("history");
  for (const old of names.slice(0, -KEPT_RUNS)) await documents.delete("history", old);
}

/** The report as a document; rows that do not fit into the bytes are counted like others that were left out. */
function formatReport(report: SyncReport): Uint8Array {
  for (let rows = MAX_LISTED; ; rows = Math.floor(rows / 2)) {
    const bytes = Buffer.from(`${JSON.stringify(cutLists(report, REPORT_LISTS, rows), null, 1)}\n`);
    if (bytes.length <= MAX_REPORT_BYTES || rows === 0) return bytes;
  }
}

/** The reports of the last `count` runs, newest first; a damaged report is left out. */
export async function readReports(
  documents: Pick<DocumentStore, "get" | "list">,
  count: number,
): Promise<SyncReport[]> {
  const names = (await documents.list("history")).toReversed().slice(0, count);
  const reports = await Promise.all(
    names.map(async (name) => parseReport(await documents.get("history", name))),
  );
  return reports.filter((report) => report !== undefined);
}

const OUTCOMES: ReadonlySet<string> = new Set([
  "updated",
  "unchanged",
  "partial",
  "failed",
] satisfies SyncReport["outcome"][]);

/** A kept report, or undefined where it is damaged. */
export function parseReport(bytes: Uint8Array | undefined): SyncReport | undefined {
  if (bytes === undefined) return undefined;
  try {
    const report = JSON.parse(Buffer.from(bytes).toString("utf8")) as Partial<SyncReport> | null;
    const isReport =
      OUTCOMES.has(report?.outcome ?? "") && !Number.isNaN(Date.parse(report?.startedAt ?? ""));
    return isReport ? (report as SyncReport) : undefined;
  } catch {
    return undefined;
  }
}
