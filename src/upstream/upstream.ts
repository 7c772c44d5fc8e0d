import type { Signature } from "../openpgp/signature.ts";
import type { Sha256 } from "../shared/sha256.ts";
import type { ArrivedDocument } from "./document-trust.ts";
import type { RetryWait } from "./retry.ts";
import type { ItemSink } from "./ports.ts";

/** What a source said about the version of a document, for a conditional request next time. */
export interface Validators {
  readonly etag?: string;
  readonly lastModified?: string;
}

/** One metadata document as it came, and the text that may be trusted. */
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

export type DocumentAnswer =
  | { readonly kind: "found"; readonly document: UpstreamDocument }
  | { readonly kind: "not-modified" }
  | { readonly kind: "not-found"; readonly url: string };

/** What is asked of one item: its path and what it must turn out to be. */
export interface ItemRequest {
  readonly path: string;
  readonly size: number;
  readonly sha256: Sha256;
}

export interface FetchOptions {
  readonly signal: AbortSignal;
  /** Called with the number of bytes of each arrived piece; negative when a restart throws bytes away. */
  readonly onBytes?: (bytes: number) => void;
  /** Called before each new attempt, with what went wrong and how long it waits. */
  readonly onRetry?: (error: Error, wait: RetryWait) => void;
}

/** A simplestreams tree to read from, by URL or as a folder. */
export interface Upstream {
  readonly name: string;
  readonly url: string;
  /** Whether documents are verified; false only by the operator's explicit wish. */
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
   * Verifies a document that was read before, as if it came now; asks nobody.
   * @throws JamError JAM_METADATA_…, JAM_UPSTREAM_NOT_SIMPLESTREAMS
   */
  checkDocument(arrived: ArrivedDocument): Promise<UpstreamDocument>;
  /**
   * Brings one tarball into `sink` and commits it: resumes what is there, retries what may pass.
   * @throws JamError JAM_UPSTREAM_…, JAM_ITEM_…, JAM_STORE_…
   */
  fetchItem(item: ItemRequest, sink: ItemSink, options: FetchOptions): Promise<void>;
}
