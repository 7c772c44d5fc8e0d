import { MIRROR_REF } from "../../shared/ref-name.ts";
import { printable } from "../../shared/printable.ts";
import { JamError } from "../../shared/errors.ts";
import { currentSnapshot } from "../../mirror/read-snapshots.ts";
import { explainNamed } from "../../mirror/explain-agents.ts";
import type { ExplainedAgent } from "../../mirror/explain-document.ts";
import type { CommandCall, CommandContext, DefineCommand } from "../command.ts";
import type { LookupFlags } from "../upgrade/explain-lookup.ts";
import { adviseOnMissing, readUpstreamAgents } from "../upstream-agents.ts";

interface ExplainFlags extends LookupFlags {
  readonly offline?: true;
  readonly lookup?: true;
}

export const define: DefineCommand = (command, run) => {
  command
    .argument("[agent]", "3.6.5-ubuntu-arm64, or a part of it: 3.6.5, 3.6, ubuntu-arm64")
    .option("--offline", "look only at what is held, do not ask upstream")
    .option("--lookup", "simulate how Juju looks for the agent here, document by document")
    .option("--juju <version>", "with --lookup: the generation of Juju, as 3.6 or 2.8.13")
    .option("--client <version>", "with --lookup: the release of the client; it looks for its own version")
    .option("--for <purpose>", "with --lookup: bootstrap (default) or upgrade")
    .option("--agent-version <version>", "with --lookup: exactly this version")
    .option("--major-minor <version>", "with --lookup: any version of this minor, as 3.6")
    .option("--arch <arch>", "with --lookup: the architecture (default: all)")
    .option("--os <os>", "with --lookup: the OS type, for Juju 2.9 and later (default: all)")
    .option("--series <series>", "with --lookup: the series, for Juju up to 2.8 (default: all)")
    .option("--stream <stream>", "with --lookup: agent-stream")
    .option("--development", "with --lookup: the model's setting development is true")
    .option(
      "--region <region>",
      "with --lookup: region of the model's cloud, which decides on mirrors of metadata",
    )
    .option("--endpoint <url>", "with --lookup: endpoint of the model's cloud")
    .option("--url <url>", "with --lookup: look there, as agent-metadata-url, instead of in this mirror")
    .option(
      "--metadata-source <dir>",
      "with --lookup: look in that folder, as juju bootstrap --metadata-source",
    )
    .option("--require-signed", "with --lookup: take signed metadata only")
    .option("--keyring <file>", "with --lookup: public key in the place of the one built into Juju")
    .addHelpText(
      "after",
      `
Says for each agent that the name means whether it is mirrored and held, and what every rule of
\`select\` and \`deny\` says about it. Upstream's metadata is read (and verified) as a sync would.

With --lookup: which documents a client or controller of that Juju asks for, which one answers, what it
takes, and whether it would go on to streams.canonical.com, which is never asked. Exits with 0 when an
agent is found, with 5 when not.

Examples:
  jam explain 3.6.5-ubuntu-arm64
  jam explain --lookup 3.6.5-ubuntu-arm64
  jam explain --lookup --juju 2.8 --agent-version 2.9.52 --series focal --for upgrade
  jam explain --lookup --client 3.6.9 --url http://mirror.example:8080/tools -o json`,
    )
    .action(run(explain));
};

async function explain(context: CommandContext, call: CommandCall<ExplainFlags>): Promise<number> {
  const { offline, lookup, ...flags } = call.options;
  const name = call.args[0] as string | undefined;
  if (lookup === true) {
    const { explainLookup } = await import("../upgrade/explain-lookup.ts");
    return explainLookup(context, flags, name);
  }
  requireLookup(flags);
  if (name === undefined) throw withoutAgent();
  await explainAgent(context, name, offline === true);
  return 0;
}

/** @throws JamError JAM_USAGE_INVALID for a flag that means nothing without --lookup */
function requireLookup(flags: LookupFlags): void {
  const [flag] = Object.keys(flags);
  if (flag === undefined) return;
  const typed = `--${flag.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  throw new JamError("JAM_USAGE_INVALID", `${typed} belongs to --lookup.`, {
    hint: "Add --lookup to see how Juju looks for the agent, or leave the flag out.",
    details: { field: typed },
  });
}

function withoutAgent(): JamError {
  return new JamError("JAM_USAGE_INVALID", "It is not said which agent is to be explained.", {
    hint: "Write VERSION-RELEASE-ARCH (3.6.5-ubuntu-arm64) or a part of it.",
  });
}

async function explainAgent(context: CommandContext, name: string, wishesOffline: boolean): Promise<void> {
  const config = await context.config();
  const { openReader } = await import("../../compose/store.ts");
  const current = await currentSnapshot(await openReader(config), MIRROR_REF);
  const isOffline = wishesOffline || config.mode === "offline";
  const upstream = isOffline ? undefined : await readUpstreamAgents(context, ["*"]);
  const { document, note } = await explainNamed(name, {
    held: current?.agents ?? [],
    upstream,
    rules: config.rules,
    advise: () => adviseOnMissing(context, { word: name, upstream }),
  });
  if (note !== undefined) await context.output.note(note);
  await context.output.print(document, () =>
    document.agents.map((row) => render(row, { context, isOffline })).join("\n"),
  );
}

function render(
  row: ExplainedAgent,
  view: { readonly context: CommandContext; readonly isOffline: boolean },
): string {
  const { paint } = view.context;
  const state = row.taken ? paint("green", "taken") : paint("yellow", row.denied ? "denied" : "not taken");
  const places = [
    row.held ? "held" : "not held",
    ...(view.isOffline ? [] : [row.upstream ? "listed upstream" : "gone upstream"]),
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
