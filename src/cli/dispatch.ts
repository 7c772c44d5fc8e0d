import { type Command, CommanderError } from "commander";
import { JamError } from "../shared/errors.ts";
import { nearest } from "../shared/nearest.ts";
import { type ScannedArguments, type ParsedGlobals, completeGlobals } from "./global-options.ts";
import type { CommandAction, RunAction } from "./command.ts";
import { createContext } from "./context.ts";
import { widthOf } from "./output/output.ts";
import type { UnsafeFlags } from "./dangers.ts";
import { createProgram, loadCommand, toUsageError } from "./program.ts";
import type { RunOptions } from "./command.ts";

/** One parse: the tree of commands, and the result. */
interface ParsedCall {
  readonly program: Command;
  /** Text for standard output. */
  help: string;
  /** Text for standard error: the help that is shown because a command is missing. */
  reminder: string;
  status: number;
}

/**
 * The exit status of the command that the arguments name, after running it.
 * @throws JamError JAM_USAGE_INVALID and whatever the command throws
 */
export async function dispatch(options: RunOptions, scanned: ScannedArguments): Promise<number> {
  const { argv, io } = options;
  const isHelp = scanned.commandName === "help";
  const words = scanned.rest.filter((word) => !word.startsWith("-"));
  const call = await prepareCall(options, isHelp ? words[0] : scanned.commandName);
  try {
    if (isHelp) await showHelp(call, words);
    else await call.program.parseAsync(argv, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    const failure = toUsageError(error, call.program, argv);
    if (failure !== undefined) {
      if (scanned.output === undefined) await io.stderr.write(withBlankLine(call.reminder));
      throw failure;
    }
  }
  if (call.help !== "") await io.stdout.write(await fitHelp(call.help, widthOf(io)));
  return call.status;
}

async function fitHelp(text: string, width: number): Promise<string> {
  if (width === Infinity) return text;
  const { reflow } = await import("./output/reflow.ts");
  return reflow(text, width);
}

async function prepareCall(options: RunOptions, name: string | undefined): Promise<ParsedCall> {
  const { commands, io } = options;
  const program = createProgram(commands, {
    writeHelp: (text) => {
      call.help += text;
    },
    writeReminder: (text) => {
      call.reminder += text;
    },
    columns: io.stdout.columns(),
    examples: name === undefined ? (await import("./help-topics.ts")).EXAMPLES : "",
  });
  const call: ParsedCall = { program, help: "", reminder: "", status: 0 };
  const entry = commands.find((known) => known.name === name);
  const runAction = createRunAction(options, (status) => {
    call.status = status;
  });
  if (entry !== undefined) await loadCommand(program, entry, runAction);
  return call;
}

/** `run` of a command file: builds the context, calls the action, keeps its exit status. */
function createRunAction(options: RunOptions, finish: (status: number) => void): RunAction {
  return <Options>(action: CommandAction<Options>) =>
    async (...values: unknown[]) => {
      // Commander hands over the declared arguments, then the command's options, then the command.
      const command = values.at(-1) as Command;
      const args = values.slice(0, -2) as (string | string[] | undefined)[];
      const globals = completeGlobals(command.optsWithGlobals<ParsedGlobals>(), options.io.env);
      const context = createContext({ ...options, globals });
      const flags: UnsafeFlags = command.opts();
      if (flags.verify === false || flags.allow !== undefined || flags.allowUnsigned === true) {
        const { tellUnsafeFlags } = await import("./dangers.ts");
        await tellUnsafeFlags(context, flags);
      }
      const result = await action(context, { options: command.opts<Options & object>(), args, command });
      finish(result ?? 0);
    };
}

/** Puts a topic's text, or what commander writes as the help of a command, into the call. */
async function showHelp(call: ParsedCall, words: readonly string[]): Promise<void> {
  const { HELP_TOPICS } = await import("./help-topics.ts");
  let command = call.program;
  for (const word of words) {
    const topic = command === call.program ? HELP_TOPICS[word] : undefined;
    if (topic !== undefined) {
      call.help = topic;
      return;
    }
    const names = command.commands.map((known) => known.name());
    const next = command.commands.find((known) => known.name() === word);
    if (next === undefined) {
      const near = nearest(word, [...names, ...Object.keys(HELP_TOPICS)]);
      throw new JamError("JAM_USAGE_INVALID", `No help topic "${word}".`, {
        hint: near === undefined ? "Run `jam help` to see all commands." : `Did you mean ${near}?`,
      });
    }
    command = next;
  }
  command.outputHelp();
}

function withBlankLine(text: string): string {
  return text === "" ? "" : `${text}\n`;
}
