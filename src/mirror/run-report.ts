import type { z } from "zod";
import { defined } from "../shared/collections.ts";
import { reportError, type JamError } from "../shared/errors.ts";
import { cutLists, MAX_LISTED } from "../shared/listed.ts";
import type { DocumentStore } from "../store/store.ts";
import type { agentsAndBytesField } from "./document-fields.ts";
import { withSum } from "./note-sum.ts";
import { plainReport } from "./plain-report.ts";
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

/** What a run that was cut short leaves to the next one. */
export type KeptData = NonNullable<SyncReport["kept"]>;

/** The lists of a report; each has at most so many rows as `cutLists` leaves, the others are counted in `omitted`. */
export const REPORT_LISTS = [
  "added",
  "removed",
  "goneUpstream",
  "failed",
  "alarms",
  "warnings",
  "rules",
] as const satisfies readonly (keyof NonNullable<SyncReport["omitted"]>)[];

/** A report before its times are known. */
export type UnstampedReport = Omit<SyncReport, "startedAt" | "durationMs">;

/** What a run that published nothing leaves. */
export interface LeftBehind {
  /** For the next run. */
  readonly kept: KeptData | undefined;
  /** What the mirror shows, as before. */
  readonly held: AgentsAndBytes;
}

/** The report of a run that an error ended. */
export function failedReport(error: JamError, left: LeftBehind): UnstampedReport {
  const { code, message, hint } = reportError(error);
  return {
    ...emptyReport(error.family === "cancelled" ? "cancelled" : "failed", left),
    error: { code, message, ...defined({ hint }) },
  };
}

/** The report of a run that published nothing. */
export function emptyReport(
  outcome: "failed" | "cancelled" | "killed",
  { kept, held }: LeftBehind,
): UnstampedReport {
  return {
    outcome,
    snapshot: null,
    upstream: null,
    verified: false,
    fetched: { agents: 0, bytes: 0 },
    held,
    added: [],
    removed: [],
    failed: [],
    warnings: [],
    ...(kept === undefined || kept.files + kept.partial === 0 ? {} : { kept }),
  };
}

/** Reports of so many runs are kept, each of so many bytes at most: 100 MiB in all. */
const KEPT_RUNS = 200;
const MAX_REPORT_BYTES = 512 * 1024;

/** Keeps a run's report and drops the oldest beyond the limit. */
export async function keepReport(documents: DocumentStore, report: SyncReport): Promise<void> {
  await documents.put("history", reportName(report.startedAt), formatReport(report));
  const names = await documents.list("history");
  for (const old of names.slice(0, -KEPT_RUNS)) await documents.delete("history", old);
}

/** Name of a report under `history/`; they sort by time. */
export function reportName(startedAt: string): string {
  return `${startedAt.replaceAll(/[-:]/g, "")}.json`;
}

/** The report as a document; rows that do not fit into the bytes are counted like others that were left out. */
function formatReport(report: SyncReport): Uint8Array {
  for (let rows = MAX_LISTED; ; rows = Math.floor(rows / 2)) {
    const bytes = Buffer.from(
      `${JSON.stringify(withSum(reportName(report.startedAt), cutLists(report, REPORT_LISTS, rows)), null, 1)}\n`,
    );
    if (bytes.length <= MAX_REPORT_BYTES || rows === 0) return bytes;
  }
}

/** Kept reports, newest first. */
export interface KeptReports {
  readonly reports: readonly SyncReport[];
  /** Names under `history/` of those that cannot be read. */
  readonly damaged: readonly string[];
}

/** The reports of the last `count` runs. */
export async function readReports(
  documents: Pick<DocumentStore, "get" | "list">,
  count: number,
): Promise<KeptReports> {
  const names = (await documents.list("history")).toReversed().slice(0, count);
  const read = await Promise.all(
    names.map(async (name) => {
      const bytes = await documents.get("history", name);
      return bytes === undefined ? undefined : { name, report: await parseReport(bytes) };
    }),
  );
  return {
    reports: read.flatMap((one) => one?.report ?? []),
    damaged: read.flatMap((one) => (one !== undefined && one.report === undefined ? [one.name] : [])),
  };
}

/** A kept report, or undefined where it is damaged. */
export async function parseReport(bytes: Uint8Array): Promise<SyncReport | undefined> {
  try {
    const document: unknown = JSON.parse(Buffer.from(bytes).toString("utf8"));
    const report = plainReport(document) ?? (await import("./run-document.ts")).syncReport.parse(document);
    return Number.isNaN(Date.parse(report.startedAt)) ? undefined : report;
  } catch {
    return undefined;
  }
}
