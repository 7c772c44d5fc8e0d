import type { Agent } from "./agent.ts";
import {
  candidateOf,
  compileDenials,
  compileKeep,
  compileRule,
  describeRule,
  objectionOf,
  type Candidate,
  type CompiledRule,
  type KeepTest,
  type SelectionRules,
} from "./select-rule.ts";

/** What the rules decide about one agent. */
export interface Verdict {
  readonly agent: Agent;
  readonly taken: boolean;
  /** True when a `deny:` entry matches it, regardless of the rules. */
  readonly denied: boolean;
  /** The rule that takes it, counted from 1; undefined when none does. */
  readonly rule: number | undefined;
  /** Why, for people. */
  readonly reason: string;
}

/** A verdict and the result of each rule. */
export interface Explanation {
  readonly verdict: Verdict;
  /** One for every rule, in their order; also for denied agents. */
  readonly rules: readonly RuleOpinion[];
}

export interface RuleOpinion {
  /** Counted from 1. */
  readonly rule: number;
  /** The rule's conditions in one line. */
  readonly conditions: string;
  readonly taken: boolean;
  readonly reason: string;
}

/**
 * A verdict on every agent, in the order given. An agent is taken when one rule takes it and no denial hits it; the
 * first rule that takes it is named.
 * @throws JamError JAM_VERSION_INVALID for a range in the rules that cannot be read
 */
export function selectAgents(agents: readonly Agent[], rules: SelectionRules): Verdict[] {
  const { candidates, denials, rulesInOrder } = readRules(agents, rules);
  return candidates.map((candidate) => {
    const denial = denials.get(candidate);
    const taking = denial === undefined ? rulesInOrder.find((rule) => isTaken(rule, candidate)) : undefined;
    return taking === undefined
      ? verdictOf(candidate.agent, denial, opinionsOf(rulesInOrder, candidate))
      : takenBy(taking, candidate.agent);
  });
}

/**
 * What the rules decide about every agent, in the given order.
 * @throws JamError JAM_VERSION_INVALID for a range in the rules that cannot be read
 */
export function explainAgents(agents: readonly Agent[], rules: SelectionRules): Explanation[] {
  const { candidates, denials, rulesInOrder } = readRules(agents, rules);
  return candidates.map((candidate) => {
    const opinions = opinionsOf(rulesInOrder, candidate);
    const denial = denials.get(candidate);
    const taking = denial === undefined ? opinions.findIndex(({ taken }) => taken) : -1;
    const rule = rulesInOrder[taking];
    const verdict =
      rule === undefined ? verdictOf(candidate.agent, denial, opinions) : takenBy(rule, candidate.agent);
    return { verdict, rules: opinions };
  });
}

/** A rule, with what it says to the agents that it takes. */
interface ReadRule {
  readonly rule: CompiledRule;
  readonly isKept: KeepTest;
  readonly conditions: string;
  readonly reason: string;
}

function readRules(agents: readonly Agent[], rules: SelectionRules) {
  const candidates = agents.map(candidateOf);
  const denialOf = compileDenials(rules.deny);
  const denials = new Map<Candidate, string>();
  for (const candidate of candidates) {
    const denial = denialOf(candidate);
    if (denial !== undefined) denials.set(candidate, denial);
  }
  const allowed = denials.size === 0 ? candidates : candidates.filter((candidate) => !denials.has(candidate));
  const rulesInOrder = rules.select.map(compileRule).map((rule): ReadRule => {
    const conditions = describeRule(rule);
    const reason = `rule ${rule.number} selects it: ${conditions}`;
    return { rule, isKept: compileKeep(rule, allowed), conditions, reason };
  });
  return { candidates, denials, rulesInOrder };
}

function isTaken({ rule, isKept }: ReadRule, candidate: Candidate): boolean {
  return (objectionOf(rule, candidate) ?? isKept(candidate)) === undefined;
}

function takenBy({ rule, reason }: ReadRule, agent: Agent): Verdict {
  return { agent, taken: true, denied: false, rule: rule.number, reason };
}

/** The verdict on an agent that is not taken. */
function verdictOf(agent: Agent, denial: string | undefined, opinions: readonly RuleOpinion[]): Verdict {
  if (denial !== undefined) return { agent, taken: false, denied: true, rule: undefined, reason: denial };
  const objections = opinions.map(({ rule, reason }) => `rule ${rule}: ${reason}`);
  const reason =
    objections.length === 0 ? "there is no rule" : `no rule selects it: ${objections.join("; ")}`;
  return { agent, taken: false, denied: false, rule: undefined, reason };
}

function opinionsOf(rules: readonly ReadRule[], candidate: Candidate): RuleOpinion[] {
  return rules.map(({ rule, isKept, conditions }) => {
    const objection = objectionOf(rule, candidate) ?? isKept(candidate);
    return objection === undefined
      ? { rule: rule.number, conditions, taken: true, reason: "selects it" }
      : { rule: rule.number, conditions, taken: false, reason: objection };
  });
}

/**
 * Whether the rules would take an agent if it were alone: `keep`, which compares agents, is ignored. The rules are
 * read once for all agents.
 * @throws JamError JAM_VERSION_INVALID for a range in the rules that cannot be read
 */
export function compileSelection(rules: SelectionRules): (agent: Agent) => boolean {
  const denialOf = compileDenials(rules.deny);
  const select = rules.select.map(compileRule);
  return (agent) => {
    const candidate = candidateOf(agent);
    return (
      denialOf(candidate) === undefined && select.some((rule) => objectionOf(rule, candidate) === undefined)
    );
  };
}
