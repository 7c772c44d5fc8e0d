import { markdownText } from "../../shared/markup.ts";
import type { PlanHop } from "../../upgrade/plan/plan-document.ts";
import type { PlanProcedure } from "../../upgrade/plan/procedure-document.ts";

type Step = PlanProcedure["before"][number];

/** What comes before the commands of a hop, with boxes to tick. */
export function preparationSections({ procedure, companions = [], registry = [] }: PlanHop): string[] {
  if (procedure === undefined) return [];
  return [
    ...(companions.length === 0
      ? []
      : ["### Inside the gap as well", companions.map(companionItem).join("\n")]),
    ...(registry.length === 0
      ? []
      : [
          "### The registry",
          registry
            .map(
              ({ severity, note, remedy = "" }) =>
                `- ${severity === "stops" ? "**stops**: " : ""}${markdownText(`${note} ${remedy}`.trim())}`,
            )
            .join("\n"),
        ]),
    ...steps("### Before", procedure.before),
    ...steps("### Client", procedure.client),
  ];
}

/** What comes after the commands of a hop. */
export function aftermathSections({ procedure }: PlanHop): string[] {
  if (procedure === undefined) return [];
  const failures = procedure.ifItFails.map((one) =>
    item(`**${markdownText(one.symptom)}**: ${markdownText(one.text)}`, one.commands),
  );
  return [
    ...steps("### Watch", procedure.watch),
    ...steps("### Verify", procedure.verify),
    ...(failures.length === 0 ? [] : ["### If it fails", failures.join("\n")]),
    ...(procedure.wayBack.length === 0
      ? []
      : [
          "### Way back",
          procedure.wayBack
            .map((one) => item(`**${markdownText(one.title)}**: ${markdownText(one.text)}`, one.commands))
            .join("\n"),
        ]),
  ];
}

function companionItem({
  what,
  need,
  note,
  later,
  fetch,
  flags,
  settings,
}: NonNullable<PlanHop["companions"]>[number]): string {
  const mark = need === "always" ? "" : " (where used)";
  const commands = [...fetch, ...(flags.length === 0 ? [] : [flags.join(" ")]), ...settings];
  return item(`[ ] **${markdownText(what)}**${mark}: ${markdownText(`${note} ${later}`.trim())}`, commands);
}

function steps(heading: string, all: readonly Step[]): string[] {
  if (all.length === 0) return [];
  return [
    heading,
    all
      .map((one) => item(`[ ] **${markdownText(one.title)}**: ${markdownText(one.text)}`, one.commands))
      .join("\n"),
  ];
}

function item(words: string, commands: readonly string[]): string {
  if (commands.length === 0) return `- ${words}`;
  return [`- ${words}`, "", "  ```sh", ...commands.map((command) => `  ${command}`), "  ```", ""].join("\n");
}
