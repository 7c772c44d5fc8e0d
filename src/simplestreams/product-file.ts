import { joinAgentName } from "../shared/agent-name.ts";
import { isJamError, reportError, type ErrorReport, type JamError } from "../shared/errors.ts";
import { printable } from "../shared/printable.ts";
import { PRODUCTS_FORMAT, requireFormat } from "./index-file.ts";
import { inheritFields, readAliases, type Aliases, type ItemFields } from "./inherit.ts";
import { parseItem, type ItemPlace, type ContentId, type Item, type ProductId } from "./item.ts";
import { isJsonObject, parseJsonObject, type JsonObject } from "./json-text.ts";
import { formatJsonPath, malformed, tooLarge, type JsonPath } from "./metadata-fault.ts";
import { parseUpdated } from "./updated.ts";

/** A `products:1.0` document, fully denormalised. */
export interface ProductFile {
  readonly contentId: ContentId | undefined;
  /** The document's own `updated`; undefined if it is missing or not a date. */
  readonly updatedAt: Date | undefined;
  readonly items: readonly Item[];
  /** Items, dated collections and products that were skipped because they are invalid (unsafe path, no sha256, a list for an object, …). */
  readonly refused: readonly RefusedItem[];
}

/** An item that was skipped, and why. */
export interface RefusedItem {
  /** `products/<id>/versions/<date>/items/<name>`; shorter if a whole product or date was skipped. */
  readonly where: string;
  readonly error: ErrorReport;
}

/** Items of a file, and its products, and its dates: thirty times what has been published since 2013. */
const MAX_ITEMS = 200_000;

/**
 * The items of a product file with every field resolved, each agent of a product once: if it is listed under
 * several dates, the newest counts, as in Juju.
 * @param file how messages name the document
 * @throws JamError JAM_METADATA_MALFORMED, JAM_METADATA_TOO_LARGE, JAM_UPSTREAM_NOT_SIMPLESTREAMS
 */
export function parseProductFile(text: string, file: string): ProductFile {
  const document = parseJsonObject(text, file);
  requireFormat(document, PRODUCTS_FORMAT, file, text);
  const contentId = document["content_id"];
  if (contentId !== undefined && typeof contentId !== "string") {
    throw malformed(file, ["content_id"], "must be a string");
  }
  const reader = new ItemReader(file, readAliases(document));
  reader.readProducts(document);
  return {
    contentId,
    updatedAt: parseUpdated(document["updated"]),
    items: reader.items,
    refused: reader.refused,
  };
}

/** Walks from the top of a product file down to its items. */
class ItemReader {
  readonly items: Item[] = [];
  readonly refused: RefusedItem[] = [];
  readonly #file: string;
  readonly #aliases: Aliases;
  readonly #counts = { products: 0, versions: 0, items: 0 };

  constructor(file: string, aliases: Aliases) {
    this.#file = file;
    this.#aliases = aliases;
  }

  readProducts(document: JsonObject): void {
    const top = inheritFields(document, {}, this.#aliases);
    for (const [productId, product] of this.#children(document, "products", [])) {
      const at = ["products", productId];
      this.#orRefuse(
        () => at,
        () => this.#readProduct(productId, this.#object(product, at), top),
      );
    }
  }

  #readProduct(productId: ProductId, product: JsonObject, above: ItemFields): void {
    const at = ["products", productId];
    const fields = inheritFields(product, above, this.#aliases);
    const dates = this.#children(product, "versions", at).sort(([a], [b]) => (a < b ? 1 : -1));
    /** Agent name → the newest date that lists it. */
    const newest = new Map<string, string>();
    for (const [date, collection] of dates) {
      const read = () => this.#readCollection({ productId, date }, collection, fields);
      for (const item of this.#orRefuse(() => [...at, "versions", date], read) ?? []) {
        const name = joinAgentName(item);
        const newestDate = newest.get(name);
        if (newestDate === undefined) newest.set(name, date);
        if (newestDate === undefined || newestDate === date) this.items.push(item);
      }
    }
  }

  #readCollection(
    { productId, date }: Omit<ItemPlace, "itemName">,
    value: unknown,
    above: ItemFields,
  ): Item[] {
    const at = ["products", productId, "versions", date];
    const collection = this.#object(value, at);
    const fields = inheritFields(collection, above, this.#aliases);
    const children = this.#children(collection, "items", at);
    const items: Item[] = [];
    for (const [itemName, item] of children) {
      const read = this.#orRefuse(
        () => [...at, "items", itemName],
        (path) => parseItem(this.#fieldsOf(item, path, fields), { productId, date, itemName }),
      );
      if (read !== undefined) items.push(read);
    }
    return items;
  }

  #fieldsOf(item: unknown, at: () => JsonPath, above: ItemFields): ItemFields {
    const object = isJsonObject(item) ? item : this.#object(item, at());
    return inheritFields(object, above, this.#aliases);
  }

  /**
   * The result of `read`; undefined if it is invalid, so that only this place is skipped.
   * @param at is called where the place matters: there are tens of thousands
   */
  #orRefuse<T>(at: () => JsonPath, read: (at: () => JsonPath) => T): T | undefined {
    try {
      return read(at);
    } catch (error) {
      if (!isJamError(error, "JAM_ITEM_REFUSED", "JAM_METADATA_MALFORMED")) throw error;
      const where = printable(formatJsonPath(at()), 400);
      this.refused.push({ where, error: this.#refusalOf(error, where) });
      return undefined;
    }
  }

  /** The error of an item does not contain its place. */
  #refusalOf(error: JamError, where: string): ErrorReport {
    const report = reportError(error);
    if (error.code !== "JAM_ITEM_REFUSED") return report;
    const message = `${this.#file}#${where}: ${report.message}`;
    return { ...report, message, details: { ...report.details, file: this.#file } };
  }

  #children(parent: JsonObject, name: "products" | "versions" | "items", at: JsonPath): [string, unknown][] {
    const value = parent[name];
    const children = value === undefined ? [] : Object.entries(this.#object(value, [...at, name]));
    this.#counts[name] += children.length;
    if (this.#counts[name] > MAX_ITEMS) throw tooLarge(this.#file, `has more than ${MAX_ITEMS} ${name}`, {});
    return children;
  }

  #object(value: unknown, at: JsonPath): JsonObject {
    if (isJsonObject(value)) return value;
    throw malformed(this.#file, at, "must be an object");
  }
}
