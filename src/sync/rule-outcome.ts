import type { Agent } from "../juju/agent.ts";
import { reportRules, type RuleReport } from "../juju/rule-report.ts";
import type { SelectionRules } from "../juju/selection-rules.ts";
import { parseStreamContentId } from "../juju/stream.ts";
import { JamError } from "../shared/errors.ts";
import type { UpstreamMetadata } from "../metadata/read-metadata.ts";
import type { RuleOutcome } from "../mirror/run-report.ts";

/** What the rules get from these agents; what hangs on a product file that cannot be read is not blamed on a rule. */
export function judgeRules(
  agents: readonly Agent[],
  metadata: readonly Pick<UpstreamMetadata, "index" | "unread" | "unreadable">[],
  rules: SelectionRules,
): RuleReport[] {
  const unreadable = new Set(
    metadata.flatMap((one) => streamsOf(one.unreadable.map(({ contentId }) => contentId))),
  );
  const streams = new Set(
    metadata.flatMap(({ index, unread }) => streamsOf([...index.entries.keys(), ...unread])),
  );
  const reports = reportRules({ agents, streams: [...streams, ...unreadable] }, rules);
  return reports.map((report) => {
    const { streams: named } = rules.select[report.rule - 1] ?? { streams: [] };
    const isKnown = unreadable.size === 0 || !named.some((one) => one === "*" || unreadable.has(one));
    return isKnown ? report : { ...report, gaps: [] };
  });
}

function streamsOf(contentIds: readonly string[]): string[] {
  return contentIds.flatMap((contentId) => parseStreamContentId(contentId)?.stream ?? []);
}

/** The rules as a report shows them. */
export function outcomesOf(reports: readonly RuleReport[]): RuleOutcome[] {
  return reports.map(({ rule, conditions, taken, gaps }) => ({
    rule,
    conditions,
    taken,
    missing: gaps.map(({ kind, message }) => ({ kind, message })),
  }));
}

/** What people have to know about the rules, one sentence for each. */
export function ruleWarnings(reports: readonly RuleReport[]): string[] {
  return reports.flatMap(({ gaps }) => gaps.map(({ message }) => message));
}

/** An index without agents serves nobody, and a slip in a rule must not empty a mirror: such a run changes nothing. */
export function refuseEmptySelection(reports: readonly RuleReport[]): JamError | undefined {
  if (reports.some(({ taken }) => taken > 0)) return undefined;
  return new JamError(
    "JAM_SELECT_EMPTY",
    "No rule of `select` takes an agent, so the sync changes nothing.",
    {
      lines: ruleWarnings(reports).map((message) => `  ${message}`),
      hint: "Correct `select` in jam.yaml; `jam check` says what each rule takes, `jam explain VERSION` why.",
      details: { rules: outcomesOf(reports) },
    },
  );
}
