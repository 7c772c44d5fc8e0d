import { z } from "zod";
import { hasUnprintable } from "../../shared/printable.ts";
import type { ShellCommand } from "../../shared/shell-command.ts";

/**
 * A command in a plan. In a plan that was read it is whatever its file says, shown as it is: one line that prints.
 * In a plan that is made only `shellCommand` gives one.
 */
export const commandField = z.custom<ShellCommand>(
  (value) => typeof value === "string" && !hasUnprintable(value),
  "expected a command of one line, of characters that print",
);
