import type { ErrorReport } from "../shared/errors.ts";
import { formatAgentName, type Agent } from "../juju/agent.ts";
import { parseAgentBinary } from "../juju/agent-binary.ts";
import type { Catalogue } from "../juju/catalogue.ts";
import type { RefusedListing } from "../juju/catalogue-entry.ts";
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
  for (const { contentId, where, error } of listMalformed(input)) {
    const agent = guessAgent(where, contentId);
    if (agent !== undefined && !isWanted(agent, input.rules)) unwanted += 1;
    else failed.push(failedItem(agent === undefined ? where : formatAgentName(agent), where, error));
  }
  const warnings =
    unwanted === 0 ? [] : [`Upstream lists ${unwanted} bad item(s) that no rule wants; they were left out.`];
  return { failed, warnings };
}

/**
 * Agents of the mirror that upstream still lists, but in a way that had to be refused. What is held was verified
 * when it came, so it stays: a document with a bad or a contradicting item takes nothing away.
 */
export function heldDespiteRefusal(
  input: { readonly metadata: UpstreamMetadata; readonly catalogue: Catalogue },
  listed: readonly Agent[],
): Agent[] {
  const accepted = new Set(input.catalogue.agents.map(formatAgentName));
  const refused = new Set(
    listMalformed(input).flatMap(({ contentId, where }) => {
      const agent = guessAgent(where, contentId);
      return agent === undefined ? [] : [formatAgentName(agent)];
    }),
  );
  return listed.filter((agent) => {
    const name = formatAgentName(agent);
    return refused.has(name) && !accepted.has(name);
  });
}

/** Every item that was left out of the product files and of the catalogue. */
function listMalformed(input: {
  readonly metadata: UpstreamMetadata;
  readonly catalogue: Catalogue;
}): RefusedListing[] {
  const unreadable = [...input.metadata.products].flatMap(([contentId, { refused }]) =>
    refused.map((refusal) => ({ contentId, ...refusal })),
  );
  return [...unreadable, ...input.catalogue.refused];
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
