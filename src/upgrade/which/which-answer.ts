import type { ErrorCode } from "../../shared/errors.ts";
import type { JujuOutcome, MigrationOutcome } from "../../juju/decisions/outcome.ts";
import type { TraceStep } from "../../juju/decisions/trace.ts";

/** The result of a question; the names are fixed for scripts. */
export const DECISIONS = ["upgrade", "up-to-date", "migrate", "bootstrap", "blocked", "not-found"] as const;
export type Decision = (typeof DECISIONS)[number];

/** Every trap that is warned of, by a stable name. docs/reference/which.md explains each. */
export const WARNING_CODES = [
  "advice",
  "unsupported-move",
  "arch-missing",
  "falls-through",
  "stream-falls-through",
  "other-stream",
  "other-lists",
  "pre-release",
  "stays-on-pre-release",
  "not-held",
  "upstream-newer",
  "newer-minor",
  "images",
  "companions",
  "local-upload",
  "agents-of-model",
  "taken-as",
] as const;
export type WarningCode = (typeof WARNING_CODES)[number];

/** Something to know before acting, and what to do about it. */
export interface WhichWarning {
  readonly code: WarningCode;
  readonly severity: "info" | "warn" | "block";
  readonly message: string;
  /** The next step, as a full sentence. */
  readonly remedy: string;
  /** Where to read more. */
  readonly link?: string;
}

/** The answer to one question, as it is printed. */
export interface WhichAnswer {
  readonly kind: "upgrade" | "bootstrap" | "migrate";
  readonly id?: string | number | undefined;
  readonly decision: Decision;
  /** The chosen version; null where there is none. */
  readonly version: string | null;
  /** Why there is no version; null where there is one, or nothing has to be done. */
  readonly code: ErrorCode | null;
  /** Juju's own words where Juju gives some. */
  readonly message: string;
  /** What to do when nothing was decided. */
  readonly hint?: string;
  readonly warnings: readonly WhichWarning[];
  readonly trace: readonly (Pick<TraceStep, "rule" | "source"> & Partial<TraceStep>)[];
  /** Whose rules decided. */
  readonly generation: string;
  /** What Juju does, in the shape of its recorded answers. */
  readonly juju: JujuOutcome | MigrationOutcome;
  /** What Juju does with what this mirror lists; null where the question has its own lists or needs none. */
  readonly mirror: JujuOutcome | null;
  /** What Juju would do with all that upstream listed at the last sync; null where that is not known. */
  readonly upstream: JujuOutcome | null;
}

/** The answer to a question about Juju's own tables. */
export interface TableAnswer {
  readonly kind: "preferredStreams" | "newestCompatible";
  readonly id?: string | number | undefined;
  readonly juju: Readonly<Record<string, unknown>>;
}

export type AnyAnswer = WhichAnswer | TableAnswer;
