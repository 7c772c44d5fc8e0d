import type { ErrorCode } from "../../shared/errors.ts";
import { printable } from "../../shared/printable.ts";
import { formatByteSize } from "../../shared/byte-size.ts";
import { formatDuration } from "../../shared/duration.ts";
import { formatCount } from "../../shared/listed.ts";
import { countFailures, isRefusedChange } from "../../mirror/refused-changes.ts";
import type { FailedItem, SyncReport } from "../../mirror/run-report.ts";
import type { Page, Paint } from "../output/output.ts";
import { formatTable } from "../output/table.ts";
import { formatAgentNames } from "./agent-names.ts";
import { foldAgents, readAgentPlace } from "../../juju/fold-agents.ts";
import { formatTotals } from "./totals.ts";
import { askedHeadline, askedNext, type AskedRun } from "./warmed.ts";

/** A run's report as the one JSON document. `removed` lists agent names; `removals` the reason for each. */
export function reportDocument(report: SyncReport): object {
  const { removed, ...rest } = report;
  return { ...rest, removed: removed.map(({ agent }) => agent), removals: removed };
}

/** A run's report on one page, for people; `asked` of a run that was to fetch some agents only. */
export async function renderReport(
  report: SyncReport,
  { paint, width }: Page,
  asked?: AskedRun,
): Promise<string> {
  const { added, removed, omitted } = report;
  const lines = [headlineFor(asked, report, paint)];
  lines.push(...(await formatAgentNames("  new      ", added, { omitted: omitted?.added, width })));
  lines.push(...(await formatAgentNames("  removed  ", removed, { omitted: omitted?.removed, width })));
  lines.push(...goneLines(report));
  for (const warning of report.warnings)
    lines.push(`  ${paint("yellow", "warning")}  ${printable(warning, Infinity)}`);
  const { warnings = 0 } = omitted ?? {};
  if (warnings > 0) lines.push(`  and ${formatCount(warnings, "more warning")}`);
  lines.push(...totalLines(report));
  if (asked !== undefined && asked.wishes.agents.size > 0)
    lines.push("  kept     by later syncs, until `jam sync --forget-plans`");
  if (report.failed.length > 0) {
    lines.push(...(await renderFailures(report, width)));
    const state = report.snapshot === null ? "Nothing is published yet. " : "Everything else is published. ";
    const isRefused = report.failed.some(isRefusedChange);
    lines.push(asked === undefined || isRefused ? state + nextStep(report) : askedNext(asked, report.failed));
    lines.push(...keptLines(report));
  }
  return `${lines.join("\n")}\n`;
}

/** Whether both sides of what was refused can be compared here. */
function keptLines({ alarms = [] }: SyncReport): string[] {
  if (alarms.length === 0) return [];
  const kept = alarms.filter(({ isKept, before }) => isKept && before?.isHeld !== false).length;
  return [
    `Both tarballs are kept for ${kept} of ${formatCount(alarms.length, "changed agent")}: \`jam status\` names the files.`,
  ];
}

/** What upstream withdrew and stays. */
function goneLines({ goneUpstream = [], omitted }: SyncReport): string[] {
  const count = (isListed: boolean) => goneUpstream.filter(({ listed }) => listed === isListed).length;
  const counts = [
    ...(count(true) === 0 ? [] : [`${formatCount(count(true), "agent")} kept and listed`]),
    ...(count(false) === 0 ? [] : [`${formatCount(count(false), "agent")} kept, not listed`]),
    ...(omitted?.goneUpstream === undefined ? [] : [`${omitted.goneUpstream} more`]),
  ];
  return counts.length === 0
    ? []
    : [`  withdrawn by upstream: ${counts.join(", ")} (\`jam status\` names them)`];
}

/** Last, as in every list of agents. */
function totalLines({ fetched, held, tarballs, resumed, durationMs, snapshot }: SyncReport): string[] {
  const lines = [`  held     ${formatTotals({ ...held, tarballs: tarballs?.held })}`];
  if (fetched.agents > 0) {
    const totals = formatTotals({ ...fetched, tarballs: tarballs?.fetched });
    const earlier = resumed === undefined ? "" : `, ${formatByteSize(resumed)} more from an earlier run`;
    lines.unshift(`  fetched  ${totals} in ${formatDuration(durationMs ?? 0)}${earlier}`);
  }
  return snapshot === null ? lines : [...lines, `  snapshot ${snapshot}`];
}

/** What an operator does where upstream lists other bytes under a known name. */
export const REFUSED_NEXT =
  "What the mirror lists is unchanged. A published agent never changes: ask the operator of the upstream why it did; `jam sync --allow path-reuse` accepts the new bytes.";

/** Why running again does not help, by code; every other failure may be over by then. */
const LASTING: Readonly<Partial<Record<ErrorCode, string>>> = {
  JAM_AGENT_NOT_FOUND: "A sync cannot fetch what upstream does not list: make a new plan.",
  JAM_METADATA_PATH_REUSED: REFUSED_NEXT,
};

function nextStep({ failed }: SyncReport): string {
  const lasting = new Set(failed.flatMap(({ code }) => LASTING[code] ?? []));
  const again = failed.some(({ code }) => LASTING[code] === undefined)
    ? ["Received data is kept: run `jam sync` again to fetch the rest."]
    : [];
  return [...again, ...lasting].join(" ");
}

function headlineFor(asked: AskedRun | undefined, report: SyncReport, paint: Paint): string {
  const { outcome, failed, fetched, upstream, omitted } = report;
  const isRefused = failed.some(isRefusedChange) || omitted?.failed !== undefined;
  if (asked === undefined || isRefused || upstream === null) return headline(report, paint);
  const text = askedHeadline(asked, { failed, upstream, fetched: fetched.agents });
  if (text === undefined) return headline(report, paint);
  return outcome === "unchanged" ? text : paint(outcome === "updated" ? "green" : "yellow", text);
}

function headline(report: SyncReport, paint: Paint): string {
  switch (report.outcome) {
    case "updated":
      return paint("green", `Updated from ${report.upstream}`);
    case "unchanged":
      return report.fetched.agents === 0
        ? `Nothing new at ${report.upstream}`
        : `Nothing new at ${report.upstream}; missing or damaged tarballs were fetched again`;
    case "partial":
      return partialHeadline(report, paint);
    case "failed":
    case "cancelled":
    case "killed":
      return paint("red", `Failed: ${printable(report.error?.message ?? "unknown", Infinity)}`);
  }
}

function partialHeadline(report: SyncReport, paint: Paint): string {
  const { missing, refused } = countFailures(report);
  const counts = [
    ...(refused === 0 ? [] : [`${formatCount(refused, "changed agent")} refused`]),
    ...(missing === 0 ? [] : [`${formatCount(missing, "agent")} missing`]),
  ].join(", ");
  if (refused > 0) return paint("red", `Not all of ${report.upstream} was accepted: ${counts}`);
  const isIdle = report.fetched.agents + report.added.length + report.removed.length === 0;
  if (isIdle && report.snapshot !== null)
    return paint("yellow", `Nothing new at ${report.upstream}: ${counts}`);
  return report.snapshot === null
    ? paint("red", `Nothing was received from ${report.upstream}: ${counts}`)
    : paint("yellow", `Partly updated from ${report.upstream}: ${counts}`);
}

/** What was refused, and what is missing: two lists. */
async function renderFailures(report: SyncReport, width: number): Promise<string[]> {
  const refused = report.failed.filter(isRefusedChange);
  const missing = report.failed.filter((row) => !isRefusedChange(row));
  const left = report.omitted?.failed ?? 0;
  const more = left === 0 ? [] : [`and ${left} more`];
  return [
    ...(refused.length === 0 ? [] : ["", await renderRefused(refused, width)]),
    ...(missing.length === 0 ? [] : ["", "Missing:", await failedTable(missing, width)]),
    ...more,
  ];
}

/** Changes that were refused, one line for the agents of each tarball. */
export async function renderRefused(rows: readonly FailedItem[], width = Infinity): Promise<string> {
  const lines = foldAgents(
    rows.map((row) => ({ ...readAgentPlace(row.agent), ...row })),
    { tarball: ({ path }) => path, shown: ({ code, message }) => `${code}\0${message}` },
  );
  const table = await formatTable(
    [{ heading: "VERSION" }, { heading: "RELEASE" }, { heading: "ARCH" }, { heading: "WHY" }],
    lines.map(({ version, releases, arches, rows: [row] }) => [
      version,
      releases,
      arches,
      shortenHashes(row?.message ?? ""),
    ]),
    width,
  );
  return `Refused [JAM_METADATA_PATH_REUSED]:\n${table}`;
}

/** Agents that cannot be had, each with the reason. */
export function failedTable(rows: readonly FailedItem[], width: number): Promise<string> {
  return formatTable(
    [{ heading: "AGENT" }, { heading: "CODE" }, { heading: "WHY" }],
    rows.map(({ agent, code, message }) => [agent, code, shortenHashes(message)]),
    width,
  );
}

/** As git shows them: enough to compare. -o json has them in full. */
function shortenHashes(text: string): string {
  return text.replaceAll(/\b([0-9a-f]{12})[0-9a-f]{52}\b/g, "$1…");
}
