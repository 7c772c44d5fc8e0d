import { formatAgentName, type Agent } from "../juju/agent.ts";
import type { Sha256 } from "../shared/sha256.ts";
import { ownFolder, renderFace, tarballsOf, withoutDamaged, type FaceTarball } from "../mirror/face.ts";
import type { Snapshot } from "../mirror/snapshot.ts";
import type { Withdrawn } from "./damage-watch.ts";
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
  /** The folder of the documents that never change under their names, with a slash at its end. */
  readonly ownFolder: string;
  /** `key` of what was withdrawn when it was made. */
  readonly withdrawnKey: string;
  /** Names of the agents that are not listed because their tarballs are damaged. */
  readonly withdrawn: readonly string[];
  /** Agents that are not listed because they are not held and upstream cannot be reached. */
  readonly hidden: number;
}

/**
 * The view of a snapshot without what is withdrawn. Costs some ten milliseconds per thousand agents, once per snapshot
 * and change of what is withdrawn. The tarballs of hidden agents are not listed, and found by who asks for them.
 */
export function buildView(
  snapshot: Snapshot,
  { key, blobs }: Withdrawn,
  hidden: readonly Agent[] = [],
): MirrorView {
  const { agents, ...envelope } = snapshot;
  const shown = withoutDamaged(snapshot, blobs);
  const isWhole = shown === snapshot;
  const withdrawn = agents.filter(({ sha256 }) => blobs.has(sha256)).map(formatAgentName);
  // Caches keep product files under the snapshot's own name for long: what lists less has another name.
  const id = isWhole ? snapshot.id : `${snapshot.id}.${key}`;
  const lastModified = isWhole ? new Date(snapshot.createdAt) : new Date();
  const rendered = shown.agents.length === 0 ? [] : renderFace({ ...shown, id });
  // A product file has two names; its bytes are kept, hashed and compressed once.
  const byText = new Map<string, ServedDocument>();
  const documents = new Map<string, ServedDocument>();
  for (const { path, text } of rendered) {
    const document =
      byText.get(text) ??
      new ServedDocument(Buffer.from(text), { contentType: "application/json", lastModified });
    byText.set(text, document);
    documents.set(path, document);
    // For clients that have read the index of the whole snapshot.
    documents.set(path.replace(ownFolder({ id }), ownFolder(snapshot)), document);
  }
  return {
    snapshot: isWhole ? envelope : { ...envelope, verbatim: brokenClosure(withdrawn) },
    documents,
    tarballs: tarballsOf({ agents: [...hidden, ...snapshot.agents] }),
    proofs: new Map(snapshot.upstream.documents.map(({ path, sha256 }) => [path, sha256])),
    counts: countAgents(shown),
    ownFolder: ownFolder({ id }),
    withdrawnKey: key,
    withdrawn,
    hidden: hidden.length,
  };
}

/** Upstream's signed documents list what is damaged here. */
function brokenClosure([first = "", ...more]: readonly string[]): Snapshot["verbatim"] {
  const others = more.length === 0 ? "" : ` and of ${more.length} more`;
  return { complete: false, reason: `the tarball of ${first}${others} is damaged here` };
}

function countAgents(snapshot: Snapshot): MirrorCounts {
  const bySha256 = new Map(snapshot.agents.map(({ sha256, size }) => [sha256, size]));
  return {
    agents: new Set(snapshot.agents.map(formatAgentName)).size,
    tarballs: bySha256.size,
    bytes: [...bySha256.values()].reduce((sum, size) => sum + size, 0),
  };
}
