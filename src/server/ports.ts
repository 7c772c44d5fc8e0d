import type { ErrorCode } from "../shared/errors.ts";
import type { OfferReach } from "../mirror/offer.ts";
import type { Shown } from "../mirror/shown-offer.ts";
import type { BlobStore, DocumentStore, RefStore } from "../store/store.ts";
import type { ReadState } from "./api/context.ts";
import type { PullThrough } from "../cache/pull-through.ts";
import type { AskQuery } from "./queries.ts";

/** The store as the server uses it: it never writes. */
export interface ServedStore {
  /** Read at every request for metadata, so it has to be cheap. */
  readonly refs: Pick<RefStore, "read"> & Partial<Pick<RefStore, "list">>;
  readonly documents: Pick<DocumentStore, "get" | "list">;
  readonly blobs: Pick<BlobStore, "open">;
}

/** What a mirror in cache mode lists: in addition to what is held, what can be fetched when it is requested. */
export interface OfferSource {
  /**
   * What is listed, where the ref shows the snapshot of this id. The same object as long as nothing changes.
   * @throws JamError JAM_STORE_…
   */
  readonly shown: (heldId: string | undefined) => Promise<Shown | undefined>;
  /** How upstream answered last, and whether what is not held can be fetched. */
  readonly state: () => {
    readonly reach: OfferReach | undefined;
    readonly isObtainable: boolean;
    /** Present while this side fails to read upstream. */
    readonly failure?:
      { readonly since: string; readonly code: ErrorCode; readonly message: string } | undefined;
    readonly offer: { readonly agents: readonly unknown[] } | undefined;
  };
}

/** Where tarballs come from that are listed and not held. */
export type PullSource = Pick<PullThrough, "open" | "use" | "counts" | "bytes">;

/** What the server answers from. */
export interface ServerPorts {
  readonly store: ServedStore;
  /** What questions about versions are answered from; read at every such question. */
  readonly readState: ReadState;
  /** Answers the other queries of the API, where the server does not have to wait for it. */
  readonly ask: AskQuery;
  /** Present in cache mode. */
  readonly offer?: OfferSource | undefined;
  /** Present in cache mode. */
  readonly pullThrough?: PullSource | undefined;
}
