import type { CommandContext, DefineCommand } from "../command.ts";
import { readVersion } from "../program-info.ts";

export const define: DefineCommand = (command, run) => {
  command.addHelpText("after", "\n`jam --version` prints the version of jam alone.").action(run(version));
};

async function version(context: CommandContext): Promise<void> {
  const { version: node, arch, platform } = process;
  const document = { version: readVersion(), node: node.slice(1), platform: `${platform}-${arch}` };
  await context.output.print(
    document,
    () => `${document.version} (Node ${document.node}, ${document.platform})\n`,
  );
}
