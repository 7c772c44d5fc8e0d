import type { Sha256 } from "../shared/sha256.ts";

/** What a source said about the version of a document, for a conditional request next time. */
export interface Validators {
  readonly etag?: string;
  readonly lastModified?: string;
}

/** One metadata document as it came, and the text that may be trusted. */
export interface FetchedDocument {
  readonly path: string;
  readonly url: string;
  /** Verbatim. */
  readonly bytes: Uint8Array;
  readonly sha256: Sha256;
  /** The signed text, or the document itself when verification is off. */
  readonly text: string;
  readonly validators: Validators;
  readonly signature: DocumentSignature | undefined;
}

/** Who signed a document, and when. */
export interface DocumentSignature {
  readonly fingerprint: string;
  readonly signedAt: Date;
  /** When the key expired, if it has by now. */
  readonly keyExpiredAt?: Date;
}

/** A document as it arrived, not verified. */
export type ArrivedDocument = Pick<FetchedDocument, "path" | "url" | "bytes" | "validators">;

export type FetchedAnswer =
  | { readonly kind: "found"; readonly document: FetchedDocument }
  | { readonly kind: "not-modified" }
  | { readonly kind: "not-found"; readonly url: string };

/** A tarball on its way in; see the store for its promises. */
export interface ItemTarget {
  readonly sha256: Sha256;
  readonly received: number;
  readonly validator: string | undefined;
  restart(validator: string | undefined): Promise<void>;
  append(bytes: AsyncIterable<Uint8Array>, size: number): Promise<void>;
  commit(size: number): Promise<void>;
  close(): Promise<void>;
}

export interface ItemFetchOptions {
  readonly signal: AbortSignal;
  readonly onBytes?: (bytes: number) => void;
  readonly onRetry?: (error: Error, wait: RetryWait) => void;
}

/** The wait before an attempt after the first. */
export interface RetryWait {
  readonly waitMs: number;
  /** Who asked for it. */
  readonly askedBy: "upstream" | "jam";
  /** Number of the attempt that follows, and how many there are in all. */
  readonly attempt: number;
  readonly attempts: number;
}

/** A simplestreams tree to sync from. */
export interface SyncSource {
  readonly name: string;
  readonly url: string;
  readonly verifies: boolean;
  trustedKeys(): Promise<readonly string[]>;
  readDocument(path: string, known: Validators | undefined, signal: AbortSignal): Promise<FetchedAnswer>;
  /** Verifies a document that was read before, as if it came now. */
  checkDocument(arrived: ArrivedDocument): Promise<FetchedDocument>;
  fetchItem(
    item: { readonly path: string; readonly size: number; readonly sha256: Sha256 },
    target: ItemTarget,
    options: ItemFetchOptions,
  ): Promise<void>;
}

export interface BlobPort {
  stat(sha256: Sha256): Promise<{ readonly size: number } | undefined>;
  stage(sha256: Sha256): Promise<ItemTarget>;
  delete(sha256: Sha256): Promise<void>;
  list(): AsyncIterable<{ readonly sha256: Sha256; readonly size: number; readonly storedAt: Date }>;
}

export type DocumentKind = "snapshots" | "upstream" | "history" | "state";

export interface DocumentPort {
  get(kind: DocumentKind, name: string): Promise<Uint8Array | undefined>;
  put(kind: DocumentKind, name: string, bytes: Uint8Array): Promise<void>;
  delete(kind: DocumentKind, name: string): Promise<void>;
  list(kind: DocumentKind): Promise<string[]>;
}

export type TreeEntry =
  { readonly path: string; readonly bytes: Uint8Array } | { readonly path: string; readonly sha256: Sha256 };

/** Published trees and the names that point at them. */
export interface PublicationPort {
  readonly refs: {
    read(name: string): Promise<string | undefined>;
    swap(name: string, expected: string | undefined, next: string): Promise<boolean>;
  };
  readonly trees: {
    build(id: string, files: Iterable<TreeEntry>): Promise<void>;
    list(): Promise<string[]>;
    delete(id: string): Promise<void>;
  };
}

/** The store as this use case needs it. */
export interface SyncStore extends PublicationPort {
  readonly blobs: BlobPort;
  readonly documents: DocumentPort;
  /** `note` says what had to be put right before anything could be written. */
  acquireWriter(command: string): Promise<{ readonly note?: string; release(): Promise<void> }>;
  freeBytes(): Promise<number>;
}
