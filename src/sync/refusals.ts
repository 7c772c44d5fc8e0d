import type { ErrorReport } from "../shared/errors.ts";
import { formatAgentName, type Agent } from "../juju/agent.ts";
import { parseAgentBinary } from "../juju/agent-binary.ts";
import type { Catalogue } from "../juju/catalogue.ts";
import { selectAgents } from "../juju/select.ts";
import type { SelectionRules } from "../juju/selection-rules.ts";
import type { GuardedCatalogue } from "./guard.ts";
import type { UpstreamMetadata } from "./read-metadata.ts";
import type { FailedItem } from "./report.ts";

export interface Refusals {
  /** Refused items that the rules want, or that cannot be told to be unwanted. */
  readonly failed: readonly FailedItem[];
  /** One line about refused items that no rule wants anyway. */
  readonly warnings: readonly string[];
}

/**
 * Sorts upstream's bad items into those that leave a gap in this mirror and those that do not concern it, so that
 * one broken item of an unwanted version does not make every nightly run partial.
 */
export function relevantRefusals(input: {
  readonly metadata: UpstreamMetadata;
  readonly catalogue: Catalogue;
  readonly guarded: GuardedCatalogue;
  readonly rules: SelectionRules;
}): Refusals {
  const failed: FailedItem[] = [];
  let unwanted = 0;
  for (const { agent, error } of input.guarded.refused) {
    if (isWanted(agent, input.rules)) failed.push(failedItem(formatAgentName(agent), agent.path, error));
    else unwanted += 1;
  }
  const malformed = [
    ...[...input.metadata.products].flatMap(([contentId, { refused }]) =>
      refused.map((refusal) => ({ contentId, ...refusal })),
    ),
    ...input.catalogue.refused,
  ];
  for (const { contentId, where, error } of malformed) {
    const agent = guessAgent(where, contentId);
    if (agent !== undefined && !isWanted(agent, input.rules)) unwanted += 1;
    else failed.push(failedItem(agent === undefined ? where : formatAgentName(agent), where, error));
  }
  const warnings =
    unwanted === 0 ? [] : [`Upstream lists ${unwanted} bad item(s) that no rule wants; they were left out.`];
  return { failed, warnings };
}

function isWanted(agent: Agent, rules: SelectionRules): boolean {
  return selectAgents([agent], rules)[0]?.taken ?? false;
}

/** The agent that a refused item would be, as far as its name tells. */
function guessAgent(where: string, contentId: string | undefined): Agent | undefined {
  const [productId, date, name] = where.split("/").filter((_part, position) => position % 2 === 1);
  if (contentId === undefined || productId === undefined || date === undefined || name === undefined)
    return undefined;
  try {
    const { version, release, arch } = parseAgentBinary(name);
    const listings = [{ contentId, productId, date }];
    return { version, release, arch, path: where, size: 0, sha256: "" as Agent["sha256"], listings };
  } catch {
    return undefined;
  }
}

function failedItem(agent: string, path: string, { code, message }: ErrorReport): FailedItem {
  return { agent, path, code, message };
}
