import type { Command } from "commander";
import { EXIT_STATUSES } from "../../src/cli/exit-status.ts";
import { EXAMPLES, HELP_TOPICS } from "../../src/cli/help-topics.ts";
import { ERROR_OUTCOMES } from "../../src/shared/errors.ts";
import { optionItem } from "./command-pages.ts";
import { parseHelpText } from "./help-text.ts";
import { formatBlocks, formatPage, reference, type ManPage, type PageFrame } from "./page.ts";
import { bold, escapeRoff, item, markup, paragraph, subsection } from "./roff.ts";

/** jam(1): every command, the options of all of them, exit statuses, variables and files. */
export function overviewPage(program: Command, frame: PageFrame): ManPage {
  const help = program.createHelp();
  const commands = help.visibleCommands(program).filter((command) => command.name() !== "help");
  return formatPage(
    {
      name: "jam",
      number: 1,
      summary: "mirror Juju agents, carry them over an air gap and serve them to Juju",
      sections: [
        ["SYNOPSIS", [String.raw`${bold("jam")} \fICOMMAND\fR [\fIOPTIONS\fR]`]],
        ["DESCRIPTION", paragraph(markup(program.description()))],
        ["COMMANDS", commandItems(commands)],
        ["GLOBAL OPTIONS", help.visibleOptions(program).flatMap((option) => optionItem(option, help))],
        ["EXIT STATUS", EXIT_STATUSES.flatMap(([status, meaning]) => statusItem(status, meaning))],
        ["ENVIRONMENT", environment()],
        ["FILES", FILES.flatMap(([path, meaning]) => item(bold(path), markup(meaning)))],
        ["EXAMPLES", formatBlocks(parseHelpText(EXAMPLES).examples)],
      ],
      seeAlso: [...commands.map((command) => `jam-${command.name()}(1)`), "jam.yaml(5)"],
    },
    frame,
  );
}

const FILES = [
  ["./jam.yaml", "The settings, without --config and JAM_CONFIG."],
  ["/etc/jam/jam.yaml", "The settings where there is no ./jam.yaml."],
  ["./mirror-data", "The data directory, without --data and without `data` in the settings."],
  ["~/.cache/jam", "A cache that makes jam start faster. It can be deleted."],
] as const;

/** The commands under the headings of the help. */
function commandItems(commands: readonly Command[]): string[] {
  const groups = Map.groupBy(commands, (command) => command.helpGroup());
  return [...groups].flatMap(([heading, members]) =>
    subsection(
      escapeRoff(heading.replace(/:$/, "")),
      members.flatMap((command) => item(reference(`jam-${command.name()}(1)`), markup(command.summary()))),
    ),
  );
}

/** What a status means, and the errors that end with it. */
function statusItem(status: number, meaning: string): string[] {
  const codes = Object.entries(ERROR_OUTCOMES).flatMap(([code, { exit }]) => (exit === status ? [code] : []));
  const errors = codes.length === 0 ? "" : ` Errors: ${codes.join(", ")}.`;
  return item(bold(String(status)), `${escapeRoff(meaning)}.${escapeRoff(errors)}`);
}

/** The topic of the help, with its list of variables filled. */
function environment(): string[] {
  const { description } = parseHelpText((HELP_TOPICS["environment"] ?? "").replace(/^.*\n/, ""));
  return formatBlocks(
    description.map((block) =>
      block.kind === "literal" ? { kind: "text", text: block.lines.join(" ") } : block,
    ),
  );
}
