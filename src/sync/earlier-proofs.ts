import { formatAgentName, type Agent } from "../juju/agent.ts";
import { buildCatalogue } from "../juju/catalogue.ts";
import { proofsOfUnread } from "../metadata/unreadable.ts";
import { keptTexts, readProvenProducts } from "../mirror/proofs.ts";
import { proofsOf, type Snapshot, type UpstreamProof } from "../mirror/snapshot.ts";
import { proofOf } from "../mirror/upstream-state.ts";
import type { DocumentStore } from "../store/store.ts";
import type { Assessment } from "./assess.ts";

type Found = Pick<Assessment, "source" | "metadata" | "further" | "staying">;

/** Proofs of what the documents of the first upstream do not list. */
export async function earlierProofsOf(
  documents: Pick<DocumentStore, "get">,
  { source, metadata, further, staying }: Found,
  current: Snapshot | undefined,
): Promise<readonly UpstreamProof[]> {
  const proofs = [
    ...further.map((one) => proofOf(one.source, one.metadata.documents)),
    ...proofsOfUnread(metadata, current),
  ];
  if (staying.length === 0 || current === undefined) return proofs;
  const urls = new Set([source.url, ...proofs.map(({ url }) => url)]);
  // What stays because its upstream could not be asked is proven by the documents accepted from it before.
  const others = proofsOf(current).filter(({ url }) => !urls.has(url));
  const own = proofsOf(current).filter(({ url }) => urls.has(url));
  return [...proofs, ...others, ...(await provingSome(documents, own, staying))];
}

/** Earlier documents of an upstream that list what it no longer lists, each agent once. */
async function provingSome(
  documents: Pick<DocumentStore, "get">,
  candidates: readonly UpstreamProof[],
  agents: readonly Agent[],
): Promise<UpstreamProof[]> {
  const read = keptTexts(documents);
  const open = new Map(agents.map((agent) => [formatAgentName(agent), agent.sha256]));
  const proving: UpstreamProof[] = [];
  for (const candidate of candidates) {
    const products = await readProvenProducts(candidate.documents, read);
    const proven = buildCatalogue(products ?? new Map()).agents.filter(
      (agent) => open.get(formatAgentName(agent)) === agent.sha256,
    );
    for (const agent of proven) open.delete(formatAgentName(agent));
    if (proven.length > 0) proving.push(candidate);
  }
  return proving;
}
