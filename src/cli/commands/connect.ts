import { defined } from "../../shared/collections.ts";
import { join, resolve } from "node:path";
import type { Config } from "../../config/config.ts";
import { channelOption, inChannel } from "../input/in-channel.ts";
import type { CommandCall, CommandContext, DefineCommand } from "../command.ts";
import { type ConnectGuide, planConnection } from "../connect/guide.ts";
import { type Step, parseGeneration } from "../connect/target.ts";
import { mirrorUrl } from "../input/mirror-url.ts";
import type { Paint } from "../output/output.ts";
import { wrapText } from "../output/text.ts";

interface ConnectFlags {
  readonly url?: string;
  readonly juju: string;
  readonly controller?: string;
  readonly model?: readonly string[];
  readonly metadataSource?: string | true;
}

export const define: DefineCommand = (command, run) => {
  command
    .option("--url <url>", "the mirror's address as controllers see it (default: this host, server.listen)")
    .option("--juju <version>", "version of Juju: 1.25, 2.8, 2.9, 3.6, 4.0, …", "3.6")
    .option("--controller <name>", "name of the controller, for the commands")
    .option("--model <name...>", "names of existing models, for the commands")
    .option("--metadata-source [dir]", "also print how to use the mirror's folder without a web server")
    .addOption(channelOption(command))
    .addHelpText(
      "after",
      `
Nothing is changed; the commands are only printed.

Examples:
  jam connect --url http://mirror.example:8080/tools
  jam connect --juju 2.9 --controller prod --model db --model web
  jam connect --juju 4.0 -o json`,
    )
    .action(run(inChannel(connect)));
};

async function connect(context: CommandContext, { options }: CommandCall<ConnectFlags>): Promise<void> {
  const { metadataSource } = options;
  const config = await context.config();
  const guide = planConnection({
    ...mirrorUrl(options.url, config.server),
    juju: parseGeneration(options.juju),
    models: options.model ?? [],
    ...defined({ controller: options.controller }),
    ...(metadataSource === undefined
      ? {}
      : {
          metadataSource:
            metadataSource === true ? folderOf(config) : resolve(context.io.cwd, join(metadataSource)),
        }),
  });
  await context.output.print(guide, () => render(guide, context.paint));
}

/** The folder for `--metadata-source`: that of the mirror, or of a channel. */
function folderOf({ data, store: { ref } }: Config): string {
  return ref === undefined ? data : join(data, "channels", ref);
}

function render(guide: ConnectGuide, paint: Paint): string {
  const numbered = guide.steps.map((step, index) => renderStep(`${index + 1}. ${step.title}`, step, paint));
  const undo = guide.undo.map((step) => renderStep(step.title, step, paint));
  const generation = guide.juju === "2.8" ? "2.0 to 2.8" : guide.juju;
  return [
    paint("bold", `Juju ${generation} and the mirror at ${guide.url}`),
    ...guide.warnings.map((warning) => wrap(`${paint("yellow", "warning:")} ${warning}`, "")),
    ...numbered,
    ...undo,
    [paint("bold", "Good to know"), ...guide.notes.map((note) => wrap(`- ${note}`, "  "))].join("\n"),
  ].join("\n\n");
}

function renderStep(title: string, step: Step, paint: Paint): string {
  return [
    paint("bold", title),
    wrap(step.why, "   "),
    ...step.commands.map((command) => `     ${paint("cyan", command)}`),
    ...(step.remark === undefined ? [] : [wrap(step.remark, "   ")]),
  ].join("\n");
}

/** Commands are never wrapped, so that they can be copied. */
function wrap(text: string, indent: string): string {
  if (!text.startsWith("- ")) return wrapText(text, indent).join("\n");
  const [first = "", ...rest] = wrapText(text.slice(2), `${indent}  `);
  return [`${indent}- ${first.trimStart()}`, ...rest].join("\n");
}
