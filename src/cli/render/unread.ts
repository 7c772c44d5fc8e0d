import { printable } from "../../shared/printable.ts";
import type { FleetUnread } from "../../upgrade/fleet/fleet.ts";
import type { Paint } from "../output/paint.ts";

/** Lines for what could not be read; hundreds of them would hide the rest, so more are counted. */
const MAX_LINES = 20;

/** One line for each part of a fleet's files that could not be read or placed. */
export function renderUnread(unread: readonly Omit<FleetUnread, "kind">[], paint: Paint): string[] {
  const lines = unread.slice(0, MAX_LINES).map(({ file, place, text }) => {
    const where = place === "" || place === file ? file : `${file}, ${place}`;
    return `${paint("red", "not read")}  ${printable(where)}: ${printable(text, 300)}`;
  });
  const more = unread.length - MAX_LINES;
  return more > 0 ? [...lines, `${paint("red", "not read")}  and ${more} more parts`] : lines;
}
