import { printable } from "../../shared/printable.ts";

/** So many names are printed before the rest becomes a number. */
const MAX_NAMES = 12;

/** Names in one line, the first dozen of many. */
export function shortenNames(names: readonly string[]): string {
  const shown = names
    .slice(0, MAX_NAMES)
    .map((name) => printable(name))
    .join(", ");
  return names.length > MAX_NAMES ? `${shown} and ${names.length - MAX_NAMES} more` : shown;
}
