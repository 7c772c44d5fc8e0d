import type { Sha256 } from "../shared/sha256.ts";
import type { Snapshot } from "../mirror/snapshot.ts";
import type { WhichWorld } from "../upgrade/which/which-state.ts";

/** An open tarball. The server closes it; it stays readable after a prune removed the file's name. */
export interface BlobReader {
  readonly size: number;
  readonly storedAt: Date;
  /** Fills `buffer` from `position` on; resolves to the bytes read, 0 at the end. */
  read(buffer: Uint8Array, position: number): Promise<number>;
  close(): Promise<void>;
}

/** What the server reads; it never writes. */
export interface ServerPorts {
  /** Id of the snapshot that a ref names now; cheap, asked at every metadata request. */
  readonly readRef: (name: string) => Promise<string | undefined>;
  /** Undefined when there is no such snapshot any more. */
  readonly readSnapshot: (id: string) => Promise<Snapshot | undefined>;
  /** Ids of the snapshots that are kept, ascending. */
  readonly listSnapshots: () => Promise<readonly string[]>;
  /** Undefined when the blob is gone. */
  readonly openBlob: (sha256: Sha256) => Promise<BlobReader | undefined>;
  /** A verbatim upstream document by its hash. */
  readonly readUpstreamDocument: (sha256: Sha256) => Promise<Uint8Array | undefined>;
  /** What questions about versions are answered from; asked at every such question. */
  readonly readWorld: () => Promise<WhichWorld>;
}
