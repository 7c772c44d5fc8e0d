import type { CommandCall, CommandContext, DefineCommand } from "../command.ts";
import { completeWords } from "../completion/complete-words.ts";
import { loadCommand } from "../program.ts";

/** What the scripts of `jam completion` call: `jam complete -- sync --progress ""`. */
export const define: DefineCommand = (command, run) => {
  command.argument("[words...]").allowUnknownOption().action(run(complete));
};

async function complete(context: CommandContext, call: CommandCall<object>): Promise<void> {
  const { parent } = call.command;
  const words = (call.args[0] ?? []) as readonly string[];
  if (parent === null) return;
  for (const entry of context.commands) {
    // Only the command that is being typed has to know its options.
    const isCalled = entry.isHidden !== true && words.slice(0, -1).includes(entry.name);
    if (isCalled) await loadCommand(parent, entry, () => () => Promise.resolve());
  }
  const { candidates, directive } = completeWords(parent, words);
  const typed = (words.at(-1) ?? "").replace(/^--[^=]+=/, "");
  const lines = candidates
    .filter(({ value }) => value.startsWith(typed))
    .map(({ value, description }) => `${value}\t${description}`);
  await context.io.stdout.write([...lines, `:${directive}`, ""].join("\n"));
}
