import { Command, type CommanderError, Option } from "commander";
import { JamError } from "../shared/errors.ts";
import { nearest } from "../shared/nearest.ts";
import { type CommandEntry, type RunAction } from "./command.ts";
import { GLOBAL_FLAGS } from "./global-options.ts";
import { readVersion, COMMAND_GROUPS } from "./program-info.ts";

/** What commander writes by itself: requested help, and help because a command is missing. */
export interface ProgramSink {
  readonly writeHelp: (text: string) => void;
  readonly writeReminder: (text: string) => void;
  readonly columns: number | undefined;
  /** The end of the top-level help. */
  readonly examples: string;
}

/** The end of the help of every command. */
const GLOBAL_NOTE = `
Global options: ${GLOBAL_FLAGS.map(({ flags }) => /--[-\w]+/.exec(flags)?.[0]).join(" ")}. \`jam help options\` describes them.`;

/** The tree of all commands: names and summaries only, until `loadCommand` fills one in. */
export function createProgram(entries: readonly CommandEntry[], sink: ProgramSink): Command {
  const program = new Command("jam");
  program
    .description(
      "Juju Agent Mirror: mirrors Juju agents, carries them to networks without internet access, and serves them there.",
    )
    .usage("COMMAND [OPTIONS]")
    .exitOverride()
    .configureOutput({
      writeOut: sink.writeHelp,
      writeErr: sink.writeReminder,
      outputError: () => undefined,
      getOutHelpWidth: () => sink.columns ?? 100,
      getErrHelpWidth: () => sink.columns ?? 100,
    })
    .helpOption("-h, --help", "show help")
    .helpCommand(false)
    .version(readVersion(), "-V, --version", "print the version")
    .addHelpText("after", sink.examples)
    .addHelpText("afterAll", ({ command }) => (command.parent === null ? "" : GLOBAL_NOTE));
  for (const { flags, description, choices } of GLOBAL_FLAGS) {
    const option = new Option(flags, description);
    program.addOption(choices === undefined ? option : option.choices(choices));
  }
  for (const entry of entries) {
    program
      .command(entry.name, { hidden: entry.isHidden ?? false })
      .helpCommand(false)
      .summary(entry.summary)
      .description(sentence(entry.summary))
      .helpGroup(COMMAND_GROUPS[entry.group]);
  }
  program
    .command("help")
    .argument("[topic...]")
    .summary("show help for a command, options, exit-codes or environment")
    .helpGroup(COMMAND_GROUPS.setup);
  return program;
}

/** Loads the file of one command and lets it define its arguments, options and action. */
export async function loadCommand(program: Command, entry: CommandEntry, run: RunAction): Promise<void> {
  const command = program.commands.find((known) => known.name() === entry.name);
  if (command === undefined) throw new Error(`no command ${entry.name}`);
  const { define } = await entry.load();
  define(command, run);
}

/**
 * An error of commander as an error of jam, with the nearest valid name as hint; undefined when it is not an error
 * (requested help or the version has been printed).
 */
export function toUsageError(
  error: CommanderError,
  program: Command,
  argv: readonly string[],
): JamError | undefined {
  if (error.exitCode === 0) return undefined;
  if (error.code === "commander.help") {
    return new JamError("JAM_USAGE_INVALID", "A command is missing.", {
      hint: "Run `jam help` to see them all.",
    });
  }
  const [first = "", ...rest] = error.message.replace(/^error: /, "").split("\n");
  const suggested = /\(Did you mean (.+)\?\)/.exec(rest.join(" "))?.[1];
  const choice = /argument '(.*)' is invalid\. Allowed choices are (.+)\.$/.exec(first);
  const unknown = error.code === "commander.unknownCommand" ? /'(.*)'/.exec(first)?.[1] : choice?.[1];
  const names =
    choice?.[2]?.split(", ") ??
    program
      .createHelp()
      .visibleCommands(program)
      .map((command) => command.name());
  const near = suggested ?? (unknown === undefined ? undefined : nearest(unknown, names));
  return new JamError("JAM_USAGE_INVALID", sentence(first), {
    hint: near === undefined ? helpFor(first, program, argv) : `Did you mean ${near}?`,
  });
}

/** Names the option that is missing, and the help of the command that was called. */
function helpFor(message: string, program: Command, argv: readonly string[]): string {
  const path: string[] = [];
  let command = program;
  for (const word of argv) {
    const next = command.commands.find((known) => known.name() === word);
    if (next === undefined) continue;
    path.push(word);
    command = next;
  }
  if (path.length === 0)
    return "Run `jam help` to see all commands, or `jam COMMAND --help` for the options of one.";
  const help = `\`jam ${path.join(" ")} --help\` describes the command.`;
  const missing = /^required option '(?:.*, )?(--[-\w]+) <(.+)>' not specified/.exec(message);
  return missing === null ? help : `Add ${missing[1]} ${missing[2]?.toUpperCase()}. ${help}`;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1).replace(/\.$/, "")}.`;
}
