import type { AgentsAndBytes, FailedItem, SyncReport } from "../../sync/report.ts";
import type { ErrorReport } from "../../shared/errors.ts";
import type { BundleScope } from "../format/manifest.ts";
import type { LackingContent } from "./ports.ts";

/** One bundle of which something was read. */
export interface ImportedBundle {
  readonly id: string;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly scope: BundleScope;
  /** Null for one that was taken without a signature that is trusted here. */
  readonly signedBy: string | null;
  readonly state: "published" | "waiting" | "refused";
}

/** A volume that could not be used, and why. */
export interface VolumeFault {
  readonly volume: string;
  readonly error: ErrorReport;
}

/** What an import did. */
export interface ImportReport {
  readonly outcome: "updated" | "unchanged" | "partial";
  /** What the mirror shows now; null when it shows nothing. */
  readonly snapshot: string | null;
  /** What came in this run. */
  readonly imported: AgentsAndBytes;
  /** What bundles wait for. */
  readonly missing: readonly LackingContent[];
  readonly bundles: readonly ImportedBundle[];
  /** Names of agents. */
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly failed: readonly FailedItem[];
  readonly faults: readonly VolumeFault[];
  readonly warnings: readonly string[];
  readonly upstream: string | null;
  readonly verified: boolean;
  readonly held: AgentsAndBytes;
}

/** The report as `jam status` shows runs. */
export function historyOf(report: ImportReport): Omit<SyncReport, "startedAt" | "durationMs"> {
  const { outcome, snapshot, upstream, verified, imported, held, added, failed, warnings, bundles } = report;
  return {
    outcome,
    snapshot,
    upstream,
    verified,
    fetched: imported,
    held,
    added,
    removed: report.removed.map((agent) => ({
      agent,
      reason: "gone upstream",
      detail: "the bundle does not list it",
    })),
    failed,
    warnings,
    bundles: bundles.map(({ id }) => id),
  };
}
