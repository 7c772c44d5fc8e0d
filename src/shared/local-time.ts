/**
 * A time for people, in all text that jam prints: ISO 8601 with the offset of this machine's time zone, `2026-11-29T07:15:27-05:00`.
 * Documents (JSON, YAML, what is kept or carried) have UTC with a `Z`.
 */
export function formatLocalTime(time: Date | string): string {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return String(time);
  const ahead = -date.getTimezoneOffset();
  const local = new Date(date.getTime() + ahead * 60_000).toISOString().slice(0, 19);
  const minutes = Math.abs(ahead);
  return `${local}${ahead < 0 ? "-" : "+"}${twoDigits(minutes / 60)}:${twoDigits(minutes % 60)}`;
}

/** The day of a time for people, in the time zone of this machine: `2026-11-29`. */
export function formatLocalDay(time: Date | string): string {
  return formatLocalTime(time).slice(0, 10);
}

function twoDigits(value: number): string {
  return String(Math.floor(value)).padStart(2, "0");
}
