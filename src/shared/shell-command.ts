import { hasUnprintable, printable } from "./printable.ts";

declare const brand: unique symbol;

/** One line of a POSIX shell that does what it shows. Only `shellCommand` makes one. */
export type ShellCommand = string & { readonly [brand]: "ShellCommand" };

/**
 * A command line for pasting, the only way in which jam builds one:
 *
 * ```ts
 * shellCommand`juju upgrade-model -m ${controller}:${model} --agent-version ${version}    # some minutes`
 * shellCommand`sudo cp ${files} /etc/systemd/system/`
 * shellCommand`jam bundle verify ${pathWord(folder)}`
 * shellCommand`juju ssh ${machine} -- sudo systemctl restart ${`jujud-${agent}`}`
 * ```
 *
 * The literal text stands as it is. Each value is quoted where it needs that and stays within its word;
 * an array becomes one word for each element. Do not write quotes around a value.
 * Values after `juju ssh … --` and in `watch …`, which hand their words to a second shell, are quoted for that one as well.
 *
 * Two kinds of values make the whole line a comment that names the value, because no quoting helps:
 * - one with control characters, line breaks, direction marks or others that do not print,
 *   as the line would do other than it shows;
 * - one that would start a word with `-`, as the command would take it for an option. For a path see `pathWord`.
 *
 * A value in a comment is quoted as well, as zsh does not know comments at its prompt; for text that may not print
 * pass `printable(text)`.
 */
export function shellCommand(
  literals: TemplateStringsArray,
  ...values: readonly (string | readonly string[])[]
): ShellCommand {
  let line = literals[0] ?? "";
  let isWordOpen = /\S$/.test(line);
  for (const [index, value] of values.entries()) {
    const before = literals.slice(0, index + 1).join("");
    refuseOpenQuote(before);
    const quote = SECOND_SHELL.test(before) ? (text: string) => shellWord(shellWord(text)) : shellWord;
    const words = typeof value === "string" ? [value] : value;
    for (const [position, word] of words.entries()) {
      if (hasUnprintable(word)) return refusal(literals, word, "has characters that do not print");
      if (word.startsWith("-") && (position > 0 || !isWordOpen)) {
        return refusal(literals, word, "would be read as an option");
      }
      // An empty value leaves its word unstarted for the value right after it.
      isWordOpen = (position === 0 && isWordOpen) || word !== "";
    }
    const literal = literals[index + 1] ?? "";
    line += words.map(quote).join(" ") + literal;
    if (literal !== "") isWordOpen = /\S$/.test(literal);
  }
  return line as ShellCommand;
}

/** Parts of one command line with blanks between; one that cannot be pasted makes the whole line its comment. */
export function joinParts(parts: readonly ShellCommand[]): ShellCommand {
  const refused = parts.find((part) => part.startsWith("# "));
  return refused ?? (parts.join(" ") as ShellCommand);
}

/** Literal text before words that the command joins with blanks and gives to a shell. */
const SECOND_SHELL = /^watch |^juju (?:ssh|exec|run) .*-- /;

/** One word of a POSIX shell's command line: as it is where that is safe, else in single quotes. */
function shellWord(word: string): string {
  // zsh expands a word that starts with `=`, old fish one that starts with `%`.
  return /^[\w@+:,./-][\w@%+=:,./-]*$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/** A path as a value of `shellCommand`: one that starts with `-` becomes `./-…`, which no command takes for an option. */
export function pathWord(path: string): string {
  return path.startsWith("-") ? `./${path}` : path;
}

/** The comment instead of a command. Its text is safe even where a shell does not know comments. */
function refusal(literals: TemplateStringsArray, word: string, why: string): ShellCommand {
  const command = /^\w[\w-]*(?: \w[\w-]*)*/.exec(literals[0] ?? "")?.[0] ?? "this";
  return `# ${command} cannot be pasted: ${shellWord(printable(word))} ${why}` as ShellCommand;
}

/** A mistake in jam itself: quotes around a value would end its quoting. */
function refuseOpenQuote(literal: string): void {
  const isOpen = ["'", '"', "`"].some((quote) => literal.split(quote).length % 2 === 0);
  if (isOpen || /[$\\]$/.test(literal)) throw new TypeError(`a value of a command follows ${literal}`);
}
