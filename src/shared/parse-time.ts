/**
 * Milliseconds since 1970 of a time as people type it: `2026-11-30`, `2026-11-30T14:00` (local time), `2026-11-30T14:00Z`.
 * Undefined for anything else.
 */
export function parseTime(text: string): number | undefined {
  const at = new Date(text).getTime();
  return Number.isNaN(at) || !/^\d{4}-\d{2}/.test(text) ? undefined : at;
}
