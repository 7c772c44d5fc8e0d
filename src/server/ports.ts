import type { BlobStore, DocumentStore, RefStore } from "../store/store.ts";
import type { WhichState } from "../upgrade/which/which-state.ts";
import type { AskQuery } from "./queries.ts";

/** The store as the server uses it: it never writes. */
export interface ServedStore {
  /** Read at every request for metadata, so it has to be cheap. */
  readonly refs: Pick<RefStore, "read">;
  readonly documents: Pick<DocumentStore, "get" | "list">;
  readonly blobs: Pick<BlobStore, "open">;
}

/** What the server answers from. */
export interface ServerPorts {
  readonly store: ServedStore;
  /** What questions about versions are answered from; read at every such question. */
  readonly readState: () => Promise<WhichState>;
  /** Answers the other queries of the API, where the server does not have to wait for it. */
  readonly ask: AskQuery;
}
