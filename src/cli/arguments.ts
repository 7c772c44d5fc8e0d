import { GLOBAL_FLAGS, type OutputFormat } from "./global-options.ts";

/** What is known from the arguments before commander parses them. */
export interface ScannedArguments {
  /** The first word that is neither a flag nor the value of a global flag. */
  readonly commandName: string | undefined;
  /** The words after the command name. */
  readonly rest: readonly string[];
  readonly output: OutputFormat | undefined;
}

const VALUE_FLAGS = new Set(
  GLOBAL_FLAGS.filter((flag) => flag.takesValue).flatMap((flag) => names(flag.flags)),
);

/**
 * Finds the command whose file has to be loaded, and the requested output format, so that even a usage
 * error is reported in it.
 */
export function scanArguments(argv: readonly string[]): ScannedArguments {
  let commandName: string | undefined;
  let rest: readonly string[] = [];
  let output: OutputFormat | undefined;
  for (let index = 0; index < argv.length; index++) {
    const word = argv[index] ?? "";
    if (word === "--") break;
    output = formatIn(word, argv[index + 1]) ?? output;
    if (VALUE_FLAGS.has(word)) index++;
    else if (!word.startsWith("-") && commandName === undefined) {
      commandName = word;
      rest = argv.slice(index + 1);
    }
  }
  return { commandName, rest, output };
}

function formatIn(word: string, next: string | undefined): OutputFormat | undefined {
  if (word === "--json") return "json";
  const value =
    word === "-o" || word === "--output" ? next : (/^(?:--output=|-o=?)(.+)$/.exec(word)?.[1] ?? undefined);
  return value === "json" || value === "yaml" || value === "table" ? value : undefined;
}

function names(flags: string): string[] {
  return flags.split(/[ ,]+/).filter((part) => part.startsWith("-"));
}
