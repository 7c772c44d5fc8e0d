import { script } from "@bomb.sh/tab";
import type { CommandCall, CommandContext, DefineCommand } from "../command.ts";
import { BASH_SCRIPT } from "../completion/bash-script.ts";
import { parseChoice } from "../global-options.ts";

const SHELLS = ["bash", "zsh", "fish", "powershell"] as const;

export const define: DefineCommand = (command, run) => {
  command
    .argument("<shell>", `one of ${SHELLS.join(", ")}`)
    .addHelpText(
      "after",
      `
The script completes the command \`jam\`, so jam has to be on PATH (npm install --global, or an alias).

Examples:
  source <(jam completion bash)                                    # this shell; or in ~/.bashrc
  jam completion zsh > "\${fpath[1]}/_jam"
  jam completion fish > ~/.config/fish/completions/jam.fish
  jam completion powershell | Out-String | Invoke-Expression`,
    )
    .action(run(printScript));
};

async function printScript(context: CommandContext, call: CommandCall<object>): Promise<void> {
  const shell = parseChoice("shell", SHELLS, String(call.args[0]));
  if (shell === "bash") await context.io.stdout.write(BASH_SCRIPT);
  // The library writes to standard output by itself.
  else script(shell, "jam", "jam");
}
