import type { ContentId, ProductId } from "./item.ts";

/** An `index:1.0` document (`index2.json`, `index.json` and their signed twins). */
export interface IndexFile {
  readonly updatedAt: Date | undefined;
  readonly entries: ReadonlyMap<ContentId, IndexEntry>;
}

export interface IndexEntry {
  readonly contentId: ContentId;
  readonly datatype: string;
  readonly format: string;
  /** Path of the product file, relative to the base URL. */
  readonly path: string;
  readonly products: readonly ProductId[];
  readonly updatedAt: Date | undefined;
}
