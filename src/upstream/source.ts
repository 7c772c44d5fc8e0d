import type { Sha256 } from "../shared/sha256.ts";
import type { Signature } from "../shared/signature.ts";
import type { StagedBlob } from "../store/store.ts";

/** The version of a document according to its source, for a conditional request next time. */
export interface Validators {
  readonly etag?: string;
  readonly lastModified?: string;
}

/** One metadata document as received, and the text that may be trusted. */
export interface UpstreamDocument {
  /** Path under the base URL, `streams/v1/index2.sjson`. */
  readonly path: string;
  readonly url: string;
  /** Verbatim bytes. */
  readonly bytes: Uint8Array;
  readonly sha256: Sha256;
  /** The signed text of a verified document; the document itself when verification is off. */
  readonly text: string;
  readonly validators: Validators;
  /** Undefined only when verification is off. */
  readonly signature: Signature | undefined;
}

/** A document as it arrived, not verified. `url` contains no credentials. */
export type ArrivedDocument = Pick<UpstreamDocument, "path" | "url" | "bytes" | "validators">;

export type DocumentAnswer =
  | { readonly kind: "found"; readonly document: UpstreamDocument }
  | { readonly kind: "not-modified" }
  | { readonly kind: "not-found"; readonly url: string };

/** The request for one item: its path, and the size and hash that it must have. */
export interface ItemRequest {
  readonly path: string;
  readonly size: number;
  readonly sha256: Sha256;
}

/** The wait before an attempt after the first. */
export interface RetryWait {
  readonly waitMs: number;
  /** Who requested it: the server by Retry-After, or jam's own back-off. */
  readonly askedBy: "upstream" | "jam";
  /** Number of the attempt that follows, and how many there are in all. */
  readonly attempt: number;
  readonly attempts: number;
}

export interface FetchOptions {
  readonly signal: AbortSignal;
  /** Called with the number of bytes of each arrived piece; negative when a restart throws bytes away. */
  readonly onBytes?: (bytes: number) => void;
  /** Called before each new attempt, with what went wrong and how long it waits. */
  readonly onRetry?: (error: Error, wait: RetryWait) => void;
}

/** The metadata of a simplestreams tree, by URL or in a folder. */
export interface DocumentSource {
  readonly name: string;
  readonly url: string;
  /** Whether documents are verified; false only when the operator disabled it. */
  readonly verifies: boolean;
  /**
   * Fingerprints of the primary keys that are trusted now; none when verification is off.
   * @throws JamError JAM_KEYRING_INVALID
   */
  trustedKeys(): Promise<readonly string[]>;
  /**
   * Reads one metadata document and, for a `.sjson`, verifies it.
   * @throws JamError JAM_UPSTREAM_…, JAM_METADATA_…
   */
  readDocument(path: string, known: Validators | undefined, signal: AbortSignal): Promise<DocumentAnswer>;
  /**
   * Verifies a document that was read before, with the current keys and rules. Makes no request.
   * @throws JamError JAM_METADATA_…, JAM_UPSTREAM_NOT_SIMPLESTREAMS
   */
  checkDocument(arrived: ArrivedDocument): Promise<UpstreamDocument>;
}

/** The tarballs of a simplestreams tree. */
export interface ItemSource {
  /**
   * Downloads one tarball into `staged` and commits it. Resumes a partial download, and retries failures that may be
   * temporary.
   * @throws JamError JAM_UPSTREAM_…, JAM_ITEM_…, JAM_STORE_…
   */
  fetchItem(item: ItemRequest, staged: StagedBlob, options: FetchOptions): Promise<void>;
}

/** A simplestreams tree to sync from. */
export interface Upstream extends DocumentSource, ItemSource {}
