/** No source puts a value into a command by itself: each command with one is built by `shellCommand`. */
import { globSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { COMMANDS } from "../../src/cli/registry.ts";

const JAM = COMMANDS.map(({ name }) => name).join("|");
const PROGRAMS = `jam (?:${JAM})|juju [a-z]|snap install|kubectl|curl|sudo|gpg|crontab|sha256sum`;

/** A program's name, words without the punctuation of a sentence, and then a value. */
const COMMAND_WITH_VALUE = new RegExp(
  String.raw`(?<![\w./-])(?:${PROGRAMS})[^\s\`$]*(?: [^\s\`$]*[^\s\`$.,;:)])* ?[^\s\`$]*(?<!\\)\$\{`,
);

/** Sentences that only look so. */
const SENTENCES = [/There is no juju status of \$\{/, /<title>jam bundle \$\{/];

/** What is left of a line without the templates of `shellCommand` and what is nested in them. */
function outsideCommands(line: string): string {
  return line.replaceAll(/\$\{`[^`]*`\}/g, "").replaceAll(/\bshellCommand`(?:[^`\\]|\\.)*`/g, "");
}

function faultsIn(text: string): string[] {
  return text
    .split("\n")
    .filter((line) => !/^\s*(?:\*|\/\/|\/\*)/.test(line))
    .map(outsideCommands)
    .filter((line) => COMMAND_WITH_VALUE.test(line) && !SENTENCES.some((known) => known.test(line)));
}

test.for([
  ["`juju status -m ${name}`", 1],
  ["`Next: jam bundle verify ${path}.`", 1],
  ["hint: `run \\`jam plan --from ${from}\\``", 1],
  ["`curl -fsS ${url}/x`", 1],
  ["shellCommand`juju status -m ${name}`", 0],
  ["`Next: ${shellCommand`jam bundle verify ${pathWord(path)}`}.`", 0],
  ["shellCommand`juju migrate ${`${controller}:${model}`} x`", 0],
  ["shellCommand`juju ssh 0 -- cat ${`/x/${name}`}`", 0],
  ["`${name} has store format ${format}; jam knows ${known}`", 0],
  ["// as `juju status -m ${name}`", 0],
] as const)("finds in %s: %i", ([line, count]) => {
  expect(faultsIn(line)).toHaveLength(count);
});

test("every command with a value in it is built by shellCommand", () => {
  const files = globSync("src/**/*.ts", { cwd: `${import.meta.dirname}/../..` });
  expect(files.length).toBeGreaterThan(300);
  const faults = files.flatMap((file) =>
    faultsIn(readFileSync(`${import.meta.dirname}/../../${file}`, "utf8")).map(
      (line) => `${file}: ${line.trim()}`,
    ),
  );
  expect(faults).toEqual([]);
});
