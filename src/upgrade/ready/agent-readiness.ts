import { z } from "zod";
import { timeField } from "../../mirror/document-fields.ts";
import type { Agent } from "../../juju/agent.ts";
import { isJamError } from "../../shared/errors.ts";
import { startSha256, type Sha256 } from "../../shared/sha256.ts";
import type { BlobStore } from "../../store/store.ts";
import { createAgentIndex } from "../plan/agent-needs.ts";
import type { PlanAgent, PlanDocument } from "../plan/plan-document.ts";

/** What the agents of a plan are looked for in. */
export interface AgentLook {
  readonly plan: PlanDocument;
  /** The agents that the mirror shows. */
  readonly held: readonly Agent[];
  readonly blobs: Pick<BlobStore, "stat" | "open">;
  /** Hash every tarball now. */
  readonly isDeep: boolean;
  readonly now: () => Date;
  readonly signal: AbortSignal;
}

/** One agent of the plan, looked at. */
export const agentReadiness = z.object({
  agent: z.string(),
  ready: z.boolean(),
  reason: z.string().exactOptional().describe("Why it is not ready."),
  verifiedAt: timeField
    .exactOptional()
    .describe("When its bytes were last seen to have the right hash; without --deep that is their arrival."),
});

export type AgentReadiness = Readonly<z.infer<typeof agentReadiness>>;

/** Every agent of the plan, by `agentKey`. */
export type LookedAgents = ReadonlyMap<string, AgentReadiness>;

/** Looks at every agent of the plan once; asks no network. */
export async function lookAtAgents(look: AgentLook): Promise<LookedAgents> {
  const index = createAgentIndex({ held: look.held, upstream: [], streams: look.plan.streams });
  const looked = new Map<string, AgentReadiness>();
  const hashed = new Map<Sha256, string | undefined>();
  for (const agent of look.plan.agents) {
    looked.set(agentKey(agent), await lookAt(agent, index.find(agent)?.agent, { look, hashed }));
  }
  return looked;
}

/** What tells agents of a plan apart: the same name can be asked for by OS type and by series. */
export function agentKey({ version, release, arch, family }: PlanAgent): string {
  return `${version} ${family} ${release} ${arch}`;
}

/** `3.6.27-ubuntu-amd64`. */
export function agentName({ version, release, arch }: PlanAgent): string {
  return `${version}-${release}-${arch}`;
}

interface Look {
  readonly look: AgentLook;
  /** Faults of tarballs that were hashed already: several agents share one. */
  readonly hashed: Map<Sha256, string | undefined>;
}

async function lookAt(
  planned: PlanAgent,
  held: Agent | undefined,
  { look, hashed }: Look,
): Promise<AgentReadiness> {
  const agent = agentName(planned);
  if (held === undefined) {
    const where = planned.family === "tools" ? " under its series, where Juju up to 2.8 looks" : "";
    return { agent, ready: false, reason: `not held${where}` };
  }
  if (planned.sha256 !== null && planned.sha256 !== held.sha256) {
    return { agent, ready: false, reason: "held with other bytes than planned" };
  }
  const { blobs, isDeep, now } = look;
  const stat = await blobs.stat(held.sha256);
  if (stat === undefined)
    return { agent, ready: false, reason: "listed, but its tarball is gone: run jam sync" };
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

/** What is wrong with a tarball's bytes, or undefined. */
async function findDamage(sha256: Sha256, { blobs, signal }: AgentLook): Promise<string | undefined> {
  const blob = await blobs.open(sha256);
  if (blob === undefined) return "listed, but its tarball is gone: run jam sync";
  const hash = startSha256();
  try {
    for await (const piece of blob.bytes()) {
      signal.throwIfAborted();
      hash.update(piece);
    }
  } catch (error) {
    if (isJamError(error, "JAM_STORE_CORRUPT")) return `damaged: ${error.message}`;
    throw error;
  } finally {
    await blob.close();
  }
  const found = hash.digest("hex");
  return found === sha256 ? undefined : `damaged: its bytes hash to ${found.slice(0, 12)}…`;
}
