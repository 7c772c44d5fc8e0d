import type { Sha256 } from "../shared/sha256.ts";
import type { BlobReader, Store } from "../store/store.ts";

/** An open content: a tarball or a document, wherever it is kept. */
export type ContentReader = Pick<BlobReader, "size" | "bytes" | "close">;

/** Contents by hash. */
export interface ContentSource {
  /** Undefined when there is no such content. */
  open(sha256: Sha256): Promise<ContentReader | undefined>;
}

/** Tarballs and upstream documents of a store, by hash. */
export function storeContents({ blobs, documents }: Pick<Store, "blobs" | "documents">): ContentSource {
  return {
    async open(sha256) {
      const blob = await blobs.open(sha256);
      if (blob !== undefined) return blob;
      const bytes = await documents.get("upstream", sha256);
      return bytes && memoryReader(bytes);
    },
  };
}

function memoryReader(content: Uint8Array): ContentReader {
  return {
    size: content.length,
    async *bytes({ start, end } = { start: 0, end: content.length }) {
      if (start < end) yield content.subarray(start, end);
    },
    close: async () => undefined,
  };
}
