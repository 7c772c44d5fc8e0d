import { PRODUCTS_FORMAT } from "../../simplestreams/index-file.ts";
import type { ProductId } from "../../simplestreams/item.ts";
import type { JsonObject } from "../../simplestreams/json-text.ts";
import { integerField, mapField, parseGoObject, requireTexts, textField, UnreadableJson } from "./go-json.ts";

/** One item as Juju sees it, inheritance done; an absent text is empty. */
export interface JujuItem {
  readonly version: string;
  readonly release: string;
  readonly arch: string;
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  readonly sha256: string;
}

/** Products and in each the dated collections, the newest first. */
export type JujuProducts = ReadonlyMap<ProductId, readonly (readonly JujuItem[])[]>;

const TEXTS = ["region", "endpoint", "root_store", "virt"];
/** The fields that an item takes from its date, and a date from its product. */
const INHERITED = ["arch", "release", "version"] as const;
type Inherited = Readonly<Record<(typeof INHERITED)[number], string>>;
const NOTHING: Inherited = { arch: "", release: "", version: "" };

/**
 * The products that Juju reads from these bytes. One value of a wrong type anywhere, such as a size in quotes, makes
 * the whole file unreadable.
 * Source: juju environs/simplestreams ParseCloudMetadata, applyAliases, denormaliseMetadata.
 * @throws UnreadableJson
 */
export function readJujuProducts(bytes: Uint8Array): JujuProducts {
  const document = parseGoObject(bytes);
  requireTexts(document, ["updated", "content_id", ...TEXTS], "products");
  const aliases = readAliases(document);
  const products = mapField(document, "products", "products").map(
    ([id, product]): [ProductId, readonly (readonly JujuItem[])[]] => {
      requireTexts(product, TEXTS, id);
      const own = inherit(product, NOTHING, id);
      const dates = mapField(product, "versions", id).toSorted(([a], [b]) => (a < b ? 1 : -1));
      return [
        id,
        dates.map(([date, collection]) => readCollection(collection, own, `${id}.${date}`, aliases)),
      ];
    },
  );
  const format = textField(document, "format", "products");
  if (format !== PRODUCTS_FORMAT)
    throw new UnreadableJson(`its format is "${format}", not "${PRODUCTS_FORMAT}"`);
  return new Map(products);
}

function readCollection(
  collection: JsonObject,
  above: Inherited,
  where: string,
  aliases: Aliases,
): readonly JujuItem[] {
  requireTexts(collection, ["region", "endpoint"], where);
  const own = inherit(collection, above, where);
  return mapField(collection, "items", where).map(([name, item]) =>
    readItem(item, own, `${where}.${name}`, aliases),
  );
}

function readItem(item: JsonObject, above: Inherited, where: string, aliases: Aliases): JujuItem {
  const size = integerField(item, "size", where);
  const texts: Record<string, string> = {};
  for (const name of ITEM_TEXTS) texts[name] = textField(item, name, where);
  for (const name of ITEM_TEXTS) {
    const meaning = aliases.get(name)?.get(texts[name] ?? "");
    for (const [field, value] of meaning ?? []) if (Object.hasOwn(texts, field)) texts[field] = value;
  }
  const { path = "", sha256 = "", arch = "", release = "", version = "" } = texts;
  return {
    path,
    sha256,
    size,
    arch: arch === "" ? above.arch : arch,
    release: release === "" ? above.release : release,
    version: version === "" ? above.version : version,
  };
}

const ITEM_TEXTS = ["release", "version", "arch", "path", "ftype", "sha256"];

function inherit(level: JsonObject, above: Inherited, where: string): Inherited {
  const fields = { ...above };
  for (const name of INHERITED) {
    const own = textField(level, name, where);
    if (own !== "") fields[name] = own;
  }
  return fields;
}

/** Field → value → the fields that it expands to. */
type Aliases = ReadonlyMap<string, ReadonlyMap<string, readonly (readonly [string, string])[]>>;

function readAliases(document: JsonObject): Aliases {
  return new Map(
    mapField(document, "_aliases", "products").map(([field, values]) => [
      field,
      new Map(
        mapField({ values }, "values", `_aliases.${field}`).map(([value, meaning]) => [
          value,
          Object.keys(meaning).map((name) => [name, textField(meaning, name, `_aliases.${field}`)] as const),
        ]),
      ),
    ]),
  );
}
