import { formatAgentName, type Agent } from "../juju/agent.ts";
import type { Verdict } from "../juju/select.ts";
import type { Standing } from "./standing.ts";

/** What keeps a version from a channel. */
export interface Block {
  readonly kind: "held" | "withdrawn";
  /** The channel in which that was decided. */
  readonly channel: string;
  readonly reason: string;
}

/** What is on hold or withdrawn in one of these channels, by version. Pure. */
export function blocksOf(
  channels: readonly { readonly name: string; readonly standing: Pick<Standing, "held" | "withdrawn"> }[],
): ReadonlyMap<string, Block> {
  const blocks = new Map<string, Block>();
  for (const { name, standing } of channels) {
    for (const { version, reason } of standing.withdrawn.values())
      blocks.set(version, { kind: "withdrawn", channel: name, reason });
    for (const { version, reason } of standing.held.values())
      if (!blocks.has(version)) blocks.set(version, { kind: "held", channel: name, reason });
  }
  return blocks;
}

/** What a promotion is decided from. */
export interface CurationInput {
  /** What the feeder's snapshot lists. */
  readonly source: readonly Agent[];
  /** What the channel lists now. */
  readonly current: readonly Agent[];
  /** What the channel's `select` says about each agent of the source; undefined where it takes all. */
  readonly verdicts: readonly Pick<Verdict, "taken" | "reason">[] | undefined;
  /** By version. */
  readonly blocks: ReadonlyMap<string, Block>;
  /** When an agent's delay is over; undefined where that is not known, and then it is not over. */
  readonly dueAt: ((agent: Agent) => Date | undefined) | undefined;
  readonly now: Date;
}

/** An agent that the feeder has and that is not promoted. */
export interface KeptBack {
  readonly agent: string;
  readonly why: "held" | "withdrawn" | "delay" | "select";
  /** For people. */
  readonly detail: string;
  /** ISO 8601; when a delay is over, where that is known. */
  readonly until?: string;
}

/** What a channel will list, and what it will not. */
export interface Curation {
  readonly agents: readonly Agent[];
  readonly keptBack: readonly KeptBack[];
}

/** In the words of commands: a version is on hold in a channel, and a tarball is held by the store. */
const BLOCKED = { held: "on hold", withdrawn: "withdrawn" } as const satisfies Record<Block["kind"], string>;

/**
 * Which of the feeder's agents a channel gets. Holds and delays keep back what is new to it; what it lists already leaves
 * only by withdrawal, by `select`, or with the feeder's snapshot. Pure.
 */
export function curate(input: CurationInput): Curation {
  const here = new Map(input.current.map((agent) => [formatAgentName(agent), agent.sha256]));
  const keptBack: KeptBack[] = [];
  const agents = input.source.filter((agent, index) => {
    const name = formatAgentName(agent);
    const isNew = here.get(name) !== agent.sha256;
    const why = objectionOf(input.verdicts?.[index]) ?? objectionTo(agent, isNew, input);
    if (why !== undefined) keptBack.push({ agent: name, ...why });
    return why === undefined;
  });
  return { agents, keptBack };
}

type Why = Omit<KeptBack, "agent">;

/** Why `select` leaves an agent out; undefined where it does not. */
function objectionOf(verdict: Pick<Verdict, "taken" | "reason"> | undefined): Why | undefined {
  if (verdict === undefined || verdict.taken) return undefined;
  return { why: "select", detail: verdict.reason };
}

function objectionTo(agent: Agent, isNew: boolean, { blocks, dueAt, now }: CurationInput): Why | undefined {
  const block = blocks.get(agent.version);
  if (block !== undefined && (block.kind === "withdrawn" || isNew)) {
    return { why: block.kind, detail: `${BLOCKED[block.kind]} in ${block.channel}: ${block.reason}` };
  }
  if (!isNew || dueAt === undefined) return undefined;
  const due = dueAt(agent);
  if (due === undefined) return { why: "delay", detail: "it is not known since when it is listed" };
  if (due <= now) return undefined;
  const until = due.toISOString();
  return { why: "delay", detail: `its delay ends at ${until}`, until };
}
