import type { Agent } from "../juju/agent.ts";
import type { Knowledge } from "../juju/knowledge/knowledge.ts";
import { covers } from "../juju/upgrade-edge.ts";
import { parseVersion } from "../juju/version.ts";
import { startSha256, type Sha256 } from "../shared/sha256.ts";
import { createAgentIndex } from "./plan/agent-index.ts";
import type { PlanAgent, PlanDocument, PlanHop } from "./plan/plan-document.ts";

/** Tarballs, as far as looking at them needs it. */
export interface BlobReading {
  stat(sha256: Sha256): Promise<{ readonly size: number; readonly storedAt: Date } | undefined>;
  open(sha256: Sha256): Promise<
    | {
        read(buffer: Uint8Array, position: number): Promise<number>;
        close(): Promise<void>;
      }
    | undefined
  >;
}

/** What readiness is judged against. */
export interface ReadyInput {
  readonly plan: PlanDocument;
  /** The agents that the mirror shows. */
  readonly held: readonly Agent[];
  readonly blobs: BlobReading;
  /** With the operator's advice; a `block` holds up a hop. */
  readonly knowledge: Knowledge;
  /** Hash every tarball now. */
  readonly isDeep: boolean;
  readonly now: () => Date;
  readonly signal: AbortSignal;
}

/** One agent of the plan, looked at. */
export interface AgentReadiness {
  readonly agent: string;
  readonly ready: boolean;
  /** Why not. */
  readonly reason?: string;
  /** ISO 8601: when its bytes were last seen to have the right hash; without --deep that is their arrival. */
  readonly verifiedAt?: string;
}

/** One model on one architecture at one hop; without a model, what the hop needs beside its models. */
export interface ReadyRow {
  /** Position of the hop in the plan, from 1. */
  readonly hop: number;
  readonly controller: string | null;
  readonly model: string | null;
  readonly from: string;
  readonly to: string;
  readonly arch: string;
  readonly ready: boolean;
  readonly reason: string;
  readonly missing: readonly string[];
}

export interface ReadyReport {
  readonly ready: boolean;
  readonly deep: boolean;
  readonly rows: readonly ReadyRow[];
  readonly agents: readonly AgentReadiness[];
  /** Names of agents that cannot be served. */
  readonly missing: readonly string[];
  /** What is known to be risky or in the way, but is not this mirror's to give. */
  readonly warnings: readonly string[];
}

/** Whether this mirror can serve every hop of the plan. Asks no network. */
export async function judgeReadiness(input: ReadyInput): Promise<ReadyReport> {
  const { plan, held } = input;
  const index = createAgentIndex({ held, upstream: [], streams: plan.streams });
  const looked = new Map<string, AgentReadiness>();
  const hashed = new Map<Sha256, string | undefined>();
  for (const agent of plan.agents) {
    looked.set(keyOf(agent), await lookAt(agent, index.find(agent)?.agent, { input, hashed }));
  }
  const rows = plan.hops.flatMap((hop, position) => rowsOf(hop, position + 1, looked, input.knowledge));
  const agents = [...looked.values()];
  return {
    ready: rows.every(({ ready }) => ready),
    deep: input.isDeep,
    rows,
    agents,
    missing: [...new Set(agents.filter(({ ready }) => !ready).map(({ agent }) => agent))],
    warnings: warningsOf(plan, looked),
  };
}

function keyOf({ version, release, arch, family }: PlanAgent): string {
  return `${version} ${family} ${release} ${arch}`;
}

function nameOf({ version, release, arch }: PlanAgent): string {
  return `${version}-${release}-${arch}`;
}

/** Running versions that nobody had when the plan was made hold up no hop. */
function isExcused({ purpose, state }: PlanAgent): boolean {
  return purpose === "running" && state === "missing";
}

interface Look {
  readonly input: ReadyInput;
  /** Faults of tarballs that were hashed already: several agents share one. */
  readonly hashed: Map<Sha256, string | undefined>;
}

async function lookAt(planned: PlanAgent, held: Agent | undefined, look: Look): Promise<AgentReadiness> {
  const agent = nameOf(planned);
  if (held === undefined) {
    const where = planned.family === "tools" ? " under its series, where Juju up to 2.8 looks" : "";
    return { agent, ready: isExcused(planned), reason: `not held${where}` };
  }
  if (planned.sha256 !== null && planned.sha256 !== held.sha256) {
    return { agent, ready: false, reason: "held with other bytes than planned" };
  }
  const { blobs, isDeep, now } = look.input;
  const stat = await blobs.stat(held.sha256);
  if (stat === undefined)
    return { agent, ready: false, reason: "listed, but its tarball is gone: run jam sync" };
  if (stat.size !== held.size) {
    return { agent, ready: false, reason: `damaged: ${stat.size} bytes instead of ${held.size}` };
  }
  if (!isDeep) return { agent, ready: true, verifiedAt: stat.storedAt.toISOString() };
  if (!look.hashed.has(held.sha256)) look.hashed.set(held.sha256, await findDamage(held.sha256, look.input));
  const damage = look.hashed.get(held.sha256);
  return damage === undefined
    ? { agent, ready: true, verifiedAt: now().toISOString() }
    : { agent, ready: false, reason: damage };
}

const CHUNK_BYTES = 1024 * 1024;

/** What is wrong with a tarball's bytes, or undefined. */
async function findDamage(sha256: Sha256, { blobs, signal }: ReadyInput): Promise<string | undefined> {
  const blob = await blobs.open(sha256);
  if (blob === undefined) return "listed, but its tarball is gone: run jam sync";
  const hash = startSha256();
  const buffer = new Uint8Array(CHUNK_BYTES);
  try {
    for (let position = 0; ;) {
      signal.throwIfAborted();
      const count = await blob.read(buffer, position);
      if (count === 0) break;
      hash.update(buffer.subarray(0, count));
      position += count;
    }
  } finally {
    await blob.close();
  }
  const found = hash.digest("hex");
  return found === sha256 ? undefined : `damaged: its bytes hash to ${found.slice(0, 12)}…`;
}

function rowsOf(
  hop: PlanHop,
  number: number,
  looked: ReadonlyMap<string, AgentReadiness>,
  knowledge: Knowledge,
): ReadyRow[] {
  const [from, to] = [parseVersion(hop.from), parseVersion(hop.to)];
  const block = knowledge.advice.find((one) => one.severity === "block" && covers(one, from, to));
  const head = { hop: number, controller: hop.controller ?? null, from: hop.from, to: hop.to };
  const row = (model: string | null, arch: string, agents: readonly PlanAgent[]): ReadyRow => {
    const bad = agents.flatMap((agent) => {
      const found = looked.get(keyOf(agent));
      return found === undefined || found.ready ? [] : [found];
    });
    const reasons = bad.map(({ agent, reason }) => `${agent} ${reason ?? ""}`.trim());
    if (block !== undefined) reasons.unshift(`advice blocks this hop: ${block.reason}`);
    return {
      ...head,
      model,
      arch,
      ready: reasons.length === 0,
      reason: reasons.length === 0 ? `${agents.length} agent(s) held` : reasons.join("; "),
      missing: bad.map(({ agent }) => agent),
    };
  };
  const needed = new Set(hop.models.flatMap(({ needs }) => needs));
  const rest = hop.agents.filter((agent) => !needed.has(nameOf(agent)) && !isExcused(agent));
  return [
    ...hop.models.flatMap(({ name, needs }) => {
      const own = hop.agents.filter((agent) => needs.includes(nameOf(agent)));
      return [...Map.groupBy(own, ({ arch }) => arch)].map(([arch, agents]) => row(name, arch, agents));
    }),
    ...[...Map.groupBy(rest, ({ arch }) => arch)].map(([arch, agents]) => row(null, arch, agents)),
  ];
}

function warningsOf(plan: PlanDocument, looked: ReadonlyMap<string, AgentReadiness>): string[] {
  const warnings: string[] = [];
  const excused = plan.agents.filter(
    (agent) => isExcused(agent) && looked.get(keyOf(agent))?.reason !== undefined,
  );
  if (excused.length > 0) {
    warnings.push(
      `${excused.map(nameOf).join(", ")}: what runs now is not held. Until the upgrade, new machines only come up if the controller has it in its own store.`,
    );
  }
  const found = plan.hops.flatMap((hop) => hop.checks.filter(({ state }) => state === "found"));
  for (const [fact, checks] of Map.groupBy(found, (check) => check.fact)) {
    const places = [...new Set(checks.flatMap(({ where }) => where))];
    const shown = places.length > 5 ? [...places.slice(0, 5), `${places.length - 5} more`] : places;
    warnings.push(`In the way when the plan was made: ${fact} ${shown.join(", ")}.`);
  }
  const risks = new Set(
    plan.hops.flatMap(({ from, to, advice }) =>
      advice.filter(({ severity }) => severity !== "info").map(({ reason }) => `${from} → ${to}: ${reason}`),
    ),
  );
  return [...warnings, ...risks];
}
