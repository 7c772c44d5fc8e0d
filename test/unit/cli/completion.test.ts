import { expect, test } from "vitest";
import { completeWords, DIRECTIVES } from "../../../src/cli/completion/complete-words.ts";
import { loadCommand, createProgram } from "../../../src/cli/program.ts";
import { COMMANDS } from "../../../src/cli/registry.ts";

const program = createProgram(COMMANDS, {
  writeHelp: () => {},
  writeReminder: () => {},
  columns: undefined,
  examples: "",
});
for (const entry of COMMANDS) await loadCommand(program, entry, () => () => Promise.resolve());

const values = (...words: string[]) => completeWords(program, words).candidates.map(({ value }) => value);

test("offers every visible command first", () => {
  const offered = values("");
  expect(offered).toEqual(expect.arrayContaining(["init", "sync", "serve", "config", "help"]));
  expect(offered).not.toContain("complete");
});

test("offers a command's own flags and the global ones", () => {
  expect(values("init", "--")).toEqual(
    expect.arrayContaining(["--systemd", "--output", "--config", "--help"]),
  );
});

test.for([
  [
    ["--output", ""],
    ["table", "json", "yaml"],
  ],
  [
    ["list", "-o", ""],
    ["table", "json", "yaml"],
  ],
  [
    ["sync", "--progress", ""],
    ["auto", "bar", "plain", "json", "none"],
  ],
  [
    ["sync", "--progress="],
    ["auto", "bar", "plain", "json", "none"],
  ],
  [
    ["init", "--stream", ""],
    ["released", "proposed", "testing", "devel"],
  ],
  [
    ["init", "--stream", "released", ""],
    ["released", "proposed", "testing", "devel"],
  ],
  [
    ["completion", ""],
    ["bash", "zsh", "fish", "powershell"],
  ],
  [
    ["-c", "sync", "config", ""],
    ["show", "validate", "path", "schema"],
  ],
  [["sync", "--jobs", ""], []],
  [
    ["which", "3.6.5", "--model-type", ""],
    ["iaas", "caas"],
  ],
] as const)("completes %s with values", ([words, offered]) => {
  expect(values(...words)).toEqual(offered);
});

test("offers commands and topics behind help", () => {
  expect(values("help", "")).toEqual(expect.arrayContaining(["sync", "exit-codes", "environment"]));
});

test.for([
  [["list", ""], "version"],
  [["which", ""], "version"],
  [["which", "3.6.5", "--to", ""], "version"],
  [["plan", "--from", "2.9.42", "--to="], "version"],
  [["plan", "--client", "3.6.5", ""], "version"],
  [["list", "--release", ""], "release"],
  [["explain", ""], "agent"],
  [["lookup", ""], "agent"],
  [["snapshot", "show", ""], "snapshot"],
  [["snapshot", "diff", "20261128", ""], "snapshot"],
  [["bundle", "create", "--since", ""], "snapshot"],
  [["bundle", "create", "--snapshot", ""], "snapshot"],
  [["bundle", "create", "--site", ""], "site"],
  [["site", "remove", ""], "site"],
  [["key", "distrust", ""], "key"],
  [["bundle", "import", ""], undefined],
  [["bundle", "receipt", "--site", ""], undefined],
  [["key", "trust", "--fingerprint", ""], undefined],
] as const)("asks the mirror for what %s can be", ([words, kind]) => {
  expect(completeWords(program, words).fromMirror).toBe(kind);
});

test("leaves files and folders to the shell", () => {
  expect(completeWords(program, ["-c", ""]).directive).toBe(DIRECTIVES.files);
  expect(completeWords(program, ["--data", ""]).directive).toBe(DIRECTIVES.folders);
  expect(completeWords(program, ["config", "validate", ""]).directive).toBe(DIRECTIVES.files);
  expect(completeWords(program, ["key", "trust", ""]).directive).toBe(DIRECTIVES.files);
  expect(completeWords(program, ["key", "export", "--to", ""]).directive).toBe(DIRECTIVES.files);
  expect(completeWords(program, ["sync", "--plan", ""]).directive).toBe(DIRECTIVES.files);
  expect(completeWords(program, ["bundle", "split", "--to", ""]).directive).toBe(DIRECTIVES.folders);
});

test("every command has a summary without a full stop, and describes each of its options", () => {
  const bad = program.commands.flatMap((command) => [
    ...(/^[a-z].*[^.]$/.test(command.summary()) ? [] : [command.name()]),
    ...command.options
      .filter(({ description }) => description === "")
      .map(({ flags }) => `${command.name()} ${flags}`),
  ]);
  expect(bad).toEqual([]);
});
