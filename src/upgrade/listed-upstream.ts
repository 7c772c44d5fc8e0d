import { formatAgentName, type Agent } from "../juju/agent.ts";
import { buildCatalogue } from "../juju/catalogue.ts";
import { keptTexts, readProvenProducts, type ReadKeptText } from "../mirror/proofs.ts";
import type { Snapshot } from "../mirror/snapshot.ts";
import { readUpstreamState, type AcceptedDocument, type UpstreamState } from "../mirror/upstream-state.ts";
import type { DocumentStore } from "../store/store.ts";

/** What the documents list that the last run accepted and kept; undefined where no usable index is among them. */
export async function readListedAgents(
  documents: DocumentStore,
  snapshot: Snapshot | undefined,
): Promise<readonly Agent[] | undefined> {
  const state = await readUpstreamState(documents, snapshot);
  const read = keptTexts(documents);
  const first = await readListed(state.documents.values(), read);
  return first && [...first, ...(await readFurtherAgents(state, first, read))];
}

/** What further upstreams listed that the first one does not. */
async function readFurtherAgents(
  { further }: UpstreamState,
  first: readonly Agent[],
  read: ReadKeptText,
): Promise<Agent[]> {
  const names = new Set(first.map(formatAgentName));
  const others: Agent[] = [];
  for (const documents of further.values()) {
    for (const agent of (await readListed(documents, read)) ?? []) {
      if (names.has(formatAgentName(agent))) continue;
      names.add(formatAgentName(agent));
      others.push(agent);
    }
  }
  return others;
}

/** The catalogue of documents that were accepted; undefined when no usable index is among them. */
async function readListed(
  documents: Iterable<AcceptedDocument>,
  read: ReadKeptText,
): Promise<readonly Agent[] | undefined> {
  const products = await readProvenProducts(documents, read);
  return products && buildCatalogue(products).agents;
}
