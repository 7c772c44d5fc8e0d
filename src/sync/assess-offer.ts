import { formatAgentName, type Agent } from "../juju/agent.ts";
import { PathSpace } from "../juju/path-space.ts";
import type { SelectionRules } from "../juju/select-rule.ts";
import type { JamError } from "../shared/errors.ts";
import { compileSelection } from "../juju/select.ts";
import type { Upstream } from "../upstream/source.ts";
import type { AssessInput, SourceFailure } from "./choose-upstream.ts";
import { evaluateAgents } from "./evaluate-rules.ts";
import { planSync, type PlanInput, type SyncPlan } from "./plan.ts";
import { refuseLargeRemoval } from "./removal-guard.ts";

/** What a mirror in cache mode offers. */
export interface AssessedOffer {
  readonly agents: readonly Agent[];
  /** Those of them that only an upstream listed which could not be asked now. */
  readonly away: readonly Agent[];
  /** Why the offer before stays. */
  readonly refusal: JamError | undefined;
}

/** What a sync fetches by itself: in cache mode only what a rule with `fetch: onSync` takes. */
export function rulesOfSync({ rules, offered }: Pick<AssessInput, "rules" | "offered">): SelectionRules {
  if (offered === undefined) return rules;
  return { ...rules, select: rules.select.filter(({ fetch }) => fetch === "onSync") };
}

/** What the mirror lists in cache mode while upstream answers: the offer, and what else is held. */
export function joinOffered(offered: readonly Agent[], held: readonly Agent[]): readonly Agent[] {
  const names = new Set(offered.map(formatAgentName));
  const space = new PathSpace(offered.map(({ path }) => path));
  const more = held.filter(
    (agent) => !names.has(formatAgentName(agent)) && space.take(agent.path) === undefined,
  );
  return [...offered, ...more];
}

/**
 * The way from what is offered now to what the rules and plans take of upstream's list. What the fleet runs is fetched by a
 * sync, and then listed because it is held.
 */
export function planOffer(
  input: AssessInput,
  { agents, ...found }: Pick<PlanInput, "listed" | "isRead"> & { readonly agents: readonly Agent[] },
): SyncPlan {
  const verdicts = evaluateAgents({
    ...input,
    wishes: undefined,
    running: undefined,
    agents,
    listed: found.listed,
  });
  return planSync({ ...found, verdicts, isHeld: () => true });
}

/**
 * What was offered because of an upstream that could not be asked now, and is not listed by another one. It stays offered as
 * far as the rules still take it: what is not held of it is listed again when that upstream is back.
 */
export function offeredByAway(
  { offered = [], offeredBy, rules }: Pick<AssessInput, "offered" | "offeredBy" | "rules">,
  found: {
    readonly agents: readonly Agent[];
    readonly answered: readonly Pick<Upstream, "name">[];
    readonly failures: readonly SourceFailure[];
  },
): readonly Agent[] {
  if (offeredBy === undefined || found.failures.length === 0) return [];
  const answered = new Set(found.answered.map(({ name }) => name));
  const away = new Set(found.failures.flatMap(({ source: { name } }) => (answered.has(name) ? [] : [name])));
  const names = new Set(found.agents.map(formatAgentName));
  const space = new PathSpace(found.agents.map(({ path }) => path));
  const isTaken = compileSelection(rules);
  return offered.filter((agent) => {
    const name = formatAgentName(agent);
    return (
      away.has(offeredBy(name)) && !names.has(name) && isTaken(agent) && space.take(agent.path) === undefined
    );
  });
}

/** The offer. What no upstream lists now cannot be fetched; when it is held, it is listed because of that. */
export function assessOffer(
  { wishes, rules, ...limits }: AssessInput,
  found: {
    readonly plan: SyncPlan;
    readonly listed: readonly Agent[];
    readonly refusal: JamError | undefined;
    readonly staying: readonly Agent[];
    readonly away: readonly Agent[];
  },
): AssessedOffer {
  const { away } = found;
  const gone = new Set(found.staying.map(formatAgentName));
  const kept = new Set(away.map(formatAgentName));
  const refusal =
    wishes === undefined ? found.refusal : refuseLargeRemoval({ ...found, ...limits, deny: rules.deny });
  const agents = found.plan.wanted.filter((agent) => {
    const name = formatAgentName(agent);
    return !gone.has(name) && !kept.has(name);
  });
  return { agents: [...agents, ...away], away, refusal };
}
