import { formatAgentName, type Agent } from "../juju/agent.ts";
import { buildCatalogue } from "../juju/catalogue.ts";
import type { DocumentStore } from "../store/store.ts";
import { keptTexts, readProvenProducts } from "./proofs.ts";
import type { UpstreamProof } from "./snapshot.ts";

/** Those of the candidates that list some of these agents, each agent once. */
export async function provingSome(
  documents: Pick<DocumentStore, "get">,
  candidates: readonly UpstreamProof[],
  agents: readonly Agent[],
): Promise<UpstreamProof[]> {
  const read = keptTexts(documents);
  const open = new Map(agents.map((agent) => [formatAgentName(agent), agent.sha256]));
  const proving: UpstreamProof[] = [];
  for (const candidate of candidates) {
    if (open.size === 0) break;
    const products = await readProvenProducts(candidate.documents, read);
    const proven = buildCatalogue(products ?? new Map()).agents.filter(
      (agent) => open.get(formatAgentName(agent)) === agent.sha256,
    );
    for (const agent of proven) open.delete(formatAgentName(agent));
    if (proven.length > 0) proving.push(candidate);
  }
  return proving;
}
