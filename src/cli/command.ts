/**
 * How to add a command `jam greet NAME --loud`:
 *
 * 1. `commands/greet.ts` exports `define`. It adds arguments and options to the commander command that it
 *    is given, and wraps its action in `run`, which hands over the context:
 *
 *    ```ts
 *    export const define: DefineCommand = (command, run) => {
 *      command
 *        .argument("<name>", "who to greet")
 *        .option("--loud", "in capitals")
 *        .action(run(greet));
 *    };
 *
 *    async function greet(context: CommandContext, call: CommandCall<{ loud?: true }>): Promise<void> {
 *      const text = `Hello ${call.args[0]}`;
 *      await context.output.print({ text }, () => text);
 *    }
 *    ```
 *
 * 2. `registry.ts` gets one entry: name, summary, group and `load: () => import("./commands/greet.ts")`,
 *    and `man` in package.json the page that is made of it, `dist/man/jam-greet.1`.
 *    The file is loaded only when the command is called, so it may import what it likes at its top; still,
 *    what only some calls need (yaml, the server) is better imported where it is used.
 *
 * Sub-commands (`jam config show`) are commander sub-commands made in the same `define`.
 * Results go out through `context.output.print`, once; what people should know beside it through
 * `context.output.note` (standard error). A failure is a thrown `JamError`; its code decides the exit status.
 * A command that ends well but not with 0 resolves to its exit status.
 */
import type { Command } from "commander";
import type { Config } from "../config/config.ts";
import type { ConfigFlags } from "../config/overrides.ts";
import type { GlobalOptions } from "./global-options.ts";
import type { COMMAND_GROUPS } from "./program-info.ts";
import type { CommandIo } from "./io.ts";
import type { Output, Paint } from "./output/output.ts";

/** One line of the top-level help and the way to the command's file. */
export interface CommandEntry {
  readonly name: string;
  /** One line without a full stop. */
  readonly summary: string;
  readonly group: keyof typeof COMMAND_GROUPS;
  readonly load: () => Promise<{ readonly define: DefineCommand }>;
  /** Called by other programs (shell completion), so not shown in the help. */
  readonly isHidden?: boolean;
}

/** Adds arguments, options, sub-commands and the action to `command`. */
export type DefineCommand = (command: Command, run: RunAction) => void;

/** Turns an action of ours into one that commander calls. */
export type RunAction = <Options>(action: CommandAction<Options>) => (...values: unknown[]) => Promise<void>;

/** What a command does; the exit status it resolves to counts, nothing is 0. */
export type CommandAction<Options> = (
  context: CommandContext,
  call: CommandCall<Options>,
  // eslint-disable-next-line typescript/no-invalid-void-type -- an action that resolves to nothing is the usual one
) => Promise<number | void>;

/** What was typed, as far as the command itself defined it. */
export interface CommandCall<Options> {
  readonly options: Options;
  /** Values of the defined arguments in order; a variadic argument is one list. */
  readonly args: readonly (string | readonly string[] | undefined)[];
  /** The commander command, for its help and its tree. */
  readonly command: Command;
}

/** All that a command may use of the world. */
export interface CommandContext {
  readonly io: CommandIo;
  /** Global flags with the JAM_* environment and defaults filled in. */
  readonly globals: GlobalOptions;
  /** Every command there is, for completion and documentation. */
  readonly commands: readonly CommandEntry[];
  readonly output: Output;
  /** Colours for standard output; gives plain text where colours are off. */
  readonly paint: Paint;
  /** Columns of the terminal that standard output goes to; infinite where there is none, so that nothing is wrapped. */
  readonly width: number;
  /** Colours for standard error. */
  readonly paintError: Paint;
  /** Aborted by SIGINT and SIGTERM. A command that throws its reason ends with status 130. */
  readonly signal: AbortSignal;
  readonly now: () => Date;
  /**
   * The settings of this run, read at the first call: `flags` over environment over file over defaults.
   * @throws JamError JAM_CONFIG_NOT_FOUND, JAM_CONFIG_INVALID
   */
  readonly config: (flags?: ConfigFlags) => Promise<Config>;
}

/** What `run` works on; `main.ts` makes it from the process. */
export interface RunOptions {
  /** Arguments without node and script. */
  readonly argv: readonly string[];
  readonly io: CommandIo;
  /** Aborts the command. */
  readonly signal: AbortSignal;
  readonly commands: readonly CommandEntry[];
}
