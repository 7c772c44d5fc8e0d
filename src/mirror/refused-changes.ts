import type { ErrorCode } from "../shared/errors.ts";
import { countRows } from "../shared/listed.ts";
import type { SyncReport } from "./run-report.ts";

type Failures = Pick<SyncReport, "failed" | "omitted">;

/** True for other bytes than were accepted under a name, which were refused: running again does not help. */
export function isRefusedChange({ code }: { readonly code: ErrorCode }): boolean {
  return code === "JAM_METADATA_PATH_REUSED";
}

/** The rows of a report with refused changes first, so that cutting the list never hides that there are some. */
export function refusedFirst<Row extends { readonly code: ErrorCode }>(rows: readonly Row[]): Row[] {
  return [...rows.filter(isRefusedChange), ...rows.filter((row) => !isRefusedChange(row))];
}

/** How many of the failed agents are missing, and how many are here and were not replaced. */
export function countFailures(report: Failures): { readonly missing: number; readonly refused: number } {
  const all = countRows(report, "failed");
  const refused = report.failed.filter(isRefusedChange).length;
  // Refused changes come first: where others are among the rows, those that were left out are others.
  return refused === report.failed.length
    ? { missing: 0, refused: all }
    : { missing: all - refused, refused };
}
