/** A message, a help text or a page may only name commands and flags that exist: checked against the real registry. */
import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import type { Command } from "commander";
import { expect, test } from "vitest";
import { createProgram, loadCommand } from "../../../src/cli/program.ts";
import { COMMANDS } from "../../../src/cli/registry.ts";

const ROOT = join(import.meta.dirname, "../../..");
const SINK = {
  writeHelp: () => undefined,
  writeReminder: () => undefined,
  columns: undefined,
  examples: "",
};

const program = createProgram(COMMANDS, SINK);
for (const entry of COMMANDS) await loadCommand(program, entry, () => async () => undefined);

/** Code that only looks like a command: template texts that begin with the program's name, and the guide to new commands. */
const NOT_COMMANDS = ["jam cannot read it:", "jam greet "];

/** What no shell would take as a word of the command: placeholders, values put in by code, the rest of a sentence. */
const PLACEHOLDER = /^(?:[A-Z]+|…|\.\.\.|<.*|\$.*|["'+].*)$/;

/** The commands that a text names, each from `jam` to its end. */
function commandsIn(text: string): string[] {
  const quoted = [...text.matchAll(/\\?`(?:npx )?(jam [^`\\\n]+)/g)];
  // In examples, after a colon, in brackets and in pipes a command stands without quotes.
  const plain = [
    ...text.matchAll(/(?:^[ \t]+|\\n *|[:(|] |\(|&& |"|sudo -u jam |npx )(jam [a-z][^`\\\n"]*)/gm),
  ];
  return [...quoted, ...plain].map(([, command = ""]) => command);
}

/** What is wrong with a command as written, or undefined. */
function faultOf(written: string, isQuoted: boolean): string | undefined {
  const [first = ""] = written.split(/ -- |[|>;,)]|&&| {2,}| #| — /);
  const words = first
    .replaceAll(/\$\{[^}]*\}?/g, "VALUE")
    .trim()
    .split(/\s+/)
    .slice(1);
  let command = program;
  for (const raw of words) {
    const word = raw.replace(/[.:);\]}!?]+$/, "").replace(/^[[(]/, "");
    if (word.startsWith("-") && word !== "-" && word !== "--") {
      const [flag = ""] = word.split(/[=/]/);
      if (!hasFlag(command, flag)) return `${flag} is not a flag of jam ${pathOf(command)}`;
      continue;
    }
    if (PLACEHOLDER.test(word)) continue;
    const child = command.commands.find((one) => one.name() === word);
    if (child !== undefined) command = child;
    else if (command === program)
      return isQuoted || isLater(word) ? `there is no command ${word}` : undefined;
    else if (command.registeredArguments.length === 0 && command.commands.length > 0 && isQuoted)
      return `there is no command ${pathOf(command)} ${word}`;
    else if (!isQuoted) return undefined;
  }
  return undefined;
}

/** Commands that are planned: without quotes, too, nobody may be sent to them. */
function isLater(word: string): boolean {
  return (
    /^(?:snapshot|channel|lookup|warm|nginx-config|companion|images|push|store|schedule|token|audit|notify|du|verify|repair|rollback)$/.test(
      word,
    ) && !program.commands.some((command) => command.name() === word)
  );
}

function hasFlag(command: Command, flag: string): boolean {
  if (["--help", "-h", "--version"].includes(flag)) return true;
  const isOwn = command.options.some(
    ({ long, short, hidden }) => !hidden && (long === flag || short === flag),
  );
  return isOwn || (command.parent !== null && hasFlag(command.parent, flag));
}

function pathOf(command: Command): string {
  return command.parent === null ? "" : `${pathOf(command.parent)} ${command.name()}`.trim();
}

async function filesBelow(folder: string, ending: string): Promise<string[]> {
  const entries = await readdir(join(ROOT, folder), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => join(entry.parentPath, entry.name));
}

async function faultsIn(files: readonly string[]): Promise<{ commands: number; faults: string[] }> {
  const faults: string[] = [];
  let commands = 0;
  for (const file of files) {
    const text = await readFile(file, "utf8");
    for (const written of commandsIn(text)) {
      if (NOT_COMMANDS.some((start) => written.startsWith(start))) continue;
      commands++;
      const fault = faultOf(written, text.includes(`\`${written}`) || text.includes(`\`npx ${written}`));
      if (fault !== undefined) faults.push(`${relative(ROOT, file)}: ${written}: ${fault}`);
    }
  }
  return { commands, faults };
}

test("every command that the sources name exists, with the flags that they name", async () => {
  const { commands, faults } = await faultsIn(await filesBelow("src", ".ts"));
  expect(faults).toEqual([]);
  expect(commands).toBeGreaterThan(150);
});

test("so does every command that README and docs name", async () => {
  const pages = [join(ROOT, "README.md"), join(ROOT, "SECURITY.md"), ...(await filesBelow("docs", ".md"))];
  const { commands, faults } = await faultsIn(pages);
  expect(faults).toEqual([]);
  expect(commands).toBeGreaterThan(80);
});

test.for<[string, string]>([
  ["Run `jam canal list` to see them.", "there is no command canal"],
  ["hint: `jam sync --allow-mass-removal`", "--allow-mass-removal is not a flag of jam sync"],
  ["`jam bundle mend FOLDER`", "there is no command bundle mend"],
  ["  jam push --deep    hashes all", "there is no command push"],
  ["(jam prune --all)", "--all is not a flag of jam prune"],
])("%j is found", ([text, fault]) => {
  const [command = ""] = commandsIn(text);
  expect(faultOf(command, text.includes(`\`${command}`))).toBe(fault);
});
