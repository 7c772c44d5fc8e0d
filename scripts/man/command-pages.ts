import type { EventEmitter } from "node:events";
import type { Command, Help, Option } from "commander";
import { parseHelpText, type HelpSections } from "./help-text.ts";
import { formatBlocks, formatPage, reference, type ManPage, type PageFrame } from "./page.ts";
import { bold, escapeRoff, item, markup, paragraph, subsection, synopsis } from "./roff.ts";

/** The page of a command; one that has sub-commands describes each of them. */
export function commandPage(command: Command, others: readonly string[], frame: PageFrame): ManPage {
  const name = `jam-${command.name()}`;
  const help = command.createHelp();
  const { description, exitStatus, examples } = textAfterHelp(command);
  const subcommands = help.visibleCommands(command);
  return formatPage(
    {
      name,
      number: 1,
      summary: command.summary(),
      sections: [
        ["SYNOPSIS", synopsisLines(subcommands.length === 0 ? [command] : subcommands)],
        ["DESCRIPTION", [...paragraph(markup(command.description())), ...formatBlocks(description)]],
        ["ARGUMENTS", argumentItems(command, help)],
        ["OPTIONS", optionItems(command, help, globalNote())],
        ["COMMANDS", subcommands.flatMap((one) => describeSubcommand(one, help))],
        ["EXIT STATUS", [...formatBlocks(exitStatus), ...exitStatusNote()]],
        ["EXAMPLES", formatBlocks(examples)],
      ],
      seeAlso: ["jam(1)", ...others.filter((other) => other !== `${name}(1)`), "jam.yaml(5)"],
    },
    frame,
  );
}

/** The free text that commander prints after the options; it has no other way to ask for it. */
export function textAfterHelp(command: Command): HelpSections {
  let text = "";
  const write = (part: string) => {
    text += part;
  };
  // Commander's types do not say that a command is an emitter; its documentation does.
  (command as Command & Pick<EventEmitter, "emit">).emit("afterHelp", { error: false, command, write });
  return parseHelpText(text);
}

function synopsisLines(commands: readonly Command[]): string[] {
  return commands.flatMap((command, at) => [...(at === 0 ? [] : [".br"]), call(command)]);
}

/** `jam bundle create [options]`, as it is typed. */
function call(command: Command): string {
  const names: string[] = [];
  for (let one: Command | null = command; one !== null; one = one.parent) names.unshift(one.name());
  return `${bold(names.join(" "))} ${synopsis(command.usage())}`.trim();
}

function argumentItems(command: Command, help: Help): string[] {
  return help
    .visibleArguments(command)
    .flatMap((argument) =>
      item(synopsis(`<${help.argumentTerm(argument)}>`), markup(help.argumentDescription(argument))),
    );
}

/** The options, those of the help's own headings after the others. */
function optionItems(command: Command, help: Help, note: readonly string[] = []): string[] {
  const options = help.visibleOptions(command);
  const plain = options.filter(({ helpGroupHeading }) => helpGroupHeading === undefined);
  const groups = Map.groupBy(
    options.filter((option) => !plain.includes(option)),
    ({ helpGroupHeading = "" }) => helpGroupHeading,
  );
  return [
    ...plain.flatMap((option) => optionItem(option, help)),
    ...note,
    ...[...groups].flatMap(([heading, members]) =>
      subsection(
        escapeRoff(heading.replace(/:$/, "")),
        members.flatMap((option) => optionItem(option, help)),
      ),
    ),
  ];
}

/** One option. */
export function optionItem(option: Option, help: Help): string[] {
  return item(synopsis(help.optionTerm(option)), markup(help.optionDescription(option)));
}

function describeSubcommand(command: Command, help: Help): string[] {
  const { description, exitStatus, examples } = textAfterHelp(command);
  return subsection(call(command), [
    ...paragraph(markup(command.description())),
    ...argumentItems(command, help),
    ...optionItems(command, help),
    ...formatBlocks(description),
    ...formatBlocks(exitStatus),
    ...(examples.length === 0 ? [] : [...paragraph("Examples:"), ...formatBlocks(examples)]),
  ]);
}

function globalNote(): string[] {
  return paragraph(`The options that every command has are in ${reference("jam(1)")}.`);
}

function exitStatusNote(): string[] {
  return paragraph(`All exit statuses are in ${reference("jam(1)")}.`);
}
