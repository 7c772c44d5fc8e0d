import type { Command, Option } from "commander";
import { VOLUME_PRESETS } from "../../bundle/format/volume-plan.ts";
import { ARCHES } from "../../juju/platform.ts";
import { OS_TYPES, SERIES_NAMES } from "../../juju/release.ts";
import { STREAMS } from "../../juju/stream.ts";
import { HELP_TOPICS } from "../help-topics.ts";

/** What the shell does where there is no candidate: nothing, files or folders. Source: cobra's completion protocol. */
export const DIRECTIVES = { files: 0, nothing: 4, folders: 16 } as const;

/** What is valid at the cursor. Candidates are not yet filtered by what was typed so far. */
export interface Completion {
  readonly candidates: readonly Candidate[];
  /** What the mirror has of this kind is valid, too. */
  readonly fromMirror?: MirrorValue;
  readonly directive: (typeof DIRECTIVES)[keyof typeof DIRECTIVES];
}

export interface Candidate {
  readonly value: string;
  readonly description: string;
}

/** What only the mirror knows. */
export type MirrorValue = "version" | "agent" | "release" | "snapshot" | "site" | "key" | "channel";

/** Placeholders of options and names of arguments that the mirror has values for; after the command's name where others differ. */
const FROM_MIRROR: Readonly<Record<string, MirrorValue>> = {
  version: "version",
  current: "version",
  "which client": "version",
  "plan client": "version",
  "ready client": "version",
  agent: "agent",
  release: "release",
  snapshot: "snapshot",
  channel: "channel",
  other: "channel",
  feeder: "channel",
  id: "snapshot",
  "diff from": "snapshot",
  "diff to": "snapshot",
  "remove name": "site",
  "create name": "site",
  "distrust fingerprint": "key",
};

/** Values of an option, by its placeholder. */
const PLACEHOLDERS: Readonly<Record<string, readonly string[]>> = {
  stream: STREAMS,
  "config-stream": STREAMS,
  arch: ARCHES,
  os: OS_TYPES,
  series: SERIES_NAMES,
  "model-type": ["iaas", "caas"],
  shell: ["bash", "zsh", "fish", "powershell"],
  size: Object.keys(VOLUME_PRESETS),
};

/** Completes the last of `words`, which may be empty; the words before it are finished. */
export function completeWords(program: Command, words: readonly string[]): Completion {
  const typed = words.at(-1) ?? "";
  const place = walk(program, words.slice(0, -1));
  const assigned = /^(--[^=]+)=/.exec(typed)?.[1];
  const option = assigned === undefined ? place.pending : findOption(place.command, assigned);
  if (option !== undefined && (assigned !== undefined || !typed.startsWith("-")))
    return valuesOf(place.command, option);
  if (typed.startsWith("-")) return just(flagsOf(place.command));
  if (place.command.name() === "help") return just([...commandsOf(program), ...topics()]);
  if (place.positionals === 0 && place.command.commands.length > 0) return just(commandsOf(place.command));
  const { registeredArguments } = place.command;
  const last = registeredArguments.at(-1);
  const argument = registeredArguments[place.positionals] ?? (last?.variadic === true ? last : undefined);
  return argument === undefined ? just([]) : valuesFor(place.command, argument.name(), argument.argChoices);
}

interface Place {
  readonly command: Command;
  /** Arguments of the command that are there already. */
  readonly positionals: number;
  /** The option whose value is next. */
  readonly pending: Option | undefined;
}

function walk(program: Command, words: readonly string[]): Place {
  let command = program;
  let positionals = 0;
  let pending: Option | undefined;
  for (const word of words) {
    if (word.startsWith("-")) {
      const option = word.includes("=") ? undefined : findOption(command, word);
      pending = option !== undefined && takesValue(option) ? option : undefined;
      continue;
    }
    if (pending !== undefined) {
      // `--arch amd64 arm64`: a list continues until the next flag.
      if (!pending.variadic) pending = undefined;
      continue;
    }
    const child = command.commands.find((known) => known.name() === word);
    if (child === undefined) positionals++;
    else command = child;
  }
  return { command, positionals, pending };
}

function findOption(command: Command, flag: string): Option | undefined {
  return optionsOf(command).find((option) => option.long === flag || option.short === flag);
}

/** The command's own options and those of the commands above it. */
function optionsOf(command: Command): Option[] {
  const help = command.createHelp();
  const inherited = command.parent === null ? [] : optionsOf(command.parent);
  const own =
    command.parent === null ? help.visibleOptions(command) : command.options.filter(({ hidden }) => !hidden);
  return [...own, ...inherited];
}

function takesValue(option: Option): boolean {
  return option.required || option.optional;
}

function valuesOf(command: Command, option: Option): Completion {
  const placeholder = /[<[]([^>\].]+)/.exec(option.flags)?.[1] ?? "";
  return valuesFor(command, placeholder, option.argChoices);
}

function valuesFor(
  command: Command,
  placeholder: string,
  choices: readonly string[] | undefined,
): Completion {
  const fromMirror = FROM_MIRROR[`${command.name()} ${placeholder}`] ?? FROM_MIRROR[placeholder];
  if (choices === undefined && fromMirror !== undefined) return { ...just([]), fromMirror };
  const values = choices ?? PLACEHOLDERS[placeholder];
  if (values !== undefined) return just(values.map((value) => ({ value, description: "" })));
  const isFile = ["file", "path", "from", "log"].includes(placeholder);
  if (placeholder === "dir" || placeholder === "folder")
    return { candidates: [], directive: DIRECTIVES.folders };
  return { candidates: [], directive: isFile ? DIRECTIVES.files : DIRECTIVES.nothing };
}

function just(candidates: readonly Candidate[]): Completion {
  return { candidates, directive: DIRECTIVES.nothing };
}

function flagsOf(command: Command): Candidate[] {
  return optionsOf(command).flatMap(({ long, description }) =>
    typeof long === "string" ? [{ value: long, description }] : [],
  );
}

function commandsOf(command: Command): Candidate[] {
  return command
    .createHelp()
    .visibleCommands(command)
    .map((child) => ({ value: child.name(), description: child.summary() }));
}

function topics(): Candidate[] {
  return Object.keys(HELP_TOPICS).map((value) => ({ value, description: "" }));
}
