import { formatAgentName } from "../juju/agent.ts";
import type { Sha256 } from "../shared/sha256.ts";
import { renderFace, tarballsOf, type FaceTarball } from "../mirror/face.ts";
import type { Snapshot } from "../mirror/snapshot.ts";
import { ServedDocument } from "./document.ts";

/** How much a snapshot holds. */
export interface MirrorCounts {
  readonly agents: number;
  readonly tarballs: number;
  /** Bytes of the tarballs, each counted once. */
  readonly bytes: number;
}

/** One snapshot, ready to be served: everything that an answer needs, so that no answer mixes two snapshots. */
export interface MirrorView {
  readonly snapshot: Omit<Snapshot, "agents">;
  /** Documents of the curated face by path, product files under their usual and their snapshot's name. */
  readonly documents: ReadonlyMap<string, ServedDocument>;
  /** By upstream's path. */
  readonly tarballs: ReadonlyMap<string, FaceTarball>;
  /** Upstream's documents that are kept as proof, by path. */
  readonly proofs: ReadonlyMap<string, Sha256>;
  readonly counts: MirrorCounts;
}

/** The view of a snapshot. Costs some ten milliseconds per thousand agents, once per snapshot. */
export function buildView(snapshot: Snapshot): MirrorView {
  const { agents: _agents, ...envelope } = snapshot;
  const lastModified = new Date(snapshot.createdAt);
  const rendered = renderFace(snapshot);
  // A product file has two names; its bytes are kept, hashed and compressed once.
  const byText = new Map<string, ServedDocument>();
  for (const { text } of rendered) {
    if (byText.has(text)) continue;
    byText.set(
      text,
      new ServedDocument(Buffer.from(text), { contentType: "application/json", lastModified }),
    );
  }
  const tarballs = tarballsOf(snapshot);
  return {
    snapshot: envelope,
    documents: new Map(rendered.map(({ path, text }) => [path, byText.get(text) as ServedDocument])),
    tarballs,
    proofs: new Map(snapshot.upstream.documents.map(({ path, sha256 }) => [path, sha256])),
    counts: countAgents(snapshot, tarballs),
  };
}

function countAgents(snapshot: Snapshot, tarballs: ReadonlyMap<string, FaceTarball>): MirrorCounts {
  const bySha256 = new Map([...tarballs.values()].map(({ sha256, size }) => [sha256, size]));
  return {
    agents: new Set(snapshot.agents.map(formatAgentName)).size,
    tarballs: bySha256.size,
    bytes: [...bySha256.values()].reduce((sum, size) => sum + size, 0),
  };
}
