import { formatByteSize } from "../../shared/byte-size.ts";
import { formatCount } from "../../shared/listed.ts";
import type { Assessment } from "../../sync/assess.ts";
import type { SyncPlan } from "../../sync/plan.ts";
import { outcomesOf } from "../../sync/evaluate-rules.ts";
import { countTarballs, formatAgentName, listStreams, sumTarballBytes } from "../../juju/agent.ts";
import { isRefusedChange } from "../../mirror/refused-changes.ts";
import { failedTable, REFUSED_NEXT, renderRefused } from "./run-report.ts";
import { formatTable } from "../output/table.ts";
import { foldNames } from "./agent-names.ts";
import { withoutSubject } from "./reasons.ts";
import { formatTotals } from "./totals.ts";
import type { FailedItem } from "../../mirror/run-report.ts";
import { askedTotals, type AskedRun } from "./warmed.ts";
import { foldAgents, readAgentPlace } from "../../juju/fold-agents.ts";

/** What a sync would do. */
export type PlannedSync = Pick<Assessment, "plan" | "rules" | "refusal" | "warnings" | "failed">;

/** The steps of a sync; none where its rules select nothing. A removal that would be refused is shown. */
export function stepsOf({ plan, refusal }: PlannedSync): SyncPlan {
  return refusal?.code === "JAM_SELECT_EMPTY" ? { ...plan, fetch: [], remove: [], bytes: 0 } : plan;
}

/** The plan as the document that `--dry-run -o json` prints and `--save-plan` writes. */
export function planDocument(planned: PlannedSync): object {
  const plan = stepsOf(planned);
  const { rules, refusal, warnings } = planned;
  return {
    plan: {
      fetch: plan.fetch.map(({ agents, path, size, sha256, rule }) => ({
        agent: agents[0],
        agents,
        path,
        size,
        sha256,
        rule,
      })),
      remove: plan.remove,
      bytes: plan.bytes,
      wanted: plan.wanted.length,
    },
    ...(planned.failed.length === 0 ? {} : { failed: planned.failed }),
    rules: outcomesOf(rules),
    warnings: refusal === undefined ? warnings : [...warnings, refusal.message],
  };
}

/** The plan for people: what is fetched and removed, why, and the size. */
export async function renderPlan(planned: PlannedSync, width = Infinity, asked?: AskedRun): Promise<string> {
  if (planned.refusal?.code === "JAM_SELECT_EMPTY")
    return "A sync would change nothing: it would be refused.\n";
  const plan = stepsOf(planned);
  const parts: string[] = [];
  if (plan.fetch.length > 0) parts.push(`To fetch:\n${await fetchTable(plan, width)}`);
  if (plan.remove.length > 0) parts.push(`To remove from the index:\n${await removeTable(plan, width)}`);
  const refused = planned.failed.filter(isRefusedChange);
  if (refused.length > 0) parts.push(`${await renderRefused(refused, width)}${REFUSED_NEXT}\n`);
  const missing = planned.failed.filter((row) => !isRefusedChange(row));
  if (missing.length > 0) parts.push(`Cannot be fetched:\n${await failedTable(missing, width)}`);
  parts.push(asked === undefined ? totalLines(plan, missing.length) : askedLines(plan, asked, missing));
  return parts.join("\n");
}

/** Agents and tarballs, as the report of the sync counts them. */
function totalLines({ fetch, remove, bytes, wanted }: SyncPlan, missing: number): string {
  const selected = formatTotals({
    agents: wanted.length,
    tarballs: countTarballs(wanted),
    bytes: sumTarballBytes(wanted),
  });
  if (fetch.length + remove.length === 0)
    return missing === 0
      ? `Nothing to do: the mirror has all that is selected: ${selected}.\n`
      : `Nothing to do: the mirror has all that can be fetched: ${selected}.\n`;
  return `to fetch   ${toFetch({ fetch, bytes })}\nto remove  ${formatCount(remove.length, "agent")}\nselected   ${selected}\n`;
}

function toFetch({ fetch, bytes }: Pick<SyncPlan, "fetch" | "bytes">): string {
  return formatTotals({
    agents: fetch.flatMap(({ agents }) => agents).length,
    tarballs: fetch.length,
    bytes,
  });
}

function askedLines(plan: SyncPlan, asked: AskedRun, failed: readonly FailedItem[]): string {
  return askedTotals(asked, { toFetch: plan.fetch.length === 0 ? undefined : toFetch(plan), failed });
}

async function fetchTable(plan: SyncPlan, width: number): Promise<string> {
  const steps = new Map(plan.fetch.flatMap((step) => step.agents.map((name) => [name, step] as const)));
  const agents = plan.wanted.flatMap((agent) => {
    const step = steps.get(formatAgentName(agent));
    return step === undefined ? [] : [{ ...agent, streams: listStreams(agent), why: step.rule }];
  });
  const lines = foldAgents(agents, {
    tarball: ({ sha256 }) => sha256,
    shown: ({ streams, why }) => `${streams.toSorted().join(",")}\0${why}`,
  });
  const { labelOf, legend } = labelReasons(agents.map(({ why }) => why));
  const table = await formatTable(
    [...AGENT_COLUMNS, { heading: "STREAMS" }, { heading: "SIZE", align: "right" }, { heading: "WHY" }],
    lines.map(({ version, releases, arches, rows }) => [
      version,
      releases,
      arches,
      rows[0]?.streams.join(",") ?? "",
      formatByteSize(sumTarballBytes(rows)),
      labelOf(rows[0]?.why ?? ""),
    ]),
    width,
  );
  return table + legend;
}

async function removeTable({ remove }: SyncPlan, width: number): Promise<string> {
  const agents = remove.map(({ agent, reason, detail }) => {
    const place = readAgentPlace(agent);
    return { ...place, reason, detail: withoutSubject(detail, place) };
  });
  const lines = foldNames(agents, ({ reason, detail }) => `${reason}\0${detail}`);
  const { labelOf, legend } = labelReasons(agents.map(({ detail }) => detail));
  const table = await formatTable(
    [...AGENT_COLUMNS, { heading: "REASON" }, { heading: "WHY" }],
    lines.map(({ version, releases, arches, rows }) => [
      version,
      releases,
      arches,
      rows[0]?.reason ?? "",
      labelOf(rows[0]?.detail ?? ""),
    ]),
    width,
  );
  return table + legend;
}

const AGENT_COLUMNS = [{ heading: "VERSION" }, { heading: "RELEASE" }, { heading: "ARCH" }];

/** So long may a reason be that stands in the table itself. */
const SHORT = 30;

/** A short label for each reason, and the lines below the table that name the long ones once. */
function labelReasons(reasons: readonly string[]): {
  readonly labelOf: (reason: string) => string;
  readonly legend: string;
} {
  const labels = new Map<string, string>();
  const legend: string[] = [];
  let notes = 0;
  for (const reason of new Set(reasons)) {
    const [, rule, conditions] = /^(rule \d+) selects it: ([^]*)$/.exec(reason) ?? [];
    const label = rule ?? (reason.length <= SHORT ? reason : `note ${++notes}`);
    labels.set(reason, label);
    if (label !== reason) legend.push(`${label}: ${conditions ?? reason}\n`);
  }
  return {
    labelOf: (reason) => labels.get(reason) ?? reason,
    legend: legend.sort((a, b) => a.localeCompare(b, "en", { numeric: true })).join(""),
  };
}
