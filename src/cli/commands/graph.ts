import { JamError } from "../../shared/errors.ts";
import { parseVersion, type JujuVersion } from "../../juju/version.ts";
import { formatDot, formatMermaid, makeUpgradeGraph, type UpgradeGraph } from "../../upgrade/graph.ts";
import { channelOption, inChannel } from "../input/in-channel.ts";
import type { Config } from "../../config/config.ts";
import type { CommandCall, CommandContext, DefineCommand } from "../command.ts";
import { formatTable } from "../output/table.ts";
import { readUsableAgents } from "../upstream-agents.ts";
import { readVersionAloud } from "../input/version-flag.ts";

interface Flags {
  readonly upstream?: true;
  readonly from?: string;
  readonly all?: true;
  readonly dot?: true;
  readonly mermaid?: true;
  readonly stream: string;
}

export const define: DefineCommand = (command, run) => {
  command
    .option("--upstream", "include versions that upstream lists")
    .option("--from <version>", "only upgrades from this version")
    .option("--all", "every upgrade, not only those to the newest version of a minor version")
    .option("--stream <stream>", "stream to read from upstream, with --upstream", "released")
    .option("--dot", "print Graphviz")
    .option("--mermaid", "print Mermaid, for Markdown")
    .addOption(channelOption(command))
    .addHelpText(
      "after",
      "\nExamples:\n  jam graph --from 2.9.42 --upstream\n  jam graph --dot | dot -Tsvg > upgrades.svg",
    )
    .action(run(inChannel(graph)));
};

async function graph(context: CommandContext, call: CommandCall<Flags>): Promise<void> {
  const { options } = call;
  if (options.dot === true && options.mermaid === true) {
    throw new JamError("JAM_USAGE_INVALID", "--dot and --mermaid are mutually exclusive.", {
      hint: "Give one of them.",
    });
  }
  const config = await context.config();
  const from = options.from === undefined ? undefined : await readStart(context, options.from);
  const { composeKnowledge } = await import("../../compose/upgrade.ts");
  const ask = options.upstream === true ? "missing" : "held";
  const known = await readUsableAgents(context, { streams: [options.stream], ask });
  const made = makeUpgradeGraph({
    ...known,
    knowledge: await composeKnowledge(config),
    from,
    isWhole: options.all === true,
  });
  if (options.dot === true) await context.io.stdout.write(formatDot(made));
  else if (options.mermaid === true) await context.io.stdout.write(formatMermaid(made));
  else await context.output.print(made, () => render(made, context));
  if (made.nodes.length === 0) await context.output.note(noteOfEmpty(config));
}

function noteOfEmpty({ mode, store: { ref } }: Config): string {
  if (ref !== undefined)
    return `The channel ${ref} lists nothing in this stream; --upstream adds what the mirror and upstream list.`;
  return mode === "offline"
    ? "The mirror is empty: import a bundle with `jam bundle import`."
    : "The mirror is empty: run `jam sync`, or use --upstream.";
}

async function readStart(context: CommandContext, text: string): Promise<JujuVersion> {
  return parseVersion(await readVersionAloud(context, text, "--from"));
}

function render({ nodes, edges }: UpgradeGraph, { width }: CommandContext): Promise<string> {
  const held = new Set(nodes.flatMap((node) => (node.held ? [node.version] : [])));
  return formatTable(
    ["FROM", "TO", "HOW", "HELD", "RISKS"].map((heading) => ({ heading })),
    edges.map(({ from, to, how, risks }) => [
      from,
      to,
      how,
      held.has(to) ? "yes" : "no",
      risks.map(({ severity, reason }) => `${severity}: ${reason}`).join("; "),
    ]),
    width,
  );
}
