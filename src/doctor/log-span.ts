import type { Severity } from "./finding-kinds.ts";
import type { RequestsExamination } from "./requests/examine-requests.ts";

/**
 * How often a machine controller looks for agents: a log that covers less says nothing about who did not come.
 * Source: juju worker/toolsversionchecker manifold.go CheckInterval, 2.8–3.6
 */
const CONTROLLERS_LOOK_EVERY_MS = 6 * 3_600_000;

/** What a log that is too short shows is not known. */
export function bySpan(requests: RequestsExamination): {
  readonly severity?: Severity;
  readonly means?: string;
} {
  const { from, to } = requests.traffic;
  if (from !== undefined && to !== undefined && to - from >= CONTROLLERS_LOOK_EVERY_MS) return {};
  return {
    severity: "unknown",
    means:
      "controllers look every six hours, and the log is too short to tell: give a longer one, with rotated files",
  };
}

/** `the log covers 3 h`. */
export function describeSpan(requests: RequestsExamination): string {
  const { from, to } = requests.traffic;
  if (from === undefined || to === undefined) return "the log has no request";
  const minutes = (to - from) / 60_000;
  if (minutes < 1) return "the log covers less than a minute";
  return `the log covers ${minutes < 120 ? `${Math.round(minutes)} min` : `${Math.round(minutes / 60)} h`}`;
}
