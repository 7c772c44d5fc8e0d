import { reportError, type ErrorCode, type JamError } from "../shared/errors.ts";
import type { Omitting } from "../shared/listed.ts";

export type SyncOutcome = "updated" | "unchanged" | "partial" | "failed";

/** Why an agent is no longer listed. */
export type RemovalReason = "gone upstream" | "no longer selected" | "denied";

/** An agent that a run takes out of the listing. */
export interface Removal {
  readonly agent: string;
  readonly reason: RemovalReason;
  /** What the rule said, for people. */
  readonly detail: string;
}

/** A wanted agent that is not there after the run, and why. */
export interface FailedItem {
  /** Agent name; for metadata that cannot be read as an agent, where it stands. */
  readonly agent: string;
  readonly path: string;
  readonly code: ErrorCode;
  readonly message: string;
}

export interface AgentsAndBytes {
  readonly agents: number;
  readonly bytes: number;
}

/** What one rule of `select` got. */
export interface RuleOutcome {
  /** Counted from 1. */
  readonly rule: number;
  /** Its conditions in one line. */
  readonly conditions: string;
  /** Agents that it takes. */
  readonly taken: number;
  /** What it names and does not get, with what is listed instead. */
  readonly missing: readonly { readonly kind: string; readonly message: string }[];
}

/** The lists of a report; each has at most so many rows as `cutLists` leaves it, the others are counted in `omitted`. */
export const REPORT_LISTS = ["added", "removed", "failed", "warnings", "rules"] as const;

/** What one run did: printed, and kept under `history/`. */
export interface SyncReport extends Omitting<(typeof REPORT_LISTS)[number]> {
  readonly outcome: SyncOutcome;
  /** The published snapshot; null when there is none. */
  readonly snapshot: string | null;
  readonly upstream: string | null;
  readonly verified: boolean;
  /** Agents and bytes that came over the network in this run. */
  readonly fetched: AgentsAndBytes;
  /** Agents listed and bytes of their distinct tarballs after this run. */
  readonly held: AgentsAndBytes;
  /** Names of agents listed now and not before. */
  readonly added: readonly string[];
  readonly removed: readonly Removal[];
  readonly failed: readonly FailedItem[];
  readonly warnings: readonly string[];
  /** What each rule of `select` got; absent in the report of an import, and where no upstream was read. */
  readonly rules?: readonly RuleOutcome[];
  /** Ids of the bundles that an import read; absent in the report of a sync. */
  readonly bundles?: readonly string[];
  /** The error that ended a failed run. */
  readonly error?: { readonly code: ErrorCode; readonly message: string; readonly hint?: string };
  /** ISO 8601. */
  readonly startedAt: string;
  readonly durationMs: number;
}

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
