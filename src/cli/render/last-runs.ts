import { isGood, type LastRuns } from "../../mirror/last-runs.ts";
import { describeKept } from "../../mirror/kept-data.ts";
import type { SyncReport } from "../../mirror/run-report.ts";
import { formatDuration } from "../../shared/duration.ts";
import { formatLocalTime } from "../../shared/local-time.ts";
import { printable } from "../../shared/printable.ts";
import type { Paint } from "../output/output.ts";

/** A run that is dated further ahead than this has no age: a clock was or is wrong. */
const MAX_AHEAD_MS = 60_000;

/** The first lines of the status: the last good run, and the last run where that is another one. */
export function describeLastRuns({ lastGood, last }: LastRuns, now: Date, paint: Paint): string[] {
  const good = lastGood === null ? paint("red", "run never") : `run ${describeTime(lastGood, now)}`;
  return [`last good ${good}`, ...describeLast(last, now, paint)];
}

function describeLast(last: LastRuns["last"], now: Date, paint: Paint): string[] {
  if (last === null) return [];
  if (last === "unreadable") return [`last run  ${paint("red", "its report cannot be read")}`];
  if (isGood(last)) return [];
  const outcome = paint(last.outcome === "partial" ? "yellow" : "red", last.outcome);
  const why = describeEnd(last);
  return [`last run  ${outcome} ${describeTime(last.startedAt, now)}${why === "" ? "" : `: ${why}`}`];
}

/** Why a run ended before it was done, and what it keeps; empty for one that came to its end. */
export function describeEnd({ outcome, error, kept }: SyncReport): string {
  const keeps = kept === undefined ? "" : `; ${describeKept(kept)}`;
  if (outcome === "killed") return `it ended without a report (killed, or the machine stopped)${keeps}`;
  if (error === undefined) return "";
  const isTold = kept === undefined || error.message.includes(describeKept(kept));
  // The first line: what follows it are details, which -o json has.
  const [message = ""] = error.message.split("\n");
  return `${error.code}: ${printable(message, Infinity)}${isTold ? "" : keeps}`;
}

/** How the last run ended where monitoring has to report it; undefined where it came to its end. */
function describeBadEnd(outcome: SyncReport["outcome"]): string | undefined {
  if (outcome === "failed") return "failed";
  return outcome === "cancelled" || outcome === "killed" ? `was ${outcome}` : undefined;
}

function describeTime(time: string, now: Date): string {
  const age = now.getTime() - Date.parse(time);
  const since = Number.isNaN(age)
    ? "at an unknown time"
    : age < -MAX_AHEAD_MS
      ? "in the future"
      : `${formatDuration(Math.max(0, age))} ago`;
  return `${since}, ${formatLocalTime(time)}`;
}

/** Why monitoring has to report this mirror, or undefined where the last good run is recent and the last run did not fail. */
export function findStaleness({ lastGood, last }: LastRuns, now: Date, maxAgeMs: number): string | undefined {
  if (last === null) return "No run has taken place yet.";
  if (last === "unreadable") return "The report of the last run cannot be read.";
  const end = describeBadEnd(last.outcome);
  if (end !== undefined) {
    const why = describeEnd(last);
    return `The last run ${end} ${describeTime(last.startedAt, now)}${why === "" ? "." : `: ${why}`}`;
  }
  if (lastGood === null) return "No run in the kept history was good.";
  const age = now.getTime() - Date.parse(lastGood);
  if (age < -MAX_AHEAD_MS) return `The last good run is dated in the future: ${formatLocalTime(lastGood)}.`;
  if (age <= maxAgeMs) return undefined;
  return `The last good run was ${describeTime(lastGood, now)}: older than ${formatDuration(maxAgeMs)}.`;
}
