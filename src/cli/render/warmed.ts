import type { FailedItem } from "../../mirror/run-report.ts";
import type { PlanWishes } from "../../mirror/kept-plans.ts";
import type { ErrorCode } from "../../shared/errors.ts";
import { formatCount } from "../../shared/listed.ts";
import { printable } from "../../shared/printable.ts";

/** A run that was to fetch some agents and nothing else. */
export interface AskedRun {
  readonly wishes: PlanWishes;
  /** How it is started again. */
  readonly command: "jam sync --plan" | "jam warm";
}

/** The first line of its report; undefined where what failed is something else. */
export function askedHeadline(
  { wishes: { agents } }: AskedRun,
  run: { readonly fetched: number; readonly failed: readonly FailedItem[]; readonly upstream: string },
): string | undefined {
  const missing = run.failed.filter(({ agent }) => agents.has(agent)).length;
  if (missing < run.failed.length) return undefined;
  const all = formatCount(agents.size, "requested agent");
  if (missing > 0) {
    const fetched = run.fetched === 0 ? "none was fetched" : `${formatCount(run.fetched, "agent")} fetched`;
    return `Not complete: ${missing} of ${all} missing, ${fetched} from ${printable(run.upstream)}`;
  }
  if (agents.size === 0) return "Nothing to fetch: no agent was requested";
  if (run.fetched === 0) return `Nothing to fetch: the mirror has ${wholeOf(agents.size)}`;
  return `Fetched ${formatCount(run.fetched, "agent")} from ${printable(run.upstream)}: the mirror has ${wholeOf(agents.size)} now`;
}

/** What a dry run says of it. */
export function askedTotals(
  { wishes: { agents } }: AskedRun,
  { toFetch, failed }: { readonly toFetch: string | undefined; readonly failed: readonly FailedItem[] },
): string {
  const missing = failed.filter(({ agent }) => agents.has(agent)).length;
  if (toFetch === undefined && missing === 0)
    return agents.size === 0
      ? "Nothing to fetch: no agent was requested.\n"
      : `Nothing to fetch: the mirror has ${wholeOf(agents.size)}.\n`;
  const lost =
    missing === 0 ? "" : `not available  ${missing} of ${formatCount(agents.size, "requested agent")}\n`;
  return `requested      ${formatCount(agents.size, "agent")}\nto fetch       ${toFetch ?? "nothing"}\n${lost}`;
}

function wholeOf(count: number): string {
  return count === 1 ? "the requested agent" : `the ${count} requested agents`;
}

/** What to do about agents that are missing. */
export function askedNext({ wishes: { by }, command }: AskedRun, failed: readonly FailedItem[]): string {
  const lasting = failed.filter(({ code }) => isLasting(code));
  const next: string[] = [];
  if (lasting.length < failed.length)
    next.push(`Received data is kept: run \`${command}\` again with the same arguments to fetch the rest.`);
  if (lasting.length > 0)
    next.push(
      by === "plan"
        ? "What upstream does not list, or lists with other bytes, cannot be fetched: make a new plan."
        : "What upstream does not list cannot be fetched: `jam explain` with the version shows what there is.",
    );
  return next.join(" ");
}

/** Whether running again does not help. */
function isLasting(code: ErrorCode): boolean {
  return code === "JAM_AGENT_NOT_FOUND" || code === "JAM_METADATA_PATH_REUSED";
}
