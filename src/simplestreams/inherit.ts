import { isJsonObject, type JsonObject } from "./json-text.ts";

/** The fields of an item that a level above it may contain. */
export const ITEM_FIELDS = ["version", "release", "arch", "path", "size", "sha256", "md5", "ftype"] as const;

/** The fields of items at one level. Values are unchecked. */
export type ItemFields = Readonly<Partial<Record<(typeof ITEM_FIELDS)[number], unknown>>>;

/**
 * The fields of one level, completed from the level above: what is absent or "" is inherited.
 *
 * Juju inherits `arch`, `release` and `version` from product and date only; the simplestreams tools inherit every
 * field from every level, and publish documents with common fields moved up. Using the nearest value of each field
 * agrees with both.
 * Source: juju environs/simplestreams inherit; simplestreams util.py products_exdata, products_condense.
 */
export function inheritFields(level: JsonObject, above: ItemFields, aliases: Aliases): ItemFields {
  const { version, release, arch, path, size, sha256, md5, ftype }: ItemFields = applyAliases(level, aliases);
  // One literal: an object that gets its fields one by one takes ten times as long, and there is one for each item.
  return {
    version: nearer(version, above.version),
    release: nearer(release, above.release),
    arch: nearer(arch, above.arch),
    path: nearer(path, above.path),
    size: nearer(size, above.size),
    sha256: nearer(sha256, above.sha256),
    md5: nearer(md5, above.md5),
    ftype: nearer(ftype, above.ftype),
  };
}

function nearer(own: unknown, above: unknown): unknown {
  return own === undefined || own === "" ? above : own;
}

/** The meanings of the values of one field. */
interface Alias {
  /** Its position in the document: of two for the same field the later one counts. */
  readonly rank: number;
  /** Value → the fields of an item that it expands to. */
  readonly meanings: ReadonlyMap<string, JsonObject>;
}

/** `_aliases` by field name. */
export type Aliases = ReadonlyMap<string, Alias>;

/** The aliases of a document; entries with another structure are skipped, as Juju does. */
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

/** Only fields of items, because a level that uses an alias is copied with all of the alias's fields. */
function itemFieldsOf(meaning: JsonObject): JsonObject {
  return Object.fromEntries(
    ITEM_FIELDS.filter((name) => Object.hasOwn(meaning, name)).map((name) => [name, meaning[name]]),
  );
}

/**
 * The level with its aliases expanded; an alias overrides the other fields of the level.
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
