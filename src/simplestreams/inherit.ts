import { isJsonObject, type JsonObject } from "./json-text.ts";

/** The fields of an item that may stand on a level above it. */
export const ITEM_FIELDS = ["version", "release", "arch", "path", "size", "sha256", "md5", "ftype"] as const;

/** What one level says of its items. Values are unchecked. */
export type ItemFields = Readonly<Partial<Record<(typeof ITEM_FIELDS)[number], unknown>>>;

/**
 * The fields of one level, completed from the level above: what is absent or "" is inherited.
 *
 * Juju inherits `arch`, `release` and `version` from product and date only; the simplestreams tools inherit every
 * field from every level, and publish documents with common fields moved up. Taking the nearest value of any field
 * agrees with both wherever they find one.
 * Source: juju environs/simplestreams inherit; simplestreams util.py products_exdata, products_condense.
 */
export function inheritFields(level: JsonObject, above: ItemFields, aliases: Aliases): ItemFields {
  const own = applyAliases(level, aliases);
  const fields: Partial<Record<(typeof ITEM_FIELDS)[number], unknown>> = {};
  for (const name of ITEM_FIELDS) {
    const value = own[name];
    fields[name] = value === undefined || value === "" ? above[name] : value;
  }
  return fields;
}

/** What the values of one field stand for. */
interface Alias {
  /** Its place in the document: of two that say the same field the later one counts. */
  readonly rank: number;
  /** Value → the fields of an item that it stands for. */
  readonly meanings: ReadonlyMap<string, JsonObject>;
}

/** `_aliases` by field name. */
export type Aliases = ReadonlyMap<string, Alias>;

/** The aliases of a document; entries of another shape mean nothing to Juju either and are left out. */
export function readAliases(document: JsonObject): Aliases {
  const aliases = new Map<string, Alias>();
  for (const [field, values] of entriesOf(document["_aliases"])) {
    const meanings = new Map<string, JsonObject>();
    for (const [value, meaning] of entriesOf(values)) {
      if (isJsonObject(meaning)) meanings.set(value, itemFieldsOf(meaning));
    }
    if (meanings.size > 0) aliases.set(field, { rank: aliases.size, meanings });
  }
  return aliases;
}

/** Without the fields that no item has: a level that uses an alias is copied with all that it stands for. */
function itemFieldsOf(meaning: JsonObject): JsonObject {
  return Object.fromEntries(
    ITEM_FIELDS.filter((name) => Object.hasOwn(meaning, name)).map((name) => [name, meaning[name]]),
  );
}

/**
 * The level with its aliased fields written out; an alias overrides what stands beside it.
 * Source: juju environs/simplestreams processAliases; simplestreams util.py expand_data.
 */
function applyAliases(level: JsonObject, aliases: Aliases): JsonObject {
  if (aliases.size === 0) return level;
  const used: { readonly rank: number; readonly meaning: JsonObject }[] = [];
  // By the level's fields, of which there are few, and not by the document's aliases.
  for (const [field, value] of Object.entries(level)) {
    const alias = aliases.get(field);
    const meaning = typeof value === "string" ? alias?.meanings.get(value) : undefined;
    if (alias !== undefined && meaning !== undefined) used.push({ rank: alias.rank, meaning });
  }
  used.sort((a, b) => a.rank - b.rank);
  return used.reduce((expanded, { meaning }) => ({ ...expanded, ...meaning }), level);
}

function entriesOf(value: unknown): [string, unknown][] {
  return isJsonObject(value) ? Object.entries(value) : [];
}
