import type { CommandContext, DefineCommand } from "../command.ts";

export const define: DefineCommand = (command, run) => {
  command.command("path").summary("print which file the settings come from").action(run(printPath));
};

async function printPath(context: CommandContext): Promise<void> {
  const { file } = await context.config();
  await context.output.print({ file: file ?? null }, () => file ?? "no file: built-in settings apply");
}
