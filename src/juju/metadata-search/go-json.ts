import { isJsonObject, type JsonObject } from "../../simplestreams/json-text.ts";

/**
 * Reading JSON as Go's encoding/json does into Juju's types: names without regard to case, the last of equal names
 * counts, null means an absent value, and one value of the wrong type makes the whole document unreadable.
 * Source: Go encoding/json Unmarshal.
 */

/** What makes a document unreadable; the message names the place. */
export class UnreadableJson extends Error {}

/** The document as an object. @throws UnreadableJson */
export function parseGoObject(bytes: Uint8Array): JsonObject {
  let value: unknown;
  try {
    // A byte order mark stays in the text and is an error, as in Go.
    value = JSON.parse(new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes));
  } catch (cause) {
    throw new UnreadableJson(`it is not JSON: ${(cause as Error).message}`, { cause });
  }
  return value === null ? {} : asObject(value, "the document");
}

/** The value of a field, undefined when it is absent or null. */
function fieldOf(object: JsonObject, name: string): unknown {
  let found: unknown;
  for (const [key, value] of Object.entries(object)) {
    if (value !== null && (key === name || key.toLowerCase() === name)) found = value;
  }
  return found;
}

/** A text, empty when it is absent. @throws UnreadableJson */
export function textField(object: JsonObject, name: string, where: string): string {
  const value = fieldOf(object, name);
  if (value === undefined) return "";
  if (typeof value === "string") return value;
  throw new UnreadableJson(`${where}.${name} is ${kindOf(value)}, not a text`);
}

/** Requires fields to be texts where they are present. @throws UnreadableJson */
export function requireTexts(object: JsonObject, names: readonly string[], where: string): void {
  for (const name of names) textField(object, name, where);
}

/** A whole number, 0 when it is absent. @throws UnreadableJson */
export function integerField(object: JsonObject, name: string, where: string): number {
  const value = fieldOf(object, name);
  if (value === undefined) return 0;
  if (typeof value === "number" && Number.isInteger(value)) return value;
  throw new UnreadableJson(`${where}.${name} is ${kindOf(value)}, not a whole number`);
}

/** Name and value of each entry of a map. @throws UnreadableJson */
export function mapField(object: JsonObject, name: string, where: string): readonly [string, JsonObject][] {
  const value = fieldOf(object, name);
  if (value === undefined) return [];
  return Object.entries(asObject(value, `${where}.${name}`)).flatMap(
    ([key, entry]): [string, JsonObject][] =>
      entry === null ? [] : [[key, asObject(entry, `${where}.${name}.${key}`)]],
  );
}

/** The values of a list. @throws UnreadableJson */
export function listField(object: JsonObject, name: string, where: string): readonly unknown[] {
  const value = fieldOf(object, name);
  if (value === undefined) return [];
  if (Array.isArray(value)) return value as readonly unknown[];
  throw new UnreadableJson(`${where}.${name} is ${kindOf(value)}, not a list`);
}

/** A list of objects. @throws UnreadableJson */
export function objectsField(object: JsonObject, name: string, where: string): readonly JsonObject[] {
  return listField(object, name, where).map((value, at) =>
    value === null ? {} : asObject(value, `${where}.${name}[${at}]`),
  );
}

/** Name and objects of each entry of a map of lists. @throws UnreadableJson */
export function mapOfListsField(
  object: JsonObject,
  name: string,
  where: string,
): readonly [string, readonly JsonObject[]][] {
  const value = fieldOf(object, name);
  if (value === undefined) return [];
  const map = asObject(value, `${where}.${name}`);
  return Object.keys(map).map((key) => [key, objectsField({ list: map[key] }, "list", `${where}.${key}`)]);
}

function asObject(value: unknown, where: string): JsonObject {
  if (isJsonObject(value)) return value;
  throw new UnreadableJson(`${where} is ${kindOf(value)}, not an object`);
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (typeof value === "string") return "a text";
  if (typeof value === "number") return Number.isInteger(value) ? "a number" : "a number with a fraction";
  return typeof value === "boolean" ? "true or false" : "an object";
}
