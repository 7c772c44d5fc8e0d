import { Command } from "commander";
import { expect, test } from "vitest";
import { allowOption } from "../../../src/cli/input/repeated-option.ts";

function parse(...args: string[]) {
  const command = new Command("import").exitOverride().configureOutput({ writeErr: () => {} });
  command.argument("<from...>").addOption(allowOption(command, "override a check", ["rollback", "future"]));
  command.parse(args, { from: "user" });
  return { allow: command.opts<{ allow?: string[] }>().allow, from: command.args };
}

test("--allow takes one word, so that an argument may follow it, and may be repeated", () => {
  expect(parse("--allow", "rollback", "folder")).toEqual({ allow: ["rollback"], from: ["folder"] });
  expect(parse("--allow", "rollback", "folder", "--allow=future", "another")).toEqual({
    allow: ["rollback", "future"],
    from: ["folder", "another"],
  });
  expect(parse("folder")).toEqual({ allow: undefined, from: ["folder"] });
});

test("--allow refuses a word that is no check, and names those that are", () => {
  expect(() => parse("--allow", "folder", "folder")).toThrow(/Allowed choices are rollback, future/);
});
