import { proofsOfUnread } from "../metadata/unreadable.ts";
import type { GoneUpstream } from "../mirror/gone-upstream.ts";
import { provingSome } from "../mirror/proving-sets.ts";
import { proofsOf, type Snapshot, type UpstreamProof } from "../mirror/snapshot.ts";
import { proofOf } from "../mirror/upstream-state.ts";
import type { DocumentStore } from "../store/store.ts";
import type { Assessment } from "./assess.ts";

type Found = Pick<Assessment, "source" | "metadata" | "further" | "staying" | "contradicted">;

/** Proofs of what the documents of the first upstream do not list. */
export async function earlierProofsOf(
  documents: Pick<DocumentStore, "get">,
  { source, metadata, further, contradicted, ...found }: Found,
  { current, gone }: { readonly current: Snapshot | undefined; readonly gone: GoneUpstream },
): Promise<readonly UpstreamProof[]> {
  const staying = [...found.staying, ...contradicted];
  const proofs = [
    ...further.map((one) => proofOf(one.source, one.metadata.documents)),
    ...proofsOfUnread(metadata, current),
  ];
  if (staying.length === 0 || current === undefined) return proofs;
  const urls = new Set([source.url, ...proofs.map(({ url }) => url)]);
  // What stays because its upstream could not be asked is proven by the documents accepted from it before.
  const others = proofsOf(current).filter(({ url }) => !urls.has(url));
  const own = proofsOf(current).filter(({ url }) => urls.has(url));
  // What was unlisted and is listed again is proven by what was kept for it.
  const earlier = [...own, ...gone.proofs];
  return [...proofs, ...others, ...(await provingSome(documents, earlier, staying))];
}
