import { defined } from "../shared/collections.ts";
import { JamError } from "../shared/errors.ts";
import { formatAgentName, listStreams, type Agent } from "../juju/agent.ts";
import { describeNearAgent } from "../juju/near-agent.ts";
import { readAgentText } from "../juju/version-text.ts";
import { explainAgents, type Explanation } from "../juju/select.ts";
import type { SelectionRules } from "../juju/select-rule.ts";
import type { ChannelView } from "./channel-view.ts";
import { sortAgents } from "./list-agents.ts";
import type { ExplainDocument, ExplainedAgent, UnreadUpstream } from "./explain-document.ts";
import { describeUnused, type UnusedOffer } from "./unused-offer.ts";

/** What an explanation rests on. */
export interface ExplainSources {
  readonly held: readonly Agent[];
  /** What upstream lists; undefined where that is not read. */
  readonly upstream: readonly Agent[] | undefined;
  /** What else the upstreams list, and a sync does not use. Default: nothing. */
  readonly unused?: readonly UnusedOffer[];
  /** Upstreams that could not be read now. Default: none. */
  readonly unread?: readonly UnreadUpstream[];
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
export async function explainNamed(name: string, sources: ExplainSources): Promise<ExplainDocument> {
  const { held, upstream, source, rules, advise, keptBecause, channel, unused = [], unread = [] } = sources;
  const heldNames = new Set(held.map(formatAgentName));
  const upstreamNames = new Set(upstream?.map(formatAgentName));
  const near = [...held, ...(channel?.available ?? [])];
  const byName = new Map(
    [...(upstream ?? []), ...near].toReversed().map((agent) => [formatAgentName(agent), agent]),
  );
  // Of what is held, too, the upstream that lists it decides.
  const elsewhere = new Set(unused.flatMap((offer) => offer.agents.map(formatAgentName)));
  for (const name of elsewhere) if (!upstreamNames.has(name)) byName.delete(name);
  const agents = sortAgents([...byName.values()]);
  const all = [...agents, ...unused.flatMap((offer) => offer.agents)];
  const { isMeant, note } = readAgentText(name, all, held);
  const reasonOf = keptBecause?.(agents) ?? (() => undefined);
  const known: KnownNames = { heldNames, upstreamNames, channel };
  const used = explainAgents(agents, rules)
    .filter(({ verdict }) => isMeant(verdict.agent))
    .map((explanation) => keptOr(explanation, reasonOf))
    .map((explanation) => rowOf(explanation, known));
  const rows = [...used, ...explainUnused(unused, { rules, isMeant, known, reasonOf })];
  if (rows.length === 0) {
    const nearest = describeNearAgent(name, all);
    const doubt = unread.length > 0 ? adviceUnread(unread) : undefined;
    const advice = [nearest, doubt].filter((one) => one !== undefined).join(" ");
    throw notFound(name, sources, advice === "" ? await advise() : advice);
  }
  return { agents: rows, source, ...(unread.length > 0 && { unread }), ...defined({ note }) };
}

/** What nobody but an upstream lists that does not decide; a rule that names it would be answered by it. */
function explainUnused(
  unused: readonly UnusedOffer[],
  {
    rules,
    isMeant,
    known,
    reasonOf,
  }: {
    readonly rules: SelectionRules;
    readonly isMeant: (agent: Agent) => boolean;
    readonly known: KnownNames;
    readonly reasonOf: (agent: Agent) => string | undefined;
  },
): ExplainedAgent[] {
  return unused.flatMap((offer) => {
    const agents = offer.agents.filter(
      (agent) => isMeant(agent) && !known.upstreamNames.has(formatAgentName(agent)),
    );
    return explainAgents(sortAgents(agents), rules).map((explanation): ExplainedAgent => {
      const row = { ...rowOf(explanation, known), upstream: true };
      const kept = keptOr(explanation, reasonOf);
      if (kept !== explanation) return { ...row, taken: true, reason: kept.verdict.reason };
      const reason =
        row.rule === undefined ? row.reason : `rule ${row.rule} names it, but ${describeUnused(offer)}`;
      const { rule: _rule, ...others } = row;
      return { ...others, taken: false, reason, unusedFrom: offer.upstream };
    });
  });
}

/** Such as `canonical could not be read (JAM_UPSTREAM_UNREACHABLE)`. */
export function describeUnread({ upstream, code }: Pick<UnreadUpstream, "upstream" | "code">): string {
  const what = code.startsWith("JAM_METADATA_") ? "was refused" : "could not be read";
  return `${upstream} ${what} (${code})`;
}

function adviceUnread(unread: readonly UnreadUpstream[]): string {
  const names = unread.map(describeUnread).join(" and ");
  return `${names}, so the answer may change: repeat the command when that has passed. \`jam check\` shows what is wrong.`;
}

function keptOr(explanation: Explanation, reasonOf: (agent: Agent) => string | undefined): Explanation {
  const { verdict } = explanation;
  const reason = verdict.taken || verdict.denied ? undefined : reasonOf(verdict.agent);
  return reason === undefined
    ? explanation
    : { ...explanation, verdict: { ...verdict, taken: true, reason } };
}

interface KnownNames {
  readonly heldNames: ReadonlySet<string>;
  readonly upstreamNames: ReadonlySet<string>;
  readonly channel: ChannelView | undefined;
}

function rowOf({ verdict, rules }: Explanation, known: KnownNames): ExplainedAgent {
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

function notFound(
  name: string,
  { source, unread = [] }: Pick<ExplainSources, "source" | "unread">,
  advice: string | undefined,
): JamError {
  const where =
    source === "asked" && unread.length > 0
      ? "held or listed by an upstream that could be read"
      : PLACES[source];
  return new JamError("JAM_AGENT_NOT_FOUND", `"${name}" matches no agent that is ${where}.`, {
    hint:
      advice ??
      "Write VERSION-RELEASE-ARCH (3.6.5-ubuntu-arm64) or a part of it. `jam list` shows what is held.",
    details: { name, ...(unread.length > 0 && { unread }) },
  });
}
