/** A time for people: ISO 8601 with the offset of this machine's time zone, `2026-11-29T07:15:27-05:00`. */
export function formatLocalTime(time: Date | string): string {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return String(time);
  const ahead = -date.getTimezoneOffset();
  const local = new Date(date.getTime() + ahead * 60_000).toISOString().slice(0, 19);
  const minutes = Math.abs(ahead);
  return `${local}${ahead < 0 ? "-" : "+"}${twoDigits(minutes / 60)}:${twoDigits(minutes % 60)}`;
}

function twoDigits(value: number): string {
  return String(Math.floor(value)).padStart(2, "0");
}
