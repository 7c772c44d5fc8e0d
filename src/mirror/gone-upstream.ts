import { z } from "zod";
import { formatAgentName, type Agent } from "../juju/agent.ts";
import { nameSome } from "../shared/listed.ts";
import type { Sha256 } from "../shared/sha256.ts";
import type { DocumentStore } from "../store/store.ts";
import { timeField } from "./document-fields.ts";
import { provingSome } from "./proving-sets.ts";
import { proofsOf, type Snapshot, type UpstreamProof } from "./snapshot.ts";
import type { UpstreamRemoval } from "./rules-in-force.ts";
import { stateDocument } from "./state-document.ts";

/** An agent that upstream no longer lists and whose tarball stays here. */
export interface GoneAgent {
  readonly agent: Agent;
  /** ISO 8601; when that was first seen. */
  readonly since: string;
  /** Whether the mirror lists it still. */
  readonly isListed: boolean;
}

/** An agent that upstream withdrew, in a report. */
export interface GoneRow {
  /** Its name. */
  readonly agent: string;
  readonly since: string;
  readonly listed: boolean;
}

/** Everything that stays although upstream withdrew it, and upstream's earlier documents that prove it. */
export interface GoneUpstream {
  readonly agents: readonly GoneAgent[];
  readonly proofs: readonly UpstreamProof[];
}

// Agents and proofs are written whole by this program: only the envelope is checked, as in a snapshot.
const note = stateDocument<{ agents: GoneAgent[]; proofs: UpstreamProof[] }>({
  name: "gone-upstream.json",
  format: "jam-gone-upstream:1",
  schema: z.object({
    agents: z.array(
      z.object({
        agent: z.custom<Agent>((value) => typeof value === "object" && value !== null && "sha256" in value),
        since: timeField,
        isListed: z.boolean(),
      }),
    ),
    proofs: z.array(
      z.custom<UpstreamProof>((value) => typeof value === "object" && value !== null && "documents" in value),
    ),
  }),
  damage: {
    what: "The list of agents that stay although upstream withdrew them",
    hint: "Nothing was deleted. Restore the file from a backup. Without one, delete it: the next sync lists again what the mirror shows; tarballs that are not listed are then deleted like any other.",
  },
  indent: 0,
});

/**
 * What stays although upstream withdrew it.
 * @throws JamError JAM_STORE_CORRUPT when that cannot be read: a tarball that is to stay must not count as unused
 */
export async function readGone(documents: Pick<DocumentStore, "get">): Promise<GoneUpstream> {
  return (await note.read(documents)) ?? { agents: [], proofs: [] };
}

/** Hashes of the tarballs and documents that retention keeps for these agents. */
export function hashesOfGone({ agents, proofs }: GoneUpstream): Set<Sha256> {
  const documents = proofs.flatMap((proof) => proof.documents);
  return new Set([...agents.map(({ agent }) => agent.sha256), ...documents.map(({ sha256 }) => sha256)]);
}

/** What a run found out about agents that upstream no longer lists. */
export interface GoneFound {
  /** Those whose tarballs stay. */
  readonly agents: readonly Agent[];
  /** What the mirror lists from now on. */
  readonly listed: readonly Agent[];
  /** What it showed until now: its documents prove what was withdrawn since. */
  readonly current: Snapshot | undefined;
  readonly now: Date;
}

/**
 * Notes which agents stay although upstream withdrew them; those that were noted before and are not among them are
 * forgotten. Call with the lease held, before anything is published or pruned.
 */
export async function recordGone(
  documents: Pick<DocumentStore, "get" | "put" | "delete">,
  found: GoneFound,
): Promise<GoneUpstream> {
  const before = await readGone(documents);
  if (found.agents.length === 0) {
    if (before.agents.length > 0) await note.delete(documents);
    return { agents: [], proofs: [] };
  }
  const since = new Map(before.agents.map((one) => [keyOf(one.agent), one.since]));
  const listed = new Set(found.listed.map(keyOf));
  const agents = found.agents.map((agent) => ({
    agent,
    since: since.get(keyOf(agent)) ?? found.now.toISOString(),
    isListed: listed.has(keyOf(agent)),
  }));
  const isSame = JSON.stringify(agents) === JSON.stringify(before.agents);
  if (isSame) return before;
  const candidates = [...(found.current === undefined ? [] : proofsOf(found.current)), ...before.proofs];
  const next = { agents, proofs: await provingSome(documents, candidates, found.agents) };
  await note.write(documents, next);
  return next;
}

function keyOf(agent: Agent): string {
  return `${formatAgentName(agent)} ${agent.sha256}`;
}

/** The warning about what upstream withdrew and the mirror lists still; none where all of it was known before. */
export function warnOfGone(
  policy: UpstreamRemoval,
  gone: readonly Agent[],
  { agents: known }: GoneUpstream,
): string[] {
  const before = new Set(known.map(({ agent }) => keyOf(agent)));
  const fresh = gone.filter((agent) => !before.has(keyOf(agent)));
  if (policy === "remove" || fresh.length === 0) return [];
  const versions = [...new Set(fresh.map(({ version }) => version))];
  const end = policy === "keep" ? "kept and listed" : "no longer listed here, the tarballs are kept";
  return [`Upstream no longer lists ${nameSome(versions, 6)}: ${end} (onUpstreamRemoval: ${policy}).`];
}

/** As reports and the status name them. */
export function describeGone({ agents }: GoneUpstream): GoneRow[] {
  return agents.map(({ agent, since, isListed }) => ({
    agent: formatAgentName(agent),
    since,
    listed: isListed,
  }));
}
