import { printable } from "../../shared/printable.ts";
import type { PlanHop } from "../../upgrade/plan/plan-document.ts";
import type { PlanCompanion, PlanProcedure } from "../../upgrade/plan/procedure-document.ts";
import type { Paint } from "../output/output.ts";
import { wrapText } from "../output/text.ts";

type Step = PlanProcedure["before"][number];

/** Preparations with a line of their own; the others are listed together. */
const WITH_COMMAND = new Set(["healthy", "backup", "agents-from-here", "target-knows", "dry-run"]);

/** The preparation of a hop: the main steps with their first command, the others by name. */
export function preparationLines({ procedure }: PlanHop): string[] {
  if (procedure === undefined || procedure.before.length === 0) return [];
  const others = procedure.before.filter(({ id }) => !WITH_COMMAND.has(id)).map(({ title }) => title);
  return [
    "   Before:",
    ...procedure.before.filter(({ id }) => WITH_COMMAND.has(id)).map(shortStep),
    ...(others.length === 0 ? [] : [`     and: ${others.join("; ")}`]),
  ];
}

function shortStep({ title, commands }: Step): string {
  const [first] = commands;
  if (first === undefined) return `     ${title}`;
  return `     ${title.padEnd(24)} ${first}${commands.length > 1 ? ` (+${commands.length - 1})` : ""}`;
}

/** The commands of a hop; a long one without quoting is split over several lines that can be pasted as they are. */
export function doLines({ steps }: PlanHop): string[] {
  return ["   Do:", ...steps.flatMap(({ command }) => breakCommand(command))];
}

function breakCommand(command: string): string[] {
  if (command.length <= 100 || /['"\\#]/.test(command)) return [`     ${command}`];
  const parts = command.split(/ (?=--(?:config|controller-charm-path|db-snap) )/);
  return parts.map((part, index) =>
    index === 0 ? `     ${part} \\` : `       ${part}${index < parts.length - 1 ? " \\" : ""}`,
  );
}

/** Watching, the way back, and what else is needed inside the air gap, one line each. */
export function aftermathLines(hop: PlanHop, paint: Paint): string[] {
  const { procedure, companions = [], registry = [] } = hop;
  const watch = procedure?.watch.flatMap(({ commands }) => commands)[0];
  const back = procedure?.wayBack.map(({ title }) => title).join("; ") ?? "";
  const stops = registry.filter(({ severity }) => severity === "stops");
  return [
    ...(watch === undefined ? [] : [`   Watch:    ${watch}`]),
    ...(back === "" ? [] : [`   Way back: ${shown(back)}`]),
    ...companionLines(companions),
    ...stops.flatMap(({ note }) => wrapText(`${paint("yellow", "registry")}: ${note}`, "   ")),
  ];
}

function companionLines(companions: readonly PlanCompanion[]): string[] {
  const files = companions.flatMap((one) => one.files);
  const settings = companions.filter(({ isInCommand, flags }) => !isInCommand && flags.length > 0);
  const named = companions.filter((one) => one.isInCommand && one.files.length === 0 && one.id !== "agents");
  if (files.length + settings.length + named.length === 0) return [];
  const width = Math.max(0, ...settings.map(({ flags }) => (flags[0] ?? "").length));
  return [
    "   Also needed inside the air gap:",
    ...(files.length === 0 ? [] : [`     ${files.join(", ")}`]),
    ...named.map(({ what }) => `     ${what}`),
    ...settings.map(({ what, flags }) => `     ${(flags[0] ?? "").padEnd(width)}  ${what}`),
  ];
}

/** The whole procedure of a hop with its reasons, for `--procedure`. */
export function procedureLines(hop: PlanHop, paint: Paint): string[] {
  const { procedure, companions = [], registry = [] } = hop;
  if (procedure === undefined) return [];
  return [
    ...section("Before", procedure.before, paint),
    ...section("Client", procedure.client, paint),
    ...section("Do", procedure.do, paint),
    ...section("Watch", procedure.watch, paint),
    ...section("Verify", procedure.verify, paint),
    ...failures(procedure.ifItFails, paint),
    ...section("Way back", procedure.wayBack, paint),
    ...(companions.length === 0 ? [] : ["", `   ${paint("bold", "Also needed inside the air gap")}`]),
    ...companions.flatMap((companion) => wholeCompanion(companion, paint)),
    ...(registry.length === 0 ? [] : ["", `   ${paint("bold", "The registry")}`]),
    ...registry.flatMap(({ severity, note, remedy = "" }) =>
      wrapText(
        `${severity === "stops" ? paint("yellow", "stops") : "note"}: ${note} ${remedy}`.trimEnd(),
        "     ",
      ),
    ),
  ];
}

function section(heading: string, steps: readonly Step[], paint: Paint): string[] {
  if (steps.length === 0) return [];
  const lines = steps.flatMap(({ title, text, commands }) => [
    ...wrapText(`${shown(title)}: ${shown(text)}`, "     "),
    ...commandLines(commands, paint),
  ]);
  return ["", `   ${paint("bold", heading)}`, ...lines];
}

function failures(all: PlanProcedure["ifItFails"], paint: Paint): string[] {
  if (all.length === 0) return [];
  const lines = all.flatMap(({ symptom, text, commands }) => [
    ...wrapText(paint("yellow", shown(symptom)), "     "),
    ...wrapText(shown(text), "       "),
    ...commandLines(commands, paint),
  ]);
  return ["", `   ${paint("bold", "If it fails")}`, ...lines];
}

function wholeCompanion(
  { what, need, fetch, flags, settings, later, note, isInCommand }: PlanCompanion,
  paint: Paint,
): string[] {
  const mark = need === "always" ? "" : " (if used)";
  return [
    ...wrapText(`${what}${mark}: ${shown(note)} ${later}`, "     "),
    ...commandLines(fetch, paint),
    ...(flags.length === 0
      ? []
      : [`         ${paint("cyan", flags.join(" "))}${isInCommand ? "    (in the command)" : ""}`]),
    ...commandLines(settings, paint),
  ];
}

function commandLines(commands: readonly string[], paint: Paint): string[] {
  return commands.map((command) => `         ${paint("cyan", command)}`);
}

/** Titles and texts contain names of controllers and models. */
function shown(text: string): string {
  return printable(text, Infinity);
}
