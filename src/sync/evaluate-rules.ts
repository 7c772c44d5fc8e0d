import { formatAgentName, type Agent } from "../juju/agent.ts";
import { reportRules, type RuleReport } from "../juju/rule-report.ts";
import { compileSelection, selectAgents, type Verdict } from "../juju/select.ts";
import type { SelectionRules } from "../juju/select-rule.ts";
import { parseStreamContentId } from "../juju/stream.ts";
import type { UpstreamMetadata } from "../metadata/read-metadata.ts";
import type { KeptPlans, PlanWishes } from "../mirror/kept-plans.ts";
import { fleetReason, keptForFleet, type RunningVersions } from "../mirror/running-versions.ts";
import type { FailedItem, RuleOutcome } from "../mirror/run-report.ts";
import { JamError, type ErrorCode } from "../shared/errors.ts";

export interface EvaluationInput {
  /** What upstream lists. */
  readonly agents: readonly Agent[];
  /** What the mirror lists now. */
  readonly listed: readonly Agent[];
  readonly rules: SelectionRules;
  /** Whose conditions, without versions, say which agents of the fleet's versions are wanted. Default `rules`. */
  readonly fleetRules?: SelectionRules;
  /** What earlier plans asked for. */
  readonly kept: KeptPlans;
  /** Present in a run for a plan. */
  readonly wishes: PlanWishes | undefined;
  /** What the fleet runs, if that is to be kept. */
  readonly running: RunningVersions | undefined;
}

/**
 * A verdict on every agent. Usually the rules decide, and what plans asked for and the fleet runs stays. A run for a plan takes what the
 * plan names in addition to what is listed, whatever the rules say; it does not fetch what `deny` names.
 */
export function evaluateAgents(input: EvaluationInput): Verdict[] {
  const { agents, listed, rules, kept, wishes } = input;
  const verdicts = selectAgents(agents, rules);
  if (wishes !== undefined) {
    const names = new Set(listed.map(formatAgentName));
    return verdicts.map((verdict) => evaluateForPlan(verdict, names, wishes));
  }
  return keepRunning(keepPlanned(verdicts, kept), input);
}

function keepPlanned(verdicts: Verdict[], kept: KeptPlans): Verdict[] {
  if (kept.agents.length === 0) return verdicts;
  const names = new Set(kept.agents);
  return verdicts.map((verdict) =>
    verdict.taken || verdict.denied || !names.has(formatAgentName(verdict.agent))
      ? verdict
      : {
          ...verdict,
          taken: true,
          reason: "an upgrade plan asked for it (jam sync --forget-plans removes it)",
        },
  );
}

/** What the fleet runs stays, and is fetched where a rule takes it but for its version. */
function keepRunning(verdicts: Verdict[], input: EvaluationInput): Verdict[] {
  const { running, listed, rules, fleetRules = rules } = input;
  if (running === undefined) return verdicts;
  const isKept = keptForFleet(running);
  const names = new Set(listed.map(formatAgentName));
  const anyVersion = fleetRules.select.map(({ versions: _versions, keep: _keep, ...rule }) => ({
    ...rule,
    prereleases: true,
  }));
  const fits = compileSelection({ select: anyVersion, deny: [] });
  return verdicts.map((verdict) => {
    const { agent, taken, denied } = verdict;
    if (taken || denied || !isKept(agent)) return verdict;
    const stays = names.has(formatAgentName(agent)) || (running.state === "known" && fits(agent));
    return stays ? { ...verdict, taken: true, reason: fleetReason(running) } : verdict;
  });
}

/** How messages say who wants an agent. */
const ASKED = {
  plan: { wants: "the plan names it", not: "the plan does not name it", is: "is in the plan" },
  fleet: { wants: "the fleet needs it", not: "the fleet does not need it", is: "is needed by the fleet" },
  name: { wants: "requested", not: "not requested", is: "was requested" },
} as const satisfies Record<PlanWishes["by"], object>;

function evaluateForPlan(verdict: Verdict, listed: ReadonlySet<string>, { agents, by }: PlanWishes): Verdict {
  const name = formatAgentName(verdict.agent);
  if (listed.has(name)) return { ...verdict, taken: true, denied: false, reason: "listed already" };
  if (!agents.has(name)) return { ...verdict, taken: false, reason: ASKED[by].not };
  if (verdict.denied || isOther(verdict.agent, agents)) return { ...verdict, taken: false };
  return { ...verdict, taken: true, reason: ASKED[by].wants };
}

function isOther(agent: Agent, wishes: PlanWishes["agents"]): boolean {
  const seen = wishes.get(formatAgentName(agent)) ?? null;
  return seen !== null && seen !== agent.sha256;
}

/** What an answer about wishes rests on. */
export interface WishSources {
  readonly verdicts: readonly Verdict[];
  /** Agents whose tarballs are here. */
  readonly held: readonly Agent[];
  /** Upstreams that could not be read. */
  readonly unread: readonly { readonly name: string; readonly code: ErrorCode }[];
}

/** What a run for a plan is to fetch and cannot, each with the reason. */
export function unfulfilled(wishes: PlanWishes, { verdicts, held, unread }: WishSources): FailedItem[] {
  const heldAs = new Map(held.map((agent) => [formatAgentName(agent), agent.sha256]));
  const is = ASKED[wishes.by].is;
  const byName = new Map(verdicts.map((verdict) => [formatAgentName(verdict.agent), verdict]));
  return [...wishes.agents].flatMap(([agent, seen]): FailedItem[] => {
    const verdict = byName.get(agent);
    if (verdict === undefined) {
      const here = heldAs.get(agent);
      if (here !== undefined && here === (seen ?? here)) return [];
      const [first] = unread;
      const message =
        first === undefined
          ? `${agent} ${is}, but upstream does not list it.`
          : `${agent} ${is}, but no upstream that could be read lists it. Not known: what ${unread.map(({ name }) => name).join(" and ")} would list.`;
      return [{ agent, path: "", code: first?.code ?? "JAM_AGENT_NOT_FOUND", message }];
    }
    const { path } = verdict.agent;
    if (isOther(verdict.agent, wishes.agents)) {
      const since = wishes.by === "plan" ? "the plan was made" : "upstream was last read";
      const message = `${agent} has changed since ${since}: its sha256 is now ${verdict.agent.sha256}.${wishes.by === "plan" ? " Make the plan again." : ""}`;
      return [{ agent, path, code: "JAM_METADATA_PATH_REUSED", message }];
    }
    if (verdict.taken) return [];
    const message = `${agent} ${is}, but ${verdict.reason}.`;
    return [{ agent, path, code: "JAM_AGENT_NOT_FOUND", message }];
  });
}

/** What the rules get from these agents; a rule is not blamed for a product file that cannot be read. */
export function evaluateRules(
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

/** The reports where upstreams of these names could not be read: what they list is not known, and each gap says so. */
export function withUnread(reports: readonly RuleReport[], unread: readonly string[]): readonly RuleReport[] {
  if (unread.length === 0) return reports;
  const doubt = `Not known: what ${unread.join(" and ")} would list, because it could not be read.`;
  return reports.map((report) => ({
    ...report,
    gaps: report.gaps.map((gap) =>
      gap.wants.length === 0 ? gap : { ...gap, message: `${gap.message} ${doubt}` },
    ),
  }));
}

/** The warnings about the rules, one sentence each. */
export function ruleWarnings(reports: readonly RuleReport[]): string[] {
  return reports.flatMap(({ gaps }) => gaps.map(({ message }) => message));
}

/** An index without agents is of no use, and a mistake in a rule must not empty a mirror: such a run changes nothing. */
export function refuseEmptySelection(reports: readonly RuleReport[]): JamError | undefined {
  if (reports.some(({ taken }) => taken > 0)) return undefined;
  return new JamError(
    "JAM_SELECT_EMPTY",
    "No rule of `select` takes an agent, so the sync changes nothing.",
    {
      lines: ruleWarnings(reports).map((message) => `  ${message}`),
      hint: "Correct `select` in jam.yaml; `jam check` shows what each rule selects, `jam explain VERSION` why.",
      details: { rules: outcomesOf(reports) },
    },
  );
}
