import { JamError } from "../shared/errors.ts";
import { nearest } from "../shared/nearest.ts";

export const OUTPUT_FORMATS = ["table", "json", "yaml"] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

export function isOutputFormat(text: string | undefined): text is OutputFormat {
  return OUTPUT_FORMATS.some((format) => format === text);
}

export const LOG_LEVELS = ["error", "warn", "info", "debug", "trace"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export const PROGRESS_MODES = ["auto", "bar", "plain", "json", "none"] as const;
export type ProgressMode = (typeof PROGRESS_MODES)[number];

/** The flags that every command has, complete. */
export interface GlobalOptions {
  /** Undefined searches JAM_CONFIG, then ./jam.yaml, then /etc/jam/jam.yaml. */
  readonly config: string | undefined;
  readonly data: string | undefined;
  readonly output: OutputFormat;
  readonly isQuiet: boolean;
  readonly logLevel: LogLevel;
  /** False with --no-color or NO_COLOR; otherwise the terminal decides. */
  readonly mayColor: boolean;
  readonly progress: ProgressMode;
}

/** True with -v: more than what most people look for. */
export function isVerbose({ logLevel }: Pick<GlobalOptions, "logLevel">): boolean {
  return logLevel === "debug" || logLevel === "trace";
}

/** One global flag: its declaration for commander, and what is needed to find it before commander parses. */
export interface GlobalFlag {
  readonly flags: string;
  readonly description: string;
  readonly takesValue: boolean;
  readonly choices?: readonly string[];
}

export const GLOBAL_FLAGS: readonly GlobalFlag[] = [
  {
    flags: "-c, --config <file>",
    description:
      "settings file (default: $JAM_CONFIG, ./jam.yaml, /etc/jam/jam.yaml, then built-in settings)",
    takesValue: true,
  },
  {
    flags: "--data <dir>",
    description: "data directory of the mirror (default: `data` in the settings)",
    takesValue: true,
  },
  {
    flags: "-o, --output <format>",
    description: "output format (default: table)",
    takesValue: true,
    choices: OUTPUT_FORMATS,
  },
  { flags: "--json", description: "same as -o json", takesValue: false },
  {
    flags: "-q, --quiet",
    description: "print only results, warnings and errors: no progress, no next steps",
    takesValue: false,
  },
  { flags: "-v, --verbose", description: "same as --log-level debug", takesValue: false },
  {
    flags: "--log-level <level>",
    description: "log level (default: info)",
    takesValue: true,
    choices: LOG_LEVELS,
  },
  { flags: "--no-color", description: "do not use colours (same as NO_COLOR)", takesValue: false },
  {
    flags: "--progress <mode>",
    description: "progress display (default: auto)",
    takesValue: true,
    choices: PROGRESS_MODES,
  },
];

/** The global part of what commander parsed. */
export interface ParsedGlobals {
  readonly config?: string;
  readonly data?: string;
  readonly output?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly logLevel?: string;
  readonly color?: boolean;
  readonly progress?: string;
}

/**
 * Flags over JAM_OUTPUT, JAM_LOG_LEVEL, JAM_PROGRESS and NO_COLOR over defaults.
 * @throws JamError JAM_USAGE_INVALID
 */
export function completeGlobals(
  parsed: ParsedGlobals,
  env: Readonly<Record<string, string | undefined>>,
): GlobalOptions {
  const output = withShort("--output", parsed.output, {
    flag: "--json",
    means: "json",
    isGiven: parsed.json,
  });
  const logLevel = withShort("--log-level", parsed.logLevel, {
    flag: "--verbose",
    means: "debug",
    isGiven: parsed.verbose,
  });
  return {
    config: parsed.config,
    data: parsed.data,
    output: choose("--output", OUTPUT_FORMATS, output, env["JAM_OUTPUT"]) ?? "table",
    isQuiet: parsed.quiet ?? false,
    logLevel: choose("--log-level", LOG_LEVELS, logLevel, env["JAM_LOG_LEVEL"]) ?? "info",
    mayColor: parsed.color !== false && (env["NO_COLOR"] ?? "") === "",
    progress: choose("--progress", PROGRESS_MODES, parsed.progress, env["JAM_PROGRESS"]) ?? "auto",
  };
}

/** The value of a flag, or what its short form means. */
function withShort(
  flag: string,
  typed: string | undefined,
  short: { readonly flag: string; readonly means: string; readonly isGiven: boolean | undefined },
): string | undefined {
  if (short.isGiven !== true) return typed;
  if (typed === undefined || typed === short.means) return short.means;
  throw new JamError("JAM_USAGE_INVALID", `${short.flag} cannot be combined with ${flag} ${typed}.`, {
    hint: `${short.flag} is the same as ${flag} ${short.means}. Use one of them.`,
  });
}

function choose<T extends string>(
  flag: string,
  choices: readonly T[],
  typed: string | undefined,
  fromEnvironment: string | undefined,
): T | undefined {
  if (typed !== undefined) return parseChoice(flag, choices, typed);
  const variable = `JAM_${flag.slice(2).replaceAll("-", "_").toUpperCase()}`;
  return fromEnvironment === undefined || fromEnvironment === ""
    ? undefined
    : parseChoice(variable, choices, fromEnvironment);
}

/**
 * `value` when it is one of `choices`.
 * @throws JamError JAM_USAGE_INVALID with the nearest choice as hint
 */
export function parseChoice<T extends string>(subject: string, choices: readonly T[], value: string): T {
  const found = choices.find((choice) => choice === value);
  if (found !== undefined) return found;
  const near = nearest(value, choices);
  throw new JamError("JAM_USAGE_INVALID", `${subject}: "${value}" is none of ${choices.join(", ")}`, {
    hint: near === undefined ? `Use one of ${choices.join(", ")}.` : `Did you mean ${near}?`,
    details: { subject, value, choices },
  });
}

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
