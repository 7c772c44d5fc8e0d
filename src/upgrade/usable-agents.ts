import type { Agent } from "../juju/agent.ts";
import { candidateOf, compileDenials } from "../juju/select-rule.ts";
import type { SelectionRules } from "../juju/selection-rules.ts";
import { parseStreamContentId } from "../juju/stream.ts";
import type { KnownAgents } from "./known-agents.ts";

export interface UsableWanted {
  /** Streams that have to be known. */
  readonly streams: readonly string[];
  /** `held`: upstream counts for nothing. `never`: what was kept of upstream has to do. `missing`: upstream is asked for streams that were never read. `always`. */
  readonly ask: "held" | "never" | "missing" | "always";
  readonly deny: SelectionRules["deny"];
}

/** What is held and what upstream lists, without what `deny` names. */
export interface UsableAgents extends Pick<KnownAgents, "snapshot" | "held"> {
  readonly upstream: readonly Agent[];
  /** Where `upstream` comes from: asked now, kept by the last sync, or nothing is known of it. */
  readonly source: "asked" | "kept" | "none";
}

/**
 * The agents that an answer may rest on.
 * @param askUpstream reads what upstream lists now; undefined where it must not be asked, as in offline mode
 * @throws what `askUpstream` throws
 */
export async function findUsableAgents(
  { snapshot, held, upstream }: KnownAgents,
  { streams, ask, deny }: UsableWanted,
  askUpstream?: (streams: readonly string[]) => Promise<readonly Agent[]>,
): Promise<UsableAgents> {
  const denialOf = compileDenials(deny);
  const isAllowed = (agent: Agent) => denialOf(candidateOf(agent)) === undefined;
  const allowed = { snapshot, held: held.filter(isAllowed) };
  if (ask === "held") return { ...allowed, upstream: [], source: "none" };
  const [first = "released"] = streams;
  const isRead = upstream?.some((agent) => isListedIn(agent, first)) ?? false;
  const asks = ask === "always" || (ask === "missing" && !isRead);
  if (asks && askUpstream !== undefined) {
    return { ...allowed, upstream: (await askUpstream(streams)).filter(isAllowed), source: "asked" };
  }
  return {
    ...allowed,
    upstream: (upstream ?? []).filter(isAllowed),
    source: upstream === undefined ? "none" : "kept",
  };
}

function isListedIn({ listings }: Agent, stream: string): boolean {
  return listings.some(({ contentId }) => parseStreamContentId(contentId)?.stream === stream);
}
