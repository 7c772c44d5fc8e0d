/** No option takes the arguments of its command for values of its own. */
import type { Command } from "commander";
import { expect, test } from "vitest";
import { createProgram, loadCommand } from "../../../src/cli/program.ts";
import { COMMANDS } from "../../../src/cli/registry.ts";

const SINK = {
  writeHelp: () => undefined,
  writeReminder: () => undefined,
  columns: undefined,
  examples: "",
};

test("where a command has arguments, each of its options takes one value", async () => {
  const program = createProgram(COMMANDS, SINK);
  for (const entry of COMMANDS) await loadCommand(program, entry, () => async () => undefined);
  const found: string[] = [];
  let looked = 0;
  const look = (command: Command, path: string) => {
    looked += 1;
    if (command.registeredArguments.length > 0)
      for (const { variadic, flags } of command.options) if (variadic) found.push(`${path} ${flags}`);
    for (const child of command.commands) look(child, `${path} ${child.name()}`);
  };
  look(program, "jam");
  expect(looked).toBeGreaterThan(40);
  expect(found).toEqual([]);
});
