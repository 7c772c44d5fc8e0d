import { channelOption, inChannel } from "../input/in-channel.ts";
import type { CommandCall, CommandContext, DefineCommand } from "../command.ts";
import { addExplainFiles, explainFiles } from "../input/explain-files.ts";
import { addPlanFlags, planFromFlags, type PlanFlags } from "../input/plan-flags.ts";
import { EXIT } from "../exit-status.ts";

interface Flags extends PlanFlags {
  readonly held?: true;
  readonly refresh?: true;
  readonly markdown?: true;
  readonly procedure?: true;
  readonly explainFiles?: true;
}

export const define: DefineCommand = (command, run) => {
  addPlanFlags(command);
  addExplainFiles(command);
  command
    .option("--held", "use only agents in this mirror")
    .option("--refresh", "read upstream now, even if the last sync kept its documents")
    .option("--procedure", "show the whole procedure of each hop, with reasons")
    .option("--markdown", "write Markdown with the whole procedure, for a change ticket")
    .addOption(channelOption(command))
    .addHelpText("after", HELP)
    .action(run(inChannel(plan)));
};

const HELP = `
The files of a fleet are the output of these commands with --format json or yaml, in any combination:
  juju status -m CONTROLLER:MODEL     machines, architectures, charms; for as many models as possible
  juju models -c CONTROLLER           every model and its version
  juju controllers, show-controller, show-model, machines
A folder is read with all its subfolders, whatever the names of the files; names that begin with a dot are skipped.
Controllers and models are identified by UUID, which juju models and show-controller print.
Without --to each controller of a fleet gets the newest patch of its own minor.

Examples:
  jam plan --from 2.9.10 --to 3.6 --url http://mirror.example:8080/tools --procedure
  jam plan --from 3.6.5 --to 3.6 --model-type caas --markdown > change.md
  jam plan --fleet fleet/ --to 3.6 -o json > plan.json && jam sync --plan plan.json`;

async function plan(context: CommandContext, call: CommandCall<Flags>): Promise<number> {
  const { options } = call;
  if (options.explainFiles === true) return explainFiles(context, options.fleet, "--fleet");
  const ask = options.held === true ? "held" : options.refresh === true ? "always" : "missing";
  const document = await planFromFlags(context, options, ask);
  if (options.markdown === true) {
    const { formatPlanMarkdown } = await import("../render/plan-markdown.ts");
    await context.io.stdout.write(formatPlanMarkdown(document));
  } else {
    const { renderUpgradePlan } = await import("../render/plan-table.ts");
    await context.output.print(document, () =>
      renderUpgradePlan(document, context.paint, { isWhole: options.procedure === true }),
    );
  }
  return document.controllers.some(({ outcome }) => outcome === "none") ? EXIT.partial : 0;
}
