import type { CommandCall, CommandContext, DefineCommand } from "../command.ts";
import { type Candidate, completeWords, type MirrorValue } from "../completion/complete-words.ts";
import { loadCommand } from "../program.ts";

/** What the scripts of `jam completion` call: `jam complete -- sync --progress ""`. */
export const define: DefineCommand = (command, run) => {
  command.argument("[words...]").allowUnknownOption().action(run(complete));
};

/** What knows the mirror is loaded only where it is asked for. */
async function readHeld(
  kind: MirrorValue,
  words: readonly string[],
  context: CommandContext,
): Promise<readonly Candidate[]> {
  const { readMirrorValues } = await import("../completion/mirror-values.ts");
  const values = await readMirrorValues(kind, { context, words });
  return values.map((value) => ({ value, description: "" }));
}

async function complete(context: CommandContext, call: CommandCall<object>): Promise<void> {
  const { parent } = call.command;
  const words = (call.args[0] ?? []) as readonly string[];
  if (parent === null) return;
  for (const entry of context.commands) {
    // Only the command that is being typed has to know its options.
    const isCalled = entry.isHidden !== true && words.slice(0, -1).includes(entry.name);
    if (isCalled) await loadCommand(parent, entry, () => () => Promise.resolve());
  }
  const typed = (words.at(-1) ?? "").replace(/^--[^=]+=/, "");
  const { candidates, fromMirror, directive } = completeWords(parent, words);
  const held =
    fromMirror === undefined ? [] : await readHeld(fromMirror, [...words.slice(0, -1), typed], context);
  const lines = [...candidates, ...held]
    .filter(({ value }) => value.startsWith(typed))
    .map(({ value, description }) => `${value}\t${description}`);
  await context.io.stdout.write([...lines, `:${directive}`, ""].join("\n"));
}
