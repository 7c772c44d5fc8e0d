import type { ErrorCode } from "../../shared/errors.ts";
import { printable } from "../../shared/printable.ts";
import { formatByteSize } from "../../shared/byte-size.ts";
import { formatDuration } from "../../shared/duration.ts";
import { countRows, formatCount } from "../../shared/listed.ts";
import type { SyncReport } from "../../mirror/run-report.ts";
import type { Page, Paint } from "../output/output.ts";
import { formatTable } from "../output/table.ts";
import { formatAgentNames } from "./agent-names.ts";
import { formatTotals } from "./totals.ts";

/** A run's report as the one JSON document. `removed` lists agent names; `removals` the reason for each. */
export function reportDocument(report: SyncReport): object {
  const { removed, ...rest } = report;
  return { ...rest, removed: removed.map(({ agent }) => agent), removals: removed };
}

/** A run's report on one page, for people. */
export async function renderReport(report: SyncReport, { paint, width }: Page): Promise<string> {
  const { added, removed, omitted } = report;
  const lines = [headline(report, paint)];
  lines.push(...(await formatAgentNames("  new      ", added, { omitted: omitted?.added, width })));
  lines.push(...(await formatAgentNames("  removed  ", removed, { omitted: omitted?.removed, width })));
  for (const warning of report.warnings)
    lines.push(`  ${paint("yellow", "warning")}  ${printable(warning, Infinity)}`);
  const { failed = 0, warnings = 0 } = omitted ?? {};
  if (warnings > 0) lines.push(`  and ${formatCount(warnings, "more warning")}`);
  lines.push(...totalLines(report));
  if (report.failed.length > 0) {
    lines.push("", "Missing:", await failedTable(report, width));
    if (failed > 0) lines.push(`and ${failed} more`);
    const state = report.snapshot === null ? "Nothing is published yet." : "Everything else is published.";
    lines.push(`${state} ${nextStep(report)}`);
  }
  return `${lines.join("\n")}\n`;
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

/** Why running again does not help, by code; every other failure may be over by then. */
const LASTING: Readonly<Partial<Record<ErrorCode, string>>> = {
  JAM_AGENT_NOT_FOUND: "A sync cannot fetch what upstream does not list: make a new plan.",
  JAM_METADATA_PATH_REUSED:
    "The bytes in the mirror are unchanged. Ask upstream why they changed; `jam sync --allow path-reuse` accepts the new ones.",
};

function nextStep({ failed }: SyncReport): string {
  const lasting = new Set(failed.flatMap(({ code }) => LASTING[code] ?? []));
  const again = failed.some(({ code }) => LASTING[code] === undefined)
    ? ["Received data is kept: run `jam sync` again to fetch the rest."]
    : [];
  return [...again, ...lasting].join(" ");
}

function headline(report: SyncReport, paint: Paint): string {
  const missing = countRows(report, "failed");
  switch (report.outcome) {
    case "updated":
      return paint("green", `Updated from ${report.upstream}`);
    case "unchanged":
      return report.fetched.agents === 0
        ? `Nothing new at ${report.upstream}`
        : `Nothing new at ${report.upstream}; missing or damaged tarballs were fetched again`;
    case "partial":
      return report.snapshot === null
        ? paint(
            "red",
            `Nothing was received from ${report.upstream}: ${formatCount(missing, "agent")} missing`,
          )
        : paint("yellow", `Partly updated from ${report.upstream}: ${formatCount(missing, "agent")} missing`);
    case "failed":
    case "cancelled":
    case "killed":
      return paint("red", `Failed: ${printable(report.error?.message ?? "unknown", Infinity)}`);
  }
}

function failedTable(report: SyncReport, width: number): Promise<string> {
  return formatTable(
    [{ heading: "AGENT" }, { heading: "CODE" }, { heading: "WHY" }],
    report.failed.map(({ agent, code, message }) => [agent, code, message]),
    width,
  );
}
