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

/** `_aliases`: field name → value → fields that it stands for. */
export type Aliases = ReadonlyMap<string, ReadonlyMap<string, JsonObject>>;

/** The aliases of a document; entries of another shape mean nothing to Juju either and are left out. */
export function readAliases(document: JsonObject): Aliases {
  const aliases = new Map<string, ReadonlyMap<string, JsonObject>>();
  for (const [field, values] of entriesOf(document["_aliases"])) {
    const meanings = entriesOf(values).filter((entry): entry is [string, JsonObject] =>
      isJsonObject(entry[1]),
    );
    if (meanings.length > 0) aliases.set(field, new Map(meanings));
  }
  return aliases;
}

/**
 * The level with its aliased fields written out; an alias overrides what stands beside it.
 * Source: juju environs/simplestreams processAliases; simplestreams util.py expand_data.
 */
function applyAliases(level: JsonObject, aliases: Aliases): JsonObject {
  if (aliases.size === 0) return level;
  let expanded = level;
  for (const [field, meanings] of aliases) {
    const value = Object.hasOwn(level, field) ? level[field] : undefined;
    const meaning = typeof value === "string" ? meanings.get(value) : undefined;
    if (meaning !== undefined) expanded = { ...expanded, ...meaning };
  }
  return expanded;
}

function entriesOf(value: unknown): [string, unknown][] {
  return isJsonObject(value) ? Object.entries(value) : [];
}
