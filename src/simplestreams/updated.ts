const RFC_1123 =
  /^(?:[A-Z][a-z]{2}, )?\d{1,2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}(?::\d{2})? (?:[+-]\d{4}|GMT|UTC)$/;
const ISO_8601 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})$/;

/** The time that an `updated` field names, or undefined if it is not a full date with time and zone. */
export function parseUpdated(value: unknown): Date | undefined {
  if (typeof value !== "string" || !(RFC_1123.test(value) || ISO_8601.test(value))) return undefined;
  const date = new Date(value);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

/** `Mon, 23 Nov 2026 10:54:46 +0000`, as upstream writes it (Go's RFC1123Z); parts of a second are dropped. */
export function formatUpdated(date: Date): string {
  return date.toUTCString().replace(/GMT$/, "+0000");
}
