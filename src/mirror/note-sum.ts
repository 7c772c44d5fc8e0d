import { sha256Of } from "../shared/sha256.ts";

/** The last field of a note or report: it shows whether the others are what was written. */
const SUM = "sum";

/** Enough to tell that a disk changed something; nobody is kept from writing another note with another sum. */
const SUM_DIGITS = 16;

/** The note with its sum. `name` is that of its file: a note in the place of another one is not what was written there. */
export function withSum<T extends object>(name: string, note: T): T & { readonly sum: string } {
  return { ...note, [SUM]: sumOf(name, note) };
}

/** What is wrong with the bytes of a note or report, for people; undefined where nothing is. */
export function findNoteFault(
  name: string,
  bytes: Uint8Array,
  { needsFormat }: { readonly needsFormat: boolean },
): string | undefined {
  let note: unknown;
  try {
    note = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return "it is not JSON";
  }
  // The oldest notes of some kinds were lists.
  if (Array.isArray(note)) return undefined;
  if (typeof note !== "object" || note === null) return "it is not an object";
  const { [SUM]: sum, ...rest } = note as Record<string, unknown>;
  if (sum !== undefined)
    return sum === sumOf(name, rest) ? undefined : "it is not what was written: its sum differs";
  // Written by an older jam. The oldest notes had no format either.
  if (needsFormat && "format" in rest && !/^jam-[a-z-]+:\d+$/.test(String(rest["format"])))
    return "it names no format of jam";
  return undefined;
}

function sumOf(name: string, note: object): string {
  return sha256Of(`${name}\n${JSON.stringify(note)}`).slice(0, SUM_DIGITS);
}
