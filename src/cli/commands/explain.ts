import { Option } from "commander";
import { MIRROR_REF } from "../../shared/ref-name.ts";
import { printable } from "../../shared/printable.ts";
import { JamError } from "../../shared/errors.ts";
import { currentSnapshot } from "../../mirror/read-snapshots.ts";
import { explainNamed } from "../../mirror/explain-agents.ts";
import type { ExplainedAgent } from "../../mirror/explain-document.ts";
import type { CommandCall, CommandContext, DefineCommand } from "../command.ts";
import { adviseOnMissing, readUpstreamAgents } from "../upstream-agents.ts";

interface ExplainFlags {
  readonly offline?: true;
}

export const define: DefineCommand = (command, run) => {
  command
    .argument("[agent]", "an agent, or a part of its name: 3.6.5-ubuntu-arm64, 3.6.5, 3.6, ubuntu-arm64")
    .option("--offline", "use only this mirror, do not contact upstream")
    .addOption(new Option("--lookup", "now `jam lookup`").hideHelp())
    .on("option:lookup", () => {
      throw new JamError("JAM_USAGE_INVALID", "--lookup: use the command `jam lookup`.", {
        hint: "Write `jam lookup 3.6.5-ubuntu-arm64`; `jam lookup --help` lists its flags.",
        details: { flag: "--lookup" },
      });
    })
    .addHelpText(
      "after",
      `
Shows for each agent that matches the name whether it is mirrored and held, and what every rule of \`select\`
and \`deny\` decides about it. Upstream's metadata is read (and verified) as a sync would.
\`jam lookup\` shows how Juju itself looks for an agent.

Examples:
  jam explain 3.6.5-ubuntu-arm64
  jam explain 3.6 --offline`,
    )
    .action(run(explain));
};

async function explain(context: CommandContext, call: CommandCall<ExplainFlags>): Promise<void> {
  const name = call.args[0] as string | undefined;
  if (name === undefined) throw withoutAgent();
  await explainAgent(context, name, call.options.offline === true);
}

function withoutAgent(): JamError {
  return new JamError("JAM_USAGE_INVALID", "Name the agent to explain.", {
    hint: "Write VERSION-RELEASE-ARCH (3.6.5-ubuntu-arm64) or a part of it.",
  });
}

async function explainAgent(context: CommandContext, name: string, wishesOffline: boolean): Promise<void> {
  const config = await context.config();
  const { openReader } = await import("../../compose/store.ts");
  const current = await currentSnapshot(await openReader(config), MIRROR_REF);
  const isOffline = wishesOffline || config.mode === "offline";
  const upstream = isOffline ? undefined : await readUpstreamAgents(context, ["*"]);
  const document = await explainNamed(name, {
    held: current?.agents ?? [],
    upstream,
    rules: config.rules,
    advise: () => adviseOnMissing(context, { word: name, upstream }),
  });
  if (document.note !== undefined) await context.output.note(document.note);
  await context.output.print(document, () =>
    document.agents.map((row) => render(row, { context, isOffline })).join("\n"),
  );
}

function render(
  row: ExplainedAgent,
  view: { readonly context: CommandContext; readonly isOffline: boolean },
): string {
  const { paint } = view.context;
  const state = row.taken
    ? paint("green", "mirrored")
    : paint("yellow", row.denied ? "denied" : "not mirrored");
  const places = [
    row.held ? "held" : "not held",
    ...(view.isOffline ? [] : [row.upstream ? "listed upstream" : "not listed upstream"]),
  ];
  const lines = [
    `${paint("bold", row.agent)}: ${state} (${places.join(", ")}; ${row.streams.join(", ")})`,
    `  ${printable(row.reason, Infinity)}`,
    ...row.rules.map((rule) =>
      printable(`  rule ${rule.rule} (${rule.conditions}): ${rule.reason}`, Infinity),
    ),
  ];
  return `${lines.join("\n")}\n`;
}
