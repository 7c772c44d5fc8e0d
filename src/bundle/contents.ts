import type { Sha256 } from "../shared/sha256.ts";
import type { Store } from "../store/store.ts";

/** Contents for reading, wherever they are kept. */
export interface ContentReader {
  readonly size: number;
  /** Fills `buffer` from `position` on; resolves to the bytes read, 0 at the end. */
  read(buffer: Uint8Array, position: number): Promise<number>;
  close(): Promise<void>;
}

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

function memoryReader(bytes: Uint8Array): ContentReader {
  return {
    size: bytes.length,
    async read(buffer, position) {
      const piece = bytes.subarray(position, position + buffer.length);
      buffer.set(piece);
      return piece.length;
    },
    close: async () => undefined,
  };
}
