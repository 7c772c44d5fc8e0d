/**
 * The one text of a JSON value: keys in ascending order, no white space. Two values are equal exactly when their texts are,
 * so that a hash of it identifies the value. For values without undefined, as `JSON.parse` returns them.
 * Source: RFC 8785, for texts, whole numbers, booleans, null, lists and objects.
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const fields = Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([key, inner]) => `${JSON.stringify(key)}:${canonicalJson(inner)}`);
  return `{${fields.join(",")}}`;
}
