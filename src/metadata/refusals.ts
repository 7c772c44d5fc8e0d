import type { ErrorReport } from "../shared/errors.ts";
import { formatCount } from "../shared/listed.ts";
import { formatAgentName, type Agent, parseAgentBinary } from "../juju/agent.ts";
import type { Catalogue } from "../juju/catalogue.ts";
import type { RefusedListing } from "../juju/catalogue-entry.ts";
import { PathSpace } from "../juju/path-space.ts";
import { compileSelection } from "../juju/select.ts";
import type { SelectionRules } from "../juju/select-rule.ts";
import type { GuardedCatalogue } from "./guard.ts";
import type { UpstreamMetadata } from "./read-metadata.ts";
import type { FailedItem } from "../mirror/run-report.ts";

export interface Refusals {
  /** Refused items that the rules want, or of which it is unknown whether they want them. */
  readonly failed: readonly FailedItem[];
  /** One line about refused items that no rule wants anyway. */
  readonly warnings: readonly string[];
}

/**
 * Sorts upstream's bad items into those that leave a gap in this mirror and those that do not concern it, so that
 * one bad item of an unwanted version does not make every nightly run partial.
 */
export function relevantRefusals(input: {
  readonly metadata: UpstreamMetadata;
  readonly catalogue: Catalogue;
  readonly guarded: GuardedCatalogue;
  readonly rules: SelectionRules;
}): Refusals {
  const failed: FailedItem[] = [];
  let unwanted = 0;
  for (const { contentId, path, error } of input.metadata.unreadable) {
    failed.push(failedItem(contentId, path, error));
  }
  const isWanted = compileSelection(input.rules);
  for (const { agent, error } of input.guarded.refused) {
    if (isWanted(agent)) failed.push(failedItem(formatAgentName(agent), agent.path, error));
    else unwanted += 1;
  }
  for (const { contentId, where, error } of listMalformed(input)) {
    const agent = guessAgent(where, contentId);
    if (agent !== undefined && !isWanted(agent)) unwanted += 1;
    else failed.push(failedItem(agent === undefined ? where : formatAgentName(agent), where, error));
  }
  const warnings =
    unwanted === 0
      ? []
      : [`Upstream lists ${formatCount(unwanted, "bad item")} that no rule wants: left out.`];
  return { failed, warnings };
}

/**
 * Agents of the mirror that upstream still lists, but in a way that had to be refused: a bad item, a bad product, a
 * product file that cannot be read. What is held was verified when it arrived, so it stays: a bad or contradicting item
 * removes nothing, unless one of upstream's good agents needs its path.
 */
export function heldDespiteRefusal(
  input: { readonly metadata: UpstreamMetadata; readonly catalogue: Catalogue },
  listed: readonly Agent[],
): Agent[] {
  if (input.metadata.unreadable.length === 0 && listMalformed(input).length === 0) return [];
  const { agents } = input.catalogue;
  const accepted = new Set(agents.map(formatAgentName));
  const isRefused = refusalTest(input);
  const space = new PathSpace(agents.map(({ path }) => path));
  return listed.filter(
    (agent) =>
      !accepted.has(formatAgentName(agent)) && isRefused(agent) && space.take(agent.path) === undefined,
  );
}

/**
 * Upstream's agents, with the streams that list them here where that stream's product file cannot be read now.
 */
export function withUnreadListings(
  agents: readonly Agent[],
  { unreadable }: Pick<UpstreamMetadata, "unreadable">,
  listed: readonly Agent[],
): readonly Agent[] {
  if (unreadable.length === 0) return agents;
  const unread = new Set(unreadable.map(({ contentId }) => contentId));
  const held = new Map(listed.map((agent) => [formatAgentName(agent), agent]));
  return agents.map((agent) => {
    const known = held.get(formatAgentName(agent));
    if (known?.sha256 !== agent.sha256) return agent;
    const kept = known.listings.filter(({ contentId }) => unread.has(contentId));
    return kept.length === 0 ? agent : { ...agent, listings: [...agent.listings, ...kept] };
  });
}

/** True for an agent whose place in upstream's documents had to be refused. */
function refusalTest(input: {
  readonly metadata: UpstreamMetadata;
  readonly catalogue: Catalogue;
}): (agent: Agent) => boolean {
  const unread = new Set(input.metadata.unreadable.map(({ contentId }) => contentId));
  const names = new Set<string>();
  /** `<content id>#products/<id>` or with `/versions/<date>`. */
  const places = new Set<string>();
  for (const { contentId, where } of listMalformed(input)) {
    const agent = guessAgent(where, contentId);
    if (agent !== undefined) names.add(formatAgentName(agent));
    else places.add(`${contentId}#${where}`);
  }
  return (agent) =>
    names.has(formatAgentName(agent)) ||
    agent.listings.some(({ contentId, productId, date }) => {
      const product = `${contentId}#products/${productId}`;
      return unread.has(contentId) || places.has(product) || places.has(`${product}/versions/${date}`);
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

/** The agent that a refused item would be, as far as its name shows. */
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

function failedItem(
  agent: string,
  path: string,
  { code, message }: Pick<ErrorReport, "code" | "message">,
): FailedItem {
  return { agent, path, code, message };
}
