import type { DocumentStore } from "../store/store.ts";
import { cutLists, MAX_LISTED } from "../shared/listed.ts";
import { REPORT_LISTS, type SyncReport } from "./run-report.ts";

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
export async function readReports(documents: DocumentStore, count: number): Promise<SyncReport[]> {
  const names = (await documents.list("history")).toReversed().slice(0, count);
  const reports = await Promise.all(
    names.map(async (name) => parseReport(await documents.get("history", name))),
  );
  return reports.filter((report) => report !== undefined);
}

function parseReport(bytes: Uint8Array | undefined): SyncReport | undefined {
  if (bytes === undefined) return undefined;
  try {
    return JSON.parse(Buffer.from(bytes).toString("utf8")) as SyncReport;
  } catch {
    return undefined;
  }
}
