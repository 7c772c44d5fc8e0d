import { printable } from "../../shared/printable.ts";
import { formatVersion, parseVersion } from "../../juju/version.ts";
import { readStatus } from "../../upgrade/fleet/read-fleet.ts";
import { judgeUpgraded, type UpgradedAgent, type UpgradedModel } from "../../upgrade/upgraded.ts";
import type { CommandCall, CommandContext, DefineCommand } from "../command.ts";
import { formatTable } from "../output/table.ts";
import { readInputFiles } from "../upgrade/input-files.ts";
import { readVersionAloud } from "../upgrade/version-flag.ts";

/** Exit status when some agents are not on the target. */
const EXIT_PARTIAL = 3;

export const define: DefineCommand = (command, run) => {
  command
    .argument(
      "[file...]",
      "what juju status --format json or yaml printed, or a folder of that; default: standard input",
    )
    .option("--to <version>", "the version that all should run (default: what the model is set to)")
    .addHelpText(
      "after",
      `
Ends with 0 when every machine and unit runs the target, with 3 when some do not.

Examples:
  juju status -m prod:web --format json | jam upgraded
  jam upgraded --to 3.6.27 fleet/`,
    )
    .action(run(upgraded));
};

async function upgraded(context: CommandContext, call: CommandCall<{ to?: string }>): Promise<number> {
  const named = call.args[0] as readonly string[];
  const { to } = call.options;
  const target = to === undefined ? undefined : await readTarget(context, to);
  const texts = await readInputFiles(context, named.length === 0 ? ["-"] : named, "file");
  const models = texts.map((text) => judgeUpgraded(readStatus(text), target));
  const isDone = models.every((model) => model.upgraded);
  await context.output.print({ upgraded: isDone, models }, () => render(models, context));
  return isDone ? 0 : EXIT_PARTIAL;
}

async function readTarget(context: CommandContext, text: string): Promise<string> {
  return formatVersion(parseVersion(await readVersionAloud(context, text, "--to")));
}

async function render(models: readonly UpgradedModel[], context: CommandContext): Promise<string> {
  return (await Promise.all(models.map((model) => renderModel(model, context)))).join("\n");
}

async function renderModel(model: UpgradedModel, { paint }: CommandContext): Promise<string> {
  const name = model.controller === null ? model.model : `${model.controller}:${model.model}`;
  const done = model.agents.filter(({ state }) => state === "on-target" || state === "ahead");
  const head = `${printable(name, 200)}: ${done.length} of ${model.agents.length} agents run ${model.target}`;
  if (model.upgraded) return `${paint("green", "done")}  ${head}\n`;
  const late = model.agents.filter((agent) => !done.includes(agent));
  const parts = [`${paint("yellow", "wait")}  ${head}; the model is set to ${model.version}\n`];
  if (late.length > 0) {
    parts.push(
      await formatTable(
        ["KIND", "NAME", "RUNS", "STATE", "STATUS", "MESSAGE"].map((heading) => ({ heading })),
        late.map((agent) => [
          agent.kind,
          agent.name,
          agent.version ?? "-",
          agent.state,
          agent.status ?? "-",
          agent.message ?? "",
        ]),
      ),
    );
  }
  parts.push(renderSteps(late, model.next));
  return parts.join("\n");
}

/** Steps of the first few agents; the same help for hundreds would hide it. */
function renderSteps(late: readonly UpgradedAgent[], next: readonly string[]): string {
  const shown = late.filter((agent) => agent.next.length > 0).slice(0, 5);
  const lines = ["Try next:"];
  for (const agent of shown) {
    lines.push(`  ${agent.kind} ${agent.name}`, ...agent.next.map((step) => `    ${step}`));
  }
  lines.push("  for all of them", ...next.map((step) => `    ${step}`));
  return `${lines.map((line) => printable(line, Infinity)).join("\n")}\n`;
}
