import type { FleetSource, FleetUnread } from "./fleet.ts";

/** Files and parts that are named; more are counted. */
const MAX_NAMED = 10;

/** What people have to know of files that were not read, or not whole. */
export function noteFiles(sources: readonly FleetSource[], unread: readonly FleetUnread[]): string[] {
  const notes: string[] = [];
  const leftOut = sources.filter(({ outcome }) => outcome === "left-out");
  if (leftOut.length > 0) {
    notes.push(`Left out: ${few(leftOut.map(({ file, told }) => `${file} ${told}`))}.`);
  }
  const whole = sources.filter(({ outcome }) => outcome === "unread");
  for (const { file, document, told, next } of whole.slice(0, MAX_NAMED)) {
    const place = document === undefined ? file : `${file}, document ${document}`;
    notes.push(`Not read, so that what it would tell is missing: ${place} ${told}. ${next ?? ""}`.trimEnd());
  }
  if (whole.length > MAX_NAMED) {
    notes.push(`Not read: ${whole.length - MAX_NAMED} more, which --explain-files lists.`);
  }
  for (const [file, parts] of Map.groupBy(
    unread.filter(({ kind }) => kind === "part"),
    (one) => one.file,
  )) {
    const named = parts.map(({ place }) => place);
    notes.push(
      `${file}: ${parts.length === 1 ? "a part" : `${parts.length} parts`} could not be read: ${few(named)}.`,
    );
  }
  return notes;
}

function few(names: readonly string[]): string {
  if (names.length <= MAX_NAMED) return names.join("; ");
  return `${names.slice(0, MAX_NAMED).join("; ")}; and ${names.length - MAX_NAMED} more, which --explain-files lists`;
}
