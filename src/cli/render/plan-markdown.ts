import { formatAgentName } from "../../juju/agent.ts";
import { formatByteSize } from "../../shared/byte-size.ts";
import { formatCount } from "../../shared/listed.ts";
import { markdownCode, markdownLink, markdownText } from "../../shared/markup.ts";
import type { PlanDocument, PlanHop } from "../../upgrade/plan/plan-document.ts";
import type { PlanProcedure } from "../../upgrade/plan/procedure-document.ts";
import { formatLocalDay } from "../../shared/local-time.ts";

/** The plan as Markdown for a change ticket, with boxes to tick. */
export function formatPlanMarkdown(plan: PlanDocument): string {
  const [first] = plan.hops;
  const last = plan.hops.at(-1);
  const isFleet = plan.controllers.some(({ name }) => name !== undefined);
  const title =
    isFleet || first === undefined || last === undefined
      ? "Upgrade of the Juju fleet"
      : `Upgrade of Juju ${first.from} to ${last.to}`;
  const { totals } = plan;
  const sections = [
    `# ${title}`,
    `Planned by jam on ${formatLocalDay(plan.createdAt)} from stream ${markdownCode(plan.stream)}: ${formatCount(plan.hops.length, "hop")}, ${formatCount(totals.agents, "agent")}, ${formatByteSize(totals.bytes)}; ${totals.held} held, ${totals.upstream} to fetch, ${totals.missing} missing.`,
  ];
  if (isFleet) sections.push(controllersTable(plan));
  if (plan.warnings.length > 0)
    sections.push(plan.warnings.map((warning) => `> ${markdownText(warning)}`).join("\n>\n"));
  plan.hops.forEach((hop, index) => sections.push(...hopSections(hop, index + 1)));
  if (plan.images.length > 0) {
    sections.push(
      "## Container images",
      plan.images.map((image) => `- [ ] ${markdownCode(image)}`).join("\n"),
    );
  }
  return `${sections.join("\n\n")}\n`;
}

function controllersTable({ controllers }: PlanDocument): string {
  const outcome = {
    hops: "planned",
    there: "nothing to do",
    above: "already runs a later version",
    none: "no upgrade path",
  };
  return table(
    ["Controller", "From", "To", "Outcome"],
    controllers.map((one) => [
      one.name ?? "",
      one.from,
      one.to ?? "",
      one.reason === undefined ? outcome[one.outcome] : `${outcome[one.outcome]}: ${one.reason}`,
    ]),
  );
}

function hopSections(hop: PlanHop, number: number): string[] {
  const where = hop.controller === undefined ? "" : `${markdownText(hop.controller)}: `;
  const how = hop.how === "migrate" ? "new controller and migration" : "in place";
  const sections = [`## ${number}. ${where}${hop.from} → ${hop.to} (${how})`];
  const minimum = hop.minimum === undefined ? "" : ` Lowest version for this hop: ${hop.minimum}.`;
  sections.push(`${hop.because}${minimum} Client: juju ${hop.client}.`);
  if (hop.models.length > 0) {
    const rows = hop.models.map(({ name, type, from }) => [name, type, from]);
    sections.push(table(["Model", "Type", "From"], rows));
  }
  for (const { severity, reason, link } of hop.advice) {
    sections.push(
      `> **${severity}**: ${markdownText(reason)}${link === undefined ? "" : ` ${markdownLink(link)}`}`,
    );
  }
  const checks = hop.checks.filter(({ state }) => state !== "clear");
  if (checks.length > 0) {
    const lines = checks.map(({ state, fact, remedy, where: places, uncertain, look }) => {
      const mark = uncertain === true ? "maybe" : "found";
      const found = state === "found" ? `**${mark}** (${places.map(markdownText).join("; ")}): ` : "";
      const how = state === "look" && look !== undefined ? ` Check: ${markdownCode(look)}` : "";
      return `- [ ] ${found}${markdownText(fact)} ${markdownText(remedy)}${how}`;
    });
    sections.push("### Check first", lines.join("\n"));
  }
  sections.push(...preparationSections(hop));
  sections.push("### Do", ["```sh", ...hop.steps.map(({ command }) => command), "```"].join("\n"));
  sections.push(...aftermathSections(hop));
  if (hop.agents.length > 0) {
    const rows = hop.agents.map((agent) => [
      formatAgentName(agent),
      agent.purpose,
      agent.size === null ? "" : formatByteSize(agent.size),
      agent.state,
    ]);
    sections.push(table(["Agent", "For", "Size", "State"], rows));
  }
  return sections;
}

function line(cells: readonly string[]): string {
  return `| ${cells.map(markdownText).join(" | ")} |`;
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  return [line(heads), `|${heads.map(() => "---").join("|")}|`, ...rows.map(line)].join("\n");
}

type Step = PlanProcedure["before"][number];

/** The preparation of a hop, with boxes to tick. */
export function preparationSections({ procedure, companions = [], registry = [] }: PlanHop): string[] {
  if (procedure === undefined) return [];
  return [
    ...(companions.length === 0
      ? []
      : ["### Also needed inside the air gap", companions.map(companionItem).join("\n")]),
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

/** The sections after the commands of a hop. */
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
  const mark = need === "always" ? "" : " (if used)";
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
