import type { z } from "zod";
import { reportError, type JamError } from "../shared/errors.ts";
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
    error: { code, message, ...(hint === undefined ? {} : { hint }) },
  };
}
