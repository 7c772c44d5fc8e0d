import { proofsOf, type Snapshot } from "./snapshot.ts";
import type { DescribedProofs } from "./snapshots-document.ts";

/** What proves the agents of a snapshot, as documents for people and programs show it. */
export function describeProofs(snapshot: Pick<Snapshot, "upstream" | "earlierProofs">): DescribedProofs {
  return proofsOf(snapshot).map(({ url, verified, documents }) => ({
    upstream: url,
    verified,
    documents: documents.map(({ path, sha256, signedBy, signedAt, updatedAt }) => ({
      path,
      sha256,
      signedBy: signedBy ?? null,
      signedAt: signedAt ?? null,
      updatedAt: updatedAt ?? null,
    })),
  }));
}
