/** Each value of each `--allow` has a text that says what it does. */
import type { Command } from "commander";
import { expect, test } from "vitest";
import { ALLOWED } from "../../../src/cli/dangers.ts";
import { createProgram, loadCommand } from "../../../src/cli/program.ts";
import { COMMANDS } from "../../../src/cli/registry.ts";

const SINK = {
  writeHelp: () => undefined,
  writeReminder: () => undefined,
  columns: undefined,
  examples: "",
};

test("every value of every --allow has its own text, and every text has a value", async () => {
  const program = createProgram(COMMANDS, SINK);
  for (const entry of COMMANDS) await loadCommand(program, entry, () => async () => undefined);
  const values = new Set<string>();
  const look = (command: Command) => {
    for (const { long, argChoices } of command.options)
      if (long === "--allow") for (const value of argChoices ?? []) values.add(value);
    command.commands.forEach(look);
  };
  look(program);
  expect([...values].sort()).toEqual(Object.keys(ALLOWED).sort());
});
