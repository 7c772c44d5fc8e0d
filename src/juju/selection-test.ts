import type { Agent } from "./agent.ts";
import { candidateOf, compileDenials, compileRule, objectionOf } from "./select-rule.ts";
import type { SelectionRules } from "./selection-rules.ts";

/**
 * Whether the rules would take an agent if it were alone: `keep`, which compares agents, is not asked. The rules are
 * read once for all agents that are asked about.
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
