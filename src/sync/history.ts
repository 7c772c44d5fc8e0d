import type { DocumentPort } from "./ports.ts";
import type { SyncReport } from "./report.ts";

/** Reports of so many runs are kept. */
const KEPT_RUNS = 200;

/** Keeps a run's report and drops the oldest beyond the limit. */
export async function keepReport(documents: DocumentPort, report: SyncReport): Promise<void> {
  const name = `${report.startedAt.replaceAll(/[-:]/g, "")}.json`;
  await documents.put("history", name, Buffer.from(`${JSON.stringify(report, null, 1)}\n`));
  const names = await documents.list("history");
  for (const old of names.slice(0, -KEPT_RUNS)) await documents.delete("history", old);
}

/** The reports of the last `count` runs, newest first; a damaged report is left out. */
export async function readReports(documents: DocumentPort, count: number): Promise<SyncReport[]> {
  const names = (await documents.list("history")).slice(-count).toReversed();
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
