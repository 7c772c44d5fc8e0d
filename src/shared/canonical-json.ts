import { compareTexts } from "./collections.ts";

/**
 * The one text of a JSON value: keys in ascending order, no white space. Two values are equal exactly when their texts are,
 * so that a hash of it identifies the value. For values without undefined, as `JSON.parse` returns them.
 * Source: RFC 8785, for texts, whole numbers, booleans, null, lists and objects.
 */
export function canonicalJson(value: unknown): string {
  const keys = keysOf(value, new Set());
  // Four times as fast. `stringify` looks for each of these keys in each object, and finds this one in every object.
  if (keys.size <= MAX_LISTED_KEYS && !keys.has("__proto__")) return JSON.stringify(value, [...keys].sort());
  return inOrder(value);
}

/** More keys than any of our own documents has, whose keys are names of fields. */
const MAX_LISTED_KEYS = 64;

/** The keys of all objects in a value; stops soon after there are too many. */
function keysOf(value: unknown, keys: Set<string>): Set<string> {
  if (typeof value !== "object" || value === null || keys.size > MAX_LISTED_KEYS) return keys;
  if (Array.isArray(value)) {
    for (const inner of value) keysOf(inner, keys);
    return keys;
  }
  for (const [key, inner] of Object.entries(value)) {
    keys.add(key);
    if (typeof inner === "object") keysOf(inner, keys);
  }
  return keys;
}

function inOrder(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inOrder).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const fields = Object.entries(value)
    .sort(([a], [b]) => compareTexts(a, b))
    .map(([key, inner]) => `${JSON.stringify(key)}:${inOrder(inner)}`);
  return `{${fields.join(",")}}`;
}
