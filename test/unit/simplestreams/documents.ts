import type { Item } from "../../../src/simplestreams/item.ts";
import { parseProductFile, type ProductFile } from "../../../src/simplestreams/product-file.ts";
import { sha256Of } from "../../../src/shared/sha256.ts";

export const FILE = "streams/v1/com.ubuntu.juju-released-agents.sjson";
export const PRODUCT = "com.ubuntu.juju:ubuntu:amd64";
export const DATE = "20250410";

/** A complete item as it stands in a document. */
export function wireItem(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    version: "3.6.5",
    release: "ubuntu",
    arch: "amd64",
    path: "agent/3.6.5/juju-3.6.5-linux-amd64.tgz",
    size: 50_001_142,
    sha256: sha256Of("3.6.5"),
    ftype: "tar.gz",
    ...changes,
  };
}

export function without(object: Record<string, unknown>, ...fields: string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).filter(([field]) => !fields.includes(field)));
}

/** A product file with one item in one product; `top`, `product` and `collection` add fields on their level. */
export function wireProducts(
  item: unknown,
  levels: { top?: object; product?: object; collection?: object } = {},
): Record<string, unknown> {
  return {
    format: "products:1.0",
    content_id: "com.ubuntu.juju:released:agents",
    ...levels.top,
    products: {
      [PRODUCT]: { ...levels.product, versions: { [DATE]: { ...levels.collection, items: { one: item } } } },
    },
  };
}

export function parseProducts(document: unknown): ProductFile {
  return parseProductFile(JSON.stringify(document), FILE);
}

/** The only item of a document that must have exactly one. */
export function onlyItem(document: unknown): Item {
  const { items, refused } = parseProducts(document);
  if (items.length !== 1 || refused.length > 0) throw new Error(JSON.stringify({ items, refused }));
  return items[0] as Item;
}

/** The message of the only refusal of a document that must have exactly one and no item. */
export function onlyRefusal(document: unknown) {
  const { items, refused } = parseProducts(document);
  if (refused.length !== 1 || items.length > 0) throw new Error(JSON.stringify({ items, refused }));
  return refused[0]!;
}
