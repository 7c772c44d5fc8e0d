import { printable } from "../../shared/printable.ts";
import type { PlanCheck } from "../../upgrade/plan/plan-document.ts";
import type { Paint } from "../output/paint.ts";

/** Places of one check that are printed; the rest is counted. */
const MAX_PLACES = 8;

/** The checks of a hop for a terminal: what was found in full, what no listing shows in one line each. */
export function renderChecks(checks: readonly PlanCheck[], paint: Paint): string[] {
  const found = checks.filter(({ state }) => state === "found");
  const look = checks.filter(({ state }) => state === "look");
  const lines: string[] = [];
  if (found.length > 0)
    lines.push("", "   In the way:", ...found.flatMap((check) => describeFound(check, paint)));
  if (look.length > 0) {
    const width = Math.max(...look.map(({ id }) => id.length));
    lines.push("", "   Look yourself, as no file shows it:");
    lines.push(...look.map((check) => `     ${check.id.padEnd(width)}  ${howToLook(check)}`));
  }
  return lines;
}

function describeFound({ fact, remedy, where, uncertain }: PlanCheck, paint: Paint): string[] {
  const mark = uncertain === true ? paint("yellow", "SIGN ") : paint("red", "FOUND");
  return [
    `     ${mark}  ${shown(fact)}`,
    ...firstPlaces(where).map((place) => `            ${shown(place)}`),
    `            ${paint("dim", shown(remedy))}`,
  ];
}

/** The command that shows it; without one, the file that would. */
function howToLook({ look, unknown = [], fact }: PlanCheck): string {
  if (unknown.length > 0) return shown(firstPlaces(unknown, 3).join(", "));
  return look ?? shown(fact);
}

/** The first places and how many more there are. */
export function firstPlaces(places: readonly string[], max = MAX_PLACES): readonly string[] {
  return places.length > max ? [...places.slice(0, max), `and ${places.length - max} more`] : places;
}

function shown(text: string): string {
  return printable(text, Infinity);
}
