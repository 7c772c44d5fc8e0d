import { defined } from "../shared/collections.ts";
import { JamError } from "../shared/errors.ts";
import { formatAgentName, listStreams, type Agent } from "../juju/agent.ts";
import { describeNearAgent } from "../juju/near-agent.ts";
import { readAgentText } from "../juju/version-text.ts";
import { explainAgents, type Explanation } from "../juju/select.ts";
import type { SelectionRules } from "../juju/select-rule.ts";
import type { ChannelView } from "./channel-view.ts";
import { sortAgents } from "./list-agents.ts";
import type { ExplainDocument, ExplainedAgent } from "./explain-document.ts";

/** What an explanation rests on. */
export interface ExplainSources {
  readonly held: readonly Agent[];
  /** What upstream lists; undefined where that is not read. */
  readonly upstream: readonly Agent[] | undefined;
  /** Where `upstream` comes from. */
  readonly source: ExplainDocument["source"];
  readonly rules: SelectionRules;
  /** Why a sync keeps an agent that no rule takes; undefined where it does not. Default: it keeps none. */
  readonly keptBecause?: (agents: readonly Agent[]) => (agent: Agent) => string | undefined;
  /** How to get agents that the name means and that are not known, for the hint. */
  readonly advise: () => Promise<string | undefined>;
  /** Present when it is explained what a channel lists. */
  readonly channel?: ChannelView | undefined;
}

/**
 * What the rules say of every agent that a name means: what `jam explain -o json` prints.
 * @throws JamError JAM_AGENT_NOT_FOUND, JAM_VERSION_INVALID for a range in the rules that cannot be read
 */
export async function explainNamed(
  name: string,
  { held, upstream, source, rules, advise, keptBecause, channel }: ExplainSources,
): Promise<ExplainDocument> {
  const heldNames = new Set(held.map(formatAgentName));
  const upstreamNames = new Set(upstream?.map(formatAgentName));
  const near = [...held, ...(channel?.available ?? [])];
  const known = [...(upstream ?? []), ...near];
  const agents = sortAgents([
    ...new Map(known.toReversed().map((agent) => [formatAgentName(agent), agent])).values(),
  ]);
  const { isMeant, note } = readAgentText(name, agents, held);
  const reasonOf = keptBecause?.(agents) ?? (() => undefined);
  const rows = explainAgents(agents, rules)
    .filter(({ verdict }) => isMeant(verdict.agent))
    .map((explanation) => keptOr(explanation, reasonOf))
    .map((explanation) => rowOf(explanation, { heldNames, upstreamNames, channel }));
  if (rows.length === 0) throw notFound(name, source, describeNearAgent(name, agents) ?? (await advise()));
  return { agents: rows, source, ...defined({ note }) };
}

function keptOr(explanation: Explanation, reasonOf: (agent: Agent) => string | undefined): Explanation {
  const { verdict } = explanation;
  const reason = verdict.taken || verdict.denied ? undefined : reasonOf(verdict.agent);
  return reason === undefined
    ? explanation
    : { ...explanation, verdict: { ...verdict, taken: true, reason } };
}

function rowOf(
  { verdict, rules }: Explanation,
  known: {
    readonly heldNames: ReadonlySet<string>;
    readonly upstreamNames: ReadonlySet<string>;
    readonly channel: ChannelView | undefined;
  },
): ExplainedAgent {
  const { agent, ...rest } = verdict;
  const name = formatAgentName(agent);
  const isNear = known.channel?.available.some((one) => formatAgentName(one) === name) === true;
  const way = known.heldNames.has(name)
    ? undefined
    : isNear
      ? known.channel?.howToPromote([agent])
      : known.channel?.afterSync(agent.version);
  return {
    agent: name,
    streams: listStreams(agent),
    path: agent.path,
    size: agent.size,
    sha256: agent.sha256,
    held: known.heldNames.has(name),
    upstream: known.upstreamNames.has(name),
    ...rest,
    rules,
    ...defined({ channel: way }),
  };
}

const PLACES = {
  asked: "held or listed upstream",
  kept: "held or was listed upstream at the last sync",
  none: "held",
} as const satisfies Record<ExplainSources["source"], string>;

function notFound(name: string, source: ExplainSources["source"], advice: string | undefined): JamError {
  const where = PLACES[source];
  return new JamError("JAM_AGENT_NOT_FOUND", `"${name}" matches no agent that is ${where}.`, {
    hint:
      advice ??
      "Write VERSION-RELEASE-ARCH (3.6.5-ubuntu-arm64) or a part of it. `jam list` shows what is held.",
    details: { name },
  });
}
