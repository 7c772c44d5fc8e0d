import type { z } from "zod";
import type { syncReport } from "./run-document.ts";

type SyncReport = z.infer<typeof syncReport>;

type Check = (value: unknown) => boolean;

const OUTCOMES: readonly unknown[] = [
  "updated",
  "unchanged",
  "partial",
  "failed",
  "cancelled",
  "killed",
] satisfies SyncReport["outcome"][];

const REASONS: readonly unknown[] = [
  "gone upstream",
  "no longer selected",
  "denied",
  "switched",
] satisfies SyncReport["removed"][number]["reason"][];

const isText: Check = (value) => typeof value === "string";
const isFlag: Check = (value) => typeof value === "boolean";
const isTextOrNull: Check = (value) => value === null || isText(value);
const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const isDuration: Check = (value) => value === null || (Number.isFinite(value) && (value as number) >= 0);
const listOf =
  (isRow: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(isRow);

/** True for an object with all of the required fields, some of the optional ones, and no others. */
function hasFields(required: Readonly<Record<string, Check>>, optional = {} as typeof required): Check {
  const names = Object.keys(required);
  return (value) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
    if (!names.every((name) => Object.hasOwn(value, name))) return false;
    return Object.entries(value).every(([name, field]) => {
      const check = Object.hasOwn(required, name)
        ? required[name]
        : Object.hasOwn(optional, name)
          ? optional[name]
          : undefined;
      return check?.(field) === true;
    });
  };
}

const isAmount = hasFields({ agents: isCount, bytes: isCount });

const isContent = hasFields({ sha256: isText, size: isCount });

const isPlain = hasFields(
  {
    outcome: (value) => OUTCOMES.includes(value),
    snapshot: isTextOrNull,
    upstream: isTextOrNull,
    verified: isFlag,
    fetched: isAmount,
    held: isAmount,
    added: listOf(isText),
    removed: listOf(hasFields({ agent: isText, reason: (value) => REASONS.includes(value), detail: isText })),
    failed: listOf(hasFields({ agent: isText, path: isText, code: isText, message: isText })),
    warnings: listOf(isText),
    startedAt: isText,
    durationMs: isDuration,
  },
  {
    resumed: isCount,
    tarballs: hasFields({ fetched: isCount, held: isCount }),
    rules: listOf(
      hasFields({
        rule: (value) => isCount(value) && value !== 0,
        conditions: isText,
        taken: isCount,
        missing: listOf(hasFields({ kind: isText, message: isText })),
      }),
    ),
    goneUpstream: listOf(hasFields({ agent: isText, since: isText, listed: isFlag })),
    alarms: listOf(
      hasFields({
        agent: isText,
        path: isText,
        since: isText,
        held: isContent,
        other: isContent,
        isKept: isFlag,
      }),
    ),
    bundles: listOf(isText),
    switchedFrom: isText,
  },
);

/**
 * A kept report of the form that nearly every run leaves: what the schema of reports accepts, and gives unchanged
 * but for its sum, which verification looks at. Undefined for any other document, about which the schema decides: loading it takes longer than a whole `jam status`.
 */
export function plainReport(document: unknown): SyncReport | undefined {
  if (typeof document !== "object" || document === null) return undefined;
  const { sum, ...report } = document as { readonly sum?: unknown };
  return (sum === undefined || isText(sum)) && isPlain(report) ? (report as SyncReport) : undefined;
}
