/**
 * A JSON document whose bytes depend on its content only: keys sorted, one blank of indent, one line feed at the end.
 * Short lines matter: gpg refuses signed lines above 20 000 characters.
 */
export function formatStableJson(value: unknown): string {
  return `${JSON.stringify(value, sortKeys, 1)}\n`;
}

function sortKeys(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
