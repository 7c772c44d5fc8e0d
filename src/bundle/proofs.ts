import type { DocumentStore } from "../store/store.ts";
import { formatAgentName, type Agent } from "../juju/agent.ts";
import { buildCatalogue } from "../juju/catalogue.ts";
import { isJamError } from "../shared/errors.ts";
import { sha256Of, type Sha256 } from "../shared/sha256.ts";
import { parseIndexFile } from "../simplestreams/index-file.ts";
import type { ContentId } from "../simplestreams/item.ts";
import { parseProductFile, type ProductFile } from "../simplestreams/product-file.ts";
import { textOfDocument } from "../simplestreams/signed-text.ts";
import type { ProvenDocument, UpstreamProof } from "../mirror/snapshot.ts";
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
  const sets: ProofSet[] = [];
  let unproven: readonly Agent[] = agents;
  for (const candidate of candidates) {
    if (sets.length > 0 && unproven.length === 0) break;
    const proven = await readProvenSet(documents, candidate);
    if (proven === undefined) continue;
    const left = unproven.filter((agent) => proven.agents.get(formatAgentName(agent)) !== agent.sha256);
    // The first documents go along in any case: their dates tell the far side how fresh it is.
    if (sets.length > 0 && left.length === unproven.length) continue;
    sets.push(proven.set);
    unproven = left;
  }
  return { sets, unproven };
}

/** Reads a proof; undefined when a document of it is gone, damaged, or not one that is accepted any more. */
async function readProvenSet(
  documents: Pick<DocumentStore, "get">,
  upstream: UpstreamProof,
): Promise<ProvenSet | undefined> {
  const texts = new Map<string, string>();
  const bundled: BundledDocument[] = [];
  for (const proven of upstream.documents) {
    const bytes = await documents.get("upstream", proven.sha256);
    if (bytes === undefined || sha256Of(bytes) !== proven.sha256) return undefined;
    const text = tryRead(bytes, proven.path);
    if (text === undefined) return undefined;
    texts.set(proven.path, text);
    bundled.push(bundledDocument(proven, bytes.length));
  }
  if (bundled.length === 0) return undefined;
  const { name, url, verified } = upstream;
  return { set: { name, url, verified, documents: bundled }, agents: listedAgents(texts) };
}

/** An earlier version of this program may have accepted what is refused now; the next sync fetches it again. */
function tryRead(bytes: Uint8Array, path: string): string | undefined {
  try {
    return textOfDocument(bytes, path);
  } catch (error) {
    if (isJamError(error)) return undefined;
    throw error;
  }
}

function bundledDocument(proven: ProvenDocument, size: number): BundledDocument {
  const { path, url, sha256, signedBy, signedAt, updatedAt } = proven;
  return {
    path,
    url,
    sha256,
    size,
    ...(signedBy === undefined ? {} : { signedBy }),
    ...(signedAt === undefined ? {} : { signedAt }),
    ...(updatedAt === undefined ? {} : { updatedAt }),
  };
}

function listedAgents(texts: ReadonlyMap<string, string>): ReadonlyMap<string, Sha256> {
  const products = new Map<ContentId, ProductFile>();
  for (const [path, text] of texts) {
    if (!/\/index2?\.s?json$/.test(path)) continue;
    for (const { contentId, path: productPath } of parseIndexFile(text, path).entries.values()) {
      const product = texts.get(productPath);
      if (product !== undefined) products.set(contentId, parseProductFile(product, productPath));
    }
  }
  return new Map(buildCatalogue(products).agents.map((agent) => [formatAgentName(agent), agent.sha256]));
}
