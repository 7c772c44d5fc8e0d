import { printable } from "../../shared/printable.ts";

/** Older files say little about a fleet that people work on. */
const OLD_DAYS = 7;
const DAY_MS = 86_400_000;

/** Files that are named; more are counted. */
const MAX_NAMED = 3;

/** A file with the output of Juju, and when it was written at the earliest that is known. */
export interface DatedFile {
  readonly name: string;
  readonly writtenAt: Date;
}

/**
 * When a listing was written: as its file says, or later where it shows something that happened later. A copy of a file may
 * look younger than it is; nothing in a listing tells that.
 * @param savedAt when the file was last written
 */
export function writtenAt(text: string, savedAt: Date, now: Date): Date {
  if (ageDays(savedAt, now) < OLD_DAYS) return savedAt;
  let latest = savedAt;
  // `since: 26 Nov 2026 15:04:05Z`. Source: juju cmd/juju/common FormatTime
  for (const [, found = ""] of text.matchAll(
    /\bsince["']?: {0,3}["']?(\d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d))/g,
  )) {
    const at = new Date(found.replace(/Z$/, " UTC").replace(/([+-]\d\d):(\d\d)$/, " GMT$1$2"));
    if (at > latest && at <= now) latest = at;
  }
  return latest;
}

/** What to say of files that are so old that the fleet may be another one by now. */
export function noteOldFiles(files: readonly DatedFile[], now: Date): string[] {
  const old = files
    .filter((file) => ageDays(file.writtenAt, now) >= OLD_DAYS)
    .toSorted((a, b) => a.writtenAt.getTime() - b.writtenAt.getTime());
  if (old.length === 0) return [];
  const named = old
    .slice(0, MAX_NAMED)
    .map(
      ({ name, writtenAt: at }) =>
        `${printable(name, 300)} is of ${at.toISOString().slice(0, 10)} (${ageDays(at, now)} days ago)`,
    );
  const more = old.length > MAX_NAMED ? `; and ${old.length - MAX_NAMED} more` : "";
  return [
    `Old: ${named.join("; ")}${more}. What changed in the fleet since then is not known; write it again.`,
  ];
}

function ageDays(at: Date, now: Date): number {
  return Math.floor((now.getTime() - at.getTime()) / DAY_MS);
}
