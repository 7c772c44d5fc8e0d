import type { Sha256 } from "../shared/sha256.ts";
import type { BlobReader, DocumentKind, StagedBlob } from "../store/store.ts";
import type { FetchOptions, ItemRequest } from "../upstream/source.ts";

/** A document that is wanted back: by its name here, and by upstream's path where it has one. */
export interface WantedDocument {
  readonly kind: Extract<DocumentKind, "upstream" | "catalogue" | "snapshots">;
  readonly name: string;
  /** Upstream's path; only for documents of upstream. */
  readonly path?: string;
}

/** A place from which a mirror is repaired. Nothing that it gives counts before it was hashed. */
export interface RepairSource {
  /** For people. */
  readonly name: string;
  /**
   * Puts a tarball into `staged` and commits it.
   * @throws JamError when this place cannot deliver it
   */
  fetchItem(item: ItemRequest, staged: StagedBlob, options: FetchOptions): Promise<void>;
  /** The bytes of a document, as they come; undefined where this place has none of it. */
  readDocument(wanted: WantedDocument, signal: AbortSignal): Promise<Uint8Array | undefined>;
  /** Whether a tarball is there; undefined where only asking for it tells. */
  has?(sha256: Sha256): Promise<boolean>;
}

/** Contents by hash, such as those of a bundle or of another mirror. */
export interface HashedContents {
  open(sha256: Sha256): Promise<Pick<BlobReader, "size" | "bytes" | "close"> | undefined>;
}
