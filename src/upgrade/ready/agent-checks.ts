import { mapConcurrently } from "../../shared/map-concurrently.ts";
import { formatAgentName, type Agent } from "../../juju/agent.ts";
import { isJamError } from "../../shared/errors.ts";
import { formatCount } from "../../shared/listed.ts";
import { hashBlob } from "../../mirror/hash-blob.ts";
import type { UpstreamReach } from "../../mirror/read-shown.ts";
import type { Sha256 } from "../../shared/sha256.ts";
import type { BlobStat, BlobStore } from "../../store/store.ts";
import { adviseInChannel, type ChannelAdvice } from "../channel-hint.ts";
import { createAgentIndex } from "../plan/agent-needs.ts";
import type { PlanAgent, PlanDocument } from "../plan/plan-document.ts";
import type { AgentReadiness, ReadyCheck } from "./ready-document.ts";
import { formatLocalDay } from "../../shared/local-time.ts";

/** Where the agents of a plan are searched. */
export interface AgentLook {
  readonly plan: PlanDocument;
  /** The agents that the mirror shows. */
  readonly held: readonly Agent[];
  /** In cache mode: whether agents that are listed and not held can be fetched. */
  readonly upstream?: UpstreamReach | undefined;
  readonly blobs: Pick<BlobStore, "stat" | "open">;
  /** Tarballs that are noted as damaged: no index lists them. */
  readonly damaged: ReadonlySet<Sha256>;
  /** Hash every tarball now. */
  readonly isDeep: boolean;
  readonly now: () => Date;
  readonly signal: AbortSignal;
  /** Present when the agents are searched in a channel. */
  readonly channel?: ChannelAdvice | undefined;
}

/** Every agent of the plan, by `agentKey`. */
export type LookedAgents = ReadonlyMap<string, AgentReadiness>;

/** Checks every agent of the plan once, without network access. */
export async function lookAtAgents(look: AgentLook): Promise<LookedAgents> {
  const index = createAgentIndex({ held: look.held, upstream: [], streams: look.plan.streams });
  const looked = new Map<string, AgentReadiness>();
  const hashed = new Map<Sha256, string | undefined>();
  const planned = look.plan.agents.map((agent) => ({ agent, held: index.find(agent)?.agent }));
  const needed = new Set(planned.flatMap(({ held }) => (held === undefined ? [] : [held.sha256])));
  const stats = new Map(
    await mapConcurrently(needed, async (sha256) => [sha256, await look.blobs.stat(sha256)] as const),
  );
  for (const { agent, held } of planned) {
    looked.set(agentKey(agent), await lookAt(agent, held, { look, stats, hashed }));
  }
  return looked;
}

/** A unique key of an agent in a plan: the same name can be requested by OS type and by series. */
export function agentKey({ version, release, arch, family }: PlanAgent): string {
  return `${version} ${family} ${release} ${arch}`;
}

interface Look {
  readonly look: AgentLook;
  readonly stats: ReadonlyMap<Sha256, BlobStat | undefined>;
  /** Faults of tarballs that were hashed already: several agents share one. */
  readonly hashed: Map<Sha256, string | undefined>;
}

async function lookAt(
  planned: PlanAgent,
  held: Agent | undefined,
  { look, stats, hashed }: Look,
): Promise<AgentReadiness> {
  const agent = formatAgentName(planned);
  if (held === undefined) {
    const where = planned.family === "tools" ? " under its series, where Juju up to 2.8 looks" : "";
    return {
      agent,
      ready: false,
      reason: `${look.channel === undefined ? "not held" : `not listed in the channel ${look.channel.view.name}`}${where}`,
    };
  }
  if (planned.sha256 !== null && planned.sha256 !== held.sha256) {
    return { agent, ready: false, reason: "held with other bytes than planned" };
  }
  const { isDeep, now } = look;
  if (look.damaged.has(held.sha256))
    return { agent, ready: false, reason: "damaged, and not listed: run jam sync" };
  const stat = stats.get(held.sha256);
  if (stat === undefined) return absent(agent, look.upstream);
  if (stat.size !== held.size) {
    return { agent, ready: false, reason: `damaged: ${stat.size} bytes instead of ${held.size}` };
  }
  if (!isDeep) return { agent, ready: true, verifiedAt: stat.storedAt.toISOString() };
  if (!hashed.has(held.sha256)) hashed.set(held.sha256, await findDamage(held.sha256, look));
  const damage = hashed.get(held.sha256);
  return damage === undefined
    ? { agent, ready: true, verifiedAt: now().toISOString() }
    : { agent, ready: false, reason: damage };
}

/** What a cache does not hold can be served as long as upstream answers. */
function absent(agent: string, upstream: UpstreamReach | undefined): AgentReadiness {
  switch (upstream) {
    case undefined:
      return { agent, ready: false, reason: "listed, but its tarball is missing: run jam sync" };
    case "answers":
      return { agent, ready: true, upstream };
    case "away":
      return { agent, ready: false, reason: "not held, and upstream cannot be reached", upstream };
    case "unknown":
      return {
        agent,
        ready: false,
        reason: "not held, and it is not known whether upstream can be reached",
        upstream,
      };
  }
}

/** What is wrong with a tarball's bytes, or undefined. */
async function findDamage(sha256: Sha256, { blobs, signal }: AgentLook): Promise<string | undefined> {
  const blob = await blobs.open(sha256);
  if (blob === undefined) return "listed, but its tarball is missing: run jam sync";
  try {
    const found = await hashBlob(blob, { signal });
    if (found === undefined) return "damaged: it is being written to";
    return found.sha256 === sha256 ? undefined : `damaged: its bytes hash to ${found.sha256.slice(0, 12)}…`;
  } catch (error) {
    if (isJamError(error, "JAM_STORE_CORRUPT")) return `damaged: ${error.message}`;
    throw error;
  } finally {
    await blob.close();
  }
}

/** Agents named in one check; the rest is counted. */
const MAX_NAMED = 20;

const PURPOSES = [
  {
    purpose: "target",
    id: "target-agents",
    what: "that the upgrade needs",
  },
  {
    purpose: "client",
    id: "client-agents",
    what: "that the clients in use bootstrap with",
  },
  {
    purpose: "running",
    id: "running-agents",
    what: "that run now and that new machines and units request",
  },
] as const;

/** Whether this mirror can serve the agents of a plan, by what they are for. */
export function agentChecks(
  plan: PlanDocument,
  looked: LookedAgents,
  { isDeep, channel }: Pick<AgentLook, "isDeep" | "channel">,
): ReadyCheck[] {
  return PURPOSES.flatMap(({ purpose, id, what }): ReadyCheck[] => {
    const agents = plan.agents.filter((agent) => agent.purpose === purpose);
    if (agents.length === 0) return [];
    const bad = agents.flatMap((agent) => {
      const found = looked.get(agentKey(agent));
      return found?.ready === true ? [] : [`${formatAgentName(agent)} ${found?.reason ?? "not checked"}`];
    });
    if (bad.length === 0) return [allServed({ id, what }, agents, { looked, isDeep })];
    const isUndecided = agents.every((agent) => {
      const found = looked.get(agentKey(agent));
      return found?.ready === true || found?.upstream === "unknown";
    });
    return [
      {
        id,
        status: isUndecided ? "unknown" : "fail",
        summary:
          bad.length === agents.length
            ? `None of the agents ${what} can be served.`
            : `${bad.length} of the ${formatCount(agents.length, "agent")} ${what} cannot be served.`,
        evidence:
          bad.length > MAX_NAMED ? [...bad.slice(0, MAX_NAMED), `and ${bad.length - MAX_NAMED} more`] : bad,
        remedy: remedyFor(agents, looked, { channel, stream: plan.stream }),
      },
    ];
  });
}

function allServed(
  { id, what }: { readonly id: string; readonly what: string },
  agents: readonly PlanAgent[],
  { looked, isDeep }: { readonly looked: LookedAgents; readonly isDeep: boolean },
): ReadyCheck {
  const count = formatCount(agents.length, "agent");
  const held = agents.filter((agent) => looked.get(agentKey(agent))?.upstream === undefined);
  const others = agents.length - held.length;
  if (others === 0) {
    const evidence = [count, hashedWhen(agents, looked, isDeep)];
    return { id, status: "ok", summary: `All agents ${what} are held.`, evidence, remedy: "" };
  }
  return {
    id,
    status: "ok",
    summary: `All agents ${what} can be served while upstream answers; ${others} of them ${others === 1 ? "is" : "are"} not held.`,
    evidence: [count, ...(held.length === 0 ? [] : [hashedWhen(held, looked, isDeep)])],
    remedy: WARM,
  };
}

const WARM = "Run jam warm --plan plan.json: it fetches them now, and no line is needed later.";

function hashedWhen(agents: readonly PlanAgent[], looked: LookedAgents, isDeep: boolean): string {
  if (isDeep) return "every tarball was hashed now";
  const times = agents.flatMap((agent) => looked.get(agentKey(agent))?.verifiedAt ?? []).sort();
  return `hashed on arrival, the oldest on ${formatLocalDay(times[0] ?? "-")}; --deep hashes again`;
}

/** Agents that upstream did not list cannot be fetched, so a sync does not help. */
function remedyFor(
  agents: readonly PlanAgent[],
  looked: LookedAgents,
  { channel, stream }: Pick<AgentLook, "channel"> & { readonly stream: string },
): string {
  const bad = agents.filter((agent) => looked.get(agentKey(agent))?.ready !== true);
  const outside = bad.filter((agent) => isAbsent(looked.get(agentKey(agent))));
  if (channel !== undefined && outside.length > 0) {
    const wanted = outside.map(({ version, arch }) => ({ version, arch, stream }));
    return adviseInChannel(channel, wanted).join(" ");
  }
  const isNowhere = (agent: PlanAgent) => agent.state === "missing" && isAbsent(looked.get(agentKey(agent)));
  const nowhere = bad.filter(isNowhere);
  const parts: string[] = [];
  const isOffered = (agent: PlanAgent) => looked.get(agentKey(agent))?.upstream !== undefined;
  const offered = bad.filter(isOffered);
  if (offered.length > 0) parts.push("Run jam warm --plan plan.json when upstream can be reached.");
  if (nowhere.length + offered.length < bad.length) {
    parts.push(
      "Run jam sync --plan plan.json where upstream can be reached; if that is not here, carry the agents over.",
    );
  }
  if (nowhere.length > 0) {
    parts.push(
      `No upstream listed ${nowhere.map(formatAgentName).slice(0, MAX_NAMED).join(", ")} when the plan was made: choose another version, or machines that have agents.`,
    );
  }
  return parts.join(" ");
}

function isAbsent(found: AgentReadiness | undefined): boolean {
  return /^not (?:held|listed)/.test(found?.reason ?? "not held");
}
