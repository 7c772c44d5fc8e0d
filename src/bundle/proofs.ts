import { defined } from "../shared/collections.ts";
import { formatAgentName, type Agent } from "../juju/agent.ts";
import { buildCatalogue } from "../juju/catalogue.ts";
import { keptTexts, readProvenProducts, type ReadKeptText } from "../mirror/proofs.ts";
import type { ProvenDocument, UpstreamProof } from "../mirror/snapshot.ts";
import type { Sha256 } from "../shared/sha256.ts";
import type { DocumentStore } from "../store/store.ts";
import type { BundledDocument, ProofSet } from "./format/manifest.ts";

/** A proof that is kept here, and the agents that it lists. */
export interface ProvenSet {
  readonly set: ProofSet;
  /** SHA-256 by name of agent. */
  readonly agents: ReadonlyMap<string, Sha256>;
}

/** What travels as proof, and the agents for which there is none. */
export interface Proofs {
  readonly sets: readonly ProofSet[];
  readonly unproven: readonly Agent[];
}

/**
 * The documents that list these agents: of the first proof, then, for agents that upstream has dropped since, of the
 * others in their order, as far as they are needed.
 */
export async function collectProofs(
  documents: Pick<DocumentStore, "get">,
  candidates: readonly UpstreamProof[],
  agents: readonly Agent[],
): Promise<Proofs> {
  const read = keptTexts(documents);
  const sets: ProofSet[] = [];
  let unproven: readonly Agent[] = agents;
  for (const candidate of candidates) {
    if (sets.length > 0 && unproven.length === 0) break;
    const proven = await readProvenSet(candidate, read);
    if (proven === undefined) continue;
    const left = unproven.filter((agent) => proven.agents.get(formatAgentName(agent)) !== agent.sha256);
    // The first documents are always included: their dates tell the far side how fresh the bundle is.
    if (sets.length > 0 && left.length === unproven.length) continue;
    sets.push(proven.set);
    unproven = left;
  }
  return { sets, unproven };
}

/** Reads a proof; undefined when a document of it is gone, damaged, or not accepted any longer. */
async function readProvenSet(upstream: UpstreamProof, read: ReadKeptText): Promise<ProvenSet | undefined> {
  const bundled: BundledDocument[] = [];
  for (const proven of upstream.documents) {
    const kept = await read(proven);
    if (kept === undefined) return undefined;
    bundled.push(bundledDocument(proven, kept.size));
  }
  const products = await readProvenProducts(upstream.documents, read);
  if (bundled.length === 0) return undefined;
  const { name, url, verified } = upstream;
  const agents = buildCatalogue(products ?? new Map()).agents;
  return {
    set: { name, url, verified, documents: bundled },
    agents: new Map(agents.map((agent) => [formatAgentName(agent), agent.sha256])),
  };
}

function bundledDocument(proven: ProvenDocument, size: number): BundledDocument {
  const { path, url, sha256, signedBy, signedAt, updatedAt } = proven;
  return {
    path,
    url,
    sha256,
    size,
    ...defined({ signedBy, signedAt, updatedAt }),
  };
}
