import type { Sha256 } from "../shared/sha256.ts";
import { proofsOf, type ProvenDocument, type Snapshot } from "./snapshot.ts";

/** A tarball that a snapshot lists, however many agents name it. */
export interface TarballContent {
  readonly sha256: Sha256;
  /** Bytes. */
  readonly size: number;
}

/** What has to be kept for a snapshot, each content once. */
export interface SnapshotContents {
  /** Kept as blobs. */
  readonly tarballs: readonly TarballContent[];
  /** Documents of upstream, kept under `upstream/` as proof. */
  readonly documents: readonly ProvenDocument[];
}

/** The one answer to what must be kept for a snapshot. Whatever else a snapshot comes to list is added here. */
export function contentsOf(snapshot: Snapshot): SnapshotContents {
  const documents = proofsOf(snapshot).flatMap((proof) => proof.documents);
  return { tarballs: distinctTarballs(snapshot.agents), documents: distinct(documents) };
}

/** The tarballs of agents, each once. */
export function distinctTarballs(agents: readonly TarballContent[]): TarballContent[] {
  return distinct(agents.map(({ sha256, size }) => ({ sha256, size })));
}

/** The hashes of everything that must be kept for these snapshots, tarballs and documents alike. */
export function hashesOf(snapshots: Iterable<Snapshot>): Set<Sha256> {
  const hashes = new Set<Sha256>();
  for (const snapshot of snapshots) {
    const { tarballs, documents } = contentsOf(snapshot);
    for (const { sha256 } of tarballs) hashes.add(sha256);
    for (const { sha256 } of documents) hashes.add(sha256);
  }
  return hashes;
}

function distinct<T extends { readonly sha256: Sha256 }>(contents: readonly T[]): T[] {
  return [...new Map(contents.map((content) => [content.sha256, content])).values()];
}
