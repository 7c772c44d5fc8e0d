import { compareTexts } from "../shared/collections.ts";
import { DOWNLOAD_DATATYPE, PRODUCTS_FORMAT } from "./index-file.ts";
import type { ContentId, Item } from "./item.ts";
import type { JsonObject } from "./json-text.ts";
import { formatUpdated } from "./updated.ts";

/** The input of `formatProductFile`. */
export interface ProductFileContent {
  readonly contentId: ContentId;
  readonly updatedAt: Date;
  readonly items: readonly Item[];
}

/**
 * The document of a product file: every item complete, so that readers without inheritance understand it too. Its bytes are
 * those of `formatStableJson`. The objects are made in the order of their keys, because a product file has tens of thousands
 * of them.
 */
export function formatProductFile({ contentId, items, updatedAt }: ProductFileContent): string {
  const products = Map.groupBy(items, (item) => item.productId);
  const document = {
    content_id: contentId,
    datatype: DOWNLOAD_DATATYPE,
    format: PRODUCTS_FORMAT,
    products: inOrder(products, productOf),
    updated: formatUpdated(updatedAt),
  };
  return `${JSON.stringify(document, undefined, 1)}\n`;
}

function productOf(items: readonly Item[]): JsonObject {
  const dates = Map.groupBy(items, (item) => item.date);
  return {
    ...common(items, "arch"),
    ...common(items, "ftype"),
    ...common(items, "release"),
    versions: inOrder(dates, (dated) => ({
      items: inOrder(new Map(dated.map((item) => [item.itemName, item])), wireItem),
    })),
  };
}

/** An object with ascending keys. */
function inOrder<T>(values: ReadonlyMap<string, T>, write: (value: T) => JsonObject): JsonObject {
  const keys = [...values.keys()].sort(compareTexts);
  return Object.fromEntries(keys.map((key) => [key, write(values.get(key) as T)]));
}

/** The field as a field of the product, if it is the same in all items. */
function common(items: readonly Item[], field: "arch" | "release" | "ftype"): JsonObject {
  const value = items[0]?.[field];
  return items.every((item) => item[field] === value) ? { [field]: value } : {};
}

function wireItem(item: Item): JsonObject {
  const { arch, ftype, md5, path, release, sha256, size, version } = item;
  return md5 === undefined
    ? { arch, ftype, path, release, sha256, size, version }
    : { arch, ftype, md5, path, release, sha256, size, version };
}
