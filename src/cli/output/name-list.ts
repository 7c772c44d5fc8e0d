import { printable } from "../../shared/printable.ts";

/** So many names are printed before the rest becomes a number. */
const MAX_NAMES = 12;

/** Names in one line, the first dozen of many; `omitted` more are not among them. */
export function shortenNames(names: readonly string[], omitted = 0): string {
  const shown = names.slice(0, MAX_NAMES).map((name) => printable(name));
  const more = names.length - shown.length + omitted;
  return more > 0 ? `${shown.join(", ")} and ${more} more` : shown.join(", ");
}
