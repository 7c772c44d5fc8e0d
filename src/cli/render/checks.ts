import { printable } from "../../shared/printable.ts";
import type { PlanCheck } from "../../upgrade/plan/plan-document.ts";
import type { Paint } from "../output/output.ts";

/** Printed places of one check; the rest is counted. */
const MAX_PLACES = 8;

/** The checks of a hop for a terminal: problems in full, checks that no listing decides in one line each. */
export function renderChecks(checks: readonly PlanCheck[], paint: Paint): string[] {
  const found = checks.filter(({ state }) => state === "found");
  const look = checks.filter(({ state }) => state === "look");
  const lines: string[] = [];
  if (found.length > 0)
    lines.push("", "   Problems found:", ...found.flatMap((check) => describeFound(check, paint)));
  const hidden = look.filter(({ unknown = [] }) => unknown.length > 0);
  if (hidden.length > 0) lines.push("", "   Not known from the files:");
  for (const [places, few] of Map.groupBy(hidden, ({ unknown = [] }) => firstPlaces(unknown, 3).join(", "))) {
    lines.push(`     ${shown(places)}: ${few.map(({ id }) => id).join(", ")}`);
  }
  const open = look.filter((check) => !hidden.includes(check));
  if (open.length > 0) {
    const width = Math.max(...open.map(({ id }) => id.length));
    lines.push("", "   Check yourself, no file shows it:");
    lines.push(...open.map(({ id, look: how, fact }) => `     ${id.padEnd(width)}  ${how ?? shown(fact)}`));
  }
  return lines;
}

function describeFound({ fact, remedy, where, uncertain }: PlanCheck, paint: Paint): string[] {
  const mark = uncertain === true ? paint("yellow", "MAYBE") : paint("red", "FOUND");
  return [
    `     ${mark}  ${shown(fact)}`,
    ...firstPlaces(where).map((place) => `            ${shown(place)}`),
    `            ${paint("dim", shown(remedy))}`,
  ];
}

/** The first places and how many more there are. */
export function firstPlaces(places: readonly string[], max = MAX_PLACES): readonly string[] {
  return places.length > max ? [...places.slice(0, max), `and ${places.length - max} more`] : places;
}

function shown(text: string): string {
  return printable(text, Infinity);
}
