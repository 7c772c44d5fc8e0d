import type { ErrorReport } from "../shared/errors.ts";
import type { ContentId, Item } from "./item.ts";

/** A `products:1.0` document, fully denormalised. */
export interface ProductFile {
  readonly contentId: ContentId | undefined;
  /** The document's own `updated`; undefined where it has none or it is no date. */
  readonly updatedAt: Date | undefined;
  readonly items: readonly Item[];
  /** Items left out because they alone are bad (unsafe path, no sha256, invalid version, …). */
  readonly refused: readonly RefusedItem[];
}

/** An item that was left out, and why. */
export interface RefusedItem {
  /** `products/<id>/versions/<date>/items/<name>`. */
  readonly where: string;
  readonly error: ErrorReport;
}
