import { resolve } from "node:path";
import type { DocumentStore, RefStore } from "../store.ts";
import { fsDocumentStore } from "./documents.ts";
import { fsRefStore } from "./refs.ts";
import { readStoreFormat } from "./store-format.ts";

/** The part of a store that answers what is held; opening it loads nothing of the rest. */
export interface StoreReader {
  readonly documents: Pick<DocumentStore, "get" | "list">;
  readonly refs: Pick<RefStore, "read">;
}

/**
 * The store in a folder, for reading its catalogues. A folder that is missing or empty holds nothing.
 * @throws JamError JAM_STORE_FORMAT when a newer jam wrote it, JAM_STORE_PERMISSION, JAM_STORE_IO
 */
export async function openFsReader(dataDir: string): Promise<StoreReader> {
  const root = resolve(dataDir);
  await readStoreFormat(root);
  return { documents: fsDocumentStore(root), refs: fsRefStore(root) };
}
