import { isJamError, type JamError } from "../shared/errors.ts";
import { printable } from "../shared/printable.ts";
import { pathFault } from "./item-path.ts";
import type { ContentId, ProductId } from "./item.ts";
import { isJsonObject, parseJsonObject, type JsonObject, formatStableJson } from "./json-text.ts";
import { malformed, notSimplestreams, tooLarge, type JsonPath } from "./metadata-fault.ts";
import { formatUpdated, parseUpdated } from "./updated.ts";

/** An `index:1.0` document (`index2.json`, `index.json` and their signed twins). */
export interface IndexFile {
  readonly updatedAt: Date | undefined;
  readonly entries: ReadonlyMap<ContentId, IndexEntry>;
  /** Entries that were skipped because they are invalid (an unsafe path, a field of the wrong type). */
  readonly refused: readonly RefusedEntry[];
}

/** An entry of an index that was skipped, and why. */
export interface RefusedEntry {
  readonly contentId: ContentId;
  readonly error: JamError;
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

export const INDEX_FORMAT = "index:1.0";
export const PRODUCTS_FORMAT = "products:1.0";
/** The datatype that Juju looks for; the same index may contain others (images). */
export const DOWNLOAD_DATATYPE = "content-download";

const MAX_PRODUCTS = 200_000;
/** Real ones have some dozen entries. */
const MAX_ENTRIES = 10_000;

/**
 * The index in a text. An invalid entry is skipped; the others are used.
 * @param file how messages name the document
 * @throws JamError JAM_METADATA_MALFORMED, JAM_METADATA_TOO_LARGE, JAM_UPSTREAM_NOT_SIMPLESTREAMS
 */
export function parseIndexFile(text: string, file: string): IndexFile {
  const document = parseJsonObject(text, file);
  requireFormat(document, INDEX_FORMAT, file, text);
  const index = document["index"];
  if (!isJsonObject(index)) throw malformed(file, ["index"], "must be an object");
  const entries = new Map<ContentId, IndexEntry>();
  const refused: RefusedEntry[] = [];
  let products = 0;
  const listed = Object.entries(index);
  if (listed.length > MAX_ENTRIES) throw tooLarge(file, `lists more than ${MAX_ENTRIES} content ids`, {});
  for (const [contentId, value] of listed) {
    const entry = readEntry(contentId, value, file);
    if ("error" in entry) {
      refused.push(entry);
      continue;
    }
    products += entry.products.length;
    if (products > MAX_PRODUCTS) throw tooLarge(file, `lists more than ${MAX_PRODUCTS} products`, {});
    entries.set(contentId, entry);
  }
  return { updatedAt: parseUpdated(document["updated"]), entries, refused };
}

function readEntry(contentId: ContentId, value: unknown, file: string): IndexEntry | RefusedEntry {
  try {
    return parseEntry(contentId, value, file);
  } catch (error) {
    if (!isJamError(error, "JAM_METADATA_MALFORMED")) throw error;
    return { contentId, error };
  }
}

/**
 * The document of an index; entries without their own time get that of the index.
 * Source: juju environs/tools/marshal.go marshalToolsMetadataIndexJSON.
 */
export function formatIndexFile(index: Pick<IndexFile, "entries"> & { readonly updatedAt: Date }): string {
  const entries = [...index.entries.values()].map((entry) => [
    entry.contentId,
    {
      datatype: entry.datatype,
      format: entry.format,
      path: entry.path,
      products: [...entry.products].sort(),
      updated: formatUpdated(entry.updatedAt ?? index.updatedAt),
    },
  ]);
  return formatStableJson({
    format: INDEX_FORMAT,
    index: Object.fromEntries(entries) as JsonObject,
    updated: formatUpdated(index.updatedAt),
  });
}

/**
 * Checks a document's `format`. A document without any is not simplestreams at all (an API's error, for example).
 * @throws JamError JAM_METADATA_MALFORMED, JAM_UPSTREAM_NOT_SIMPLESTREAMS
 */
export function requireFormat(document: JsonObject, expected: string, file: string, text: string): void {
  const format = document["format"];
  if (format === expected) return;
  if (format === undefined) throw notSimplestreams(file, text);
  const found = typeof format === "string" ? `"${printable(format, 40)}"` : typeof format;
  throw malformed(file, ["format"], `must be "${expected}", found ${found}`);
}

function parseEntry(contentId: ContentId, value: unknown, file: string): IndexEntry {
  const at = ["index", contentId];
  if (!isJsonObject(value)) throw malformed(file, at, "must be an object");
  const path = requireText(value["path"], file, [...at, "path"]);
  const fault = pathFault(path);
  if (fault !== undefined) throw malformed(file, [...at, "path"], `"${printable(path)}": ${fault}`);
  return {
    contentId,
    datatype: requireText(value["datatype"], file, [...at, "datatype"]),
    format:
      value["format"] === undefined ? PRODUCTS_FORMAT : requireText(value["format"], file, [...at, "format"]),
    path,
    products: parseProducts(value["products"], file, [...at, "products"]),
    updatedAt: parseUpdated(value["updated"]),
  };
}

function parseProducts(value: unknown, file: string, at: JsonPath): readonly ProductId[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw malformed(file, at, "must be a list");
  return value.map((id, index) => requireText(id, file, [...at, index]));
}

function requireText(value: unknown, file: string, at: JsonPath): string {
  if (typeof value === "string") return value;
  throw malformed(file, at, value === undefined ? "is missing" : `must be a string, found ${typeof value}`);
}
