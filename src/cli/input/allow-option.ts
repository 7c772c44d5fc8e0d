import type { Command, Option } from "commander";

/**
 * `--allow WHAT`: overrides checks for one run. It is repeated for several checks, and takes one word each time, so that an
 * argument may follow it.
 * @throws InvalidArgumentError of commander for a word that is not among `choices`
 */
export function allowOption(command: Command, description: string, choices: readonly string[]): Option {
  const option = command.createOption("--allow <what>", `${description}; may be repeated`).choices(choices);
  const parseOne = option.parseArg;
  return option.argParser<unknown[]>((value, earlier: unknown) => [
    ...(Array.isArray(earlier) ? (earlier as unknown[]) : []),
    parseOne === undefined ? value : parseOne<unknown>(value, undefined),
  ]);
}
