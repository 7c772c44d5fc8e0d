import type { Agent } from "../../juju/agent.ts";
import { candidateOf, compileDenials } from "../../juju/select-rule.ts";
import { parseStreamContentId } from "../../juju/stream.ts";
import type { Config } from "../../config/config.ts";
import type { Snapshot } from "../../mirror/snapshot.ts";
import type { CommandContext } from "../command.ts";
import { readUpstreamAgents } from "../upstream-agents.ts";

export interface KnownOptions {
  /** Streams that have to be known. */
  readonly streams: readonly string[];
  /** `held`: upstream counts for nothing. `never`: what was kept of upstream has to do. `missing`: upstream is asked for streams that were never read. `always`. */
  readonly ask: "held" | "never" | "missing" | "always";
}

/** What is held and what upstream lists, without what `deny` names. */
export interface Known {
  readonly snapshot: Snapshot | undefined;
  readonly held: readonly Agent[];
  readonly upstream: readonly Agent[];
  /** Where `upstream` comes from: asked now, kept by the last sync, or nothing is known of it. */
  readonly source: "asked" | "kept" | "none";
}

/**
 * The agents that an answer may rest on. In offline mode upstream is never asked.
 * @throws JamError JAM_STORE_…, JAM_UPSTREAM_…, JAM_METADATA_…
 */
export async function readKnown(context: CommandContext, options: KnownOptions): Promise<Known> {
  const config = await context.config();
  const { openStore } = await import("../../compose/store.ts");
  const { readKnownAgents } = await import("../../upgrade/known-agents.ts");
  const { snapshot, held, upstream } = await readKnownAgents(await openStore(config));
  const isAllowed = allowedBy(config);
  if (options.ask === "held") {
    return { snapshot, held: held.filter(isAllowed), upstream: [], source: "none" };
  }
  const [first = "released"] = options.streams;
  const isRead = upstream?.some((agent) => isListedIn(agent, first)) ?? false;
  const asks = options.ask === "always" || (options.ask === "missing" && !isRead);
  if (asks && config.mode === "online") {
    const asked = await readUpstreamAgents(context, options.streams);
    return { snapshot, held: held.filter(isAllowed), upstream: asked.filter(isAllowed), source: "asked" };
  }
  return {
    snapshot,
    held: held.filter(isAllowed),
    upstream: (upstream ?? []).filter(isAllowed),
    source: upstream === undefined ? "none" : "kept",
  };
}

function allowedBy({ rules }: Config): (agent: Agent) => boolean {
  const denialOf = compileDenials(rules.deny);
  return (agent) => denialOf(candidateOf(agent)) === undefined;
}

function isListedIn({ listings }: Agent, stream: string): boolean {
  return listings.some(({ contentId }) => parseStreamContentId(contentId)?.stream === stream);
}
