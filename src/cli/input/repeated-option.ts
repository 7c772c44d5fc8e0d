import type { Command, Option } from "commander";

/**
 * An option that is repeated for several values. It takes one each time: a list would take the arguments of the command that
 * follow it for values of its own.
 */
export function repeatedOption(command: Command, flags: string, description: string): Option {
  return repeating(command.createOption(flags, `${description}; may be repeated`));
}

/**
 * `--allow WHAT`: overrides checks for one run; repeated for several.
 * @throws InvalidArgumentError of commander for a word that is not among `choices`
 */
export function allowOption(command: Command, description: string, choices: readonly string[]): Option {
  return repeating(
    command.createOption("--allow <what>", `${description}; may be repeated`).choices(choices),
  );
}

function repeating(option: Option): Option {
  const parseOne = option.parseArg;
  return option.argParser<unknown[]>((value, earlier: unknown) => [
    ...(Array.isArray(earlier) ? (earlier as unknown[]) : []),
    parseOne === undefined ? value : parseOne<unknown>(value, undefined),
  ]);
}
