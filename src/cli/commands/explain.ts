import { JamError } from "../../shared/errors.ts";
import { formatAgentName, type Agent } from "../../juju/agent.ts";
import { explainAgents, type Explanation } from "../../juju/select.ts";
import { readCurrentSnapshot } from "../../sync/current.ts";
import type { CommandCall, CommandContext, DefineCommand } from "../command.ts";
import { listStreams } from "../agent-streams.ts";
import { userAgent } from "../version.ts";

interface ExplainFlags {
  readonly offline?: true;
}

export const define: DefineCommand = (command, run) => {
  command
    .argument("<agent>", "3.6.5-ubuntu-arm64, or a part of it: 3.6.5, 3.6, ubuntu-arm64")
    .option("--offline", "look only at what is held, do not ask upstream")
    .addHelpText(
      "after",
      "\nSays for each agent that the name means whether it is mirrored and held, and what every rule of\n`select` and `deny` says about it. Upstream's metadata is read (and verified) as a sync would.",
    )
    .action(run(explain));
};

interface Row extends Explanation {
  readonly isHeld: boolean;
  readonly isListedUpstream: boolean;
}

async function explain(context: CommandContext, call: CommandCall<ExplainFlags>): Promise<void> {
  const name = call.args[0] as string;
  const config = await context.config();
  const { openStore } = await import("../../compose.ts");
  const current = await readCurrentSnapshot(await openStore(config));
  const held = current?.agents ?? [];
  const isOffline = call.options.offline === true || config.mode === "offline";
  const upstream = isOffline ? undefined : await readUpstream(context);
  const heldNames = new Set(held.map(formatAgentName));
  const upstreamNames = new Set(upstream?.map(formatAgentName));
  const rows = explainAgents(merge(upstream ?? [], held), config.rules, name).map((explanation): Row => {
    const agent = formatAgentName(explanation.verdict.agent);
    return { ...explanation, isHeld: heldNames.has(agent), isListedUpstream: upstreamNames.has(agent) };
  });
  if (rows.length === 0) throw notFound(name, isOffline);
  await context.output.print({ agents: rows.map(document) }, () =>
    rows.map((row) => render(row, { context, isOffline })).join("\n"),
  );
}

async function readUpstream(context: CommandContext): Promise<readonly Agent[]> {
  const { composeSync } = await import("../../compose.ts");
  const { planMirrorSync } = await import("../../sync/sync-mirror.ts");
  const { options, work } = await composeSync(await context.config(), {
    env: context.io.env,
    userAgent: userAgent(),
    observe: () => undefined,
    signal: context.signal,
    allow: new Set(),
    writes: false,
  });
  const everything = { select: [{ streams: ["*"], prereleases: true }], deny: [] };
  return (await planMirrorSync({ ...options, rules: everything }, work)).plan.wanted;
}

/** Upstream's agents and those held ones that upstream no longer lists. */
function merge(upstream: readonly Agent[], held: readonly Agent[]): Agent[] {
  const names = new Set(upstream.map(formatAgentName));
  return [...upstream, ...held.filter((agent) => !names.has(formatAgentName(agent)))];
}

function notFound(name: string, isOffline: boolean): JamError {
  const where = isOffline ? "held" : "listed upstream or held";
  return new JamError("JAM_AGENT_NOT_FOUND", `No agent ${where} is meant by "${name}".`, {
    hint: isOffline
      ? "`jam list` shows what is held; without --offline upstream is asked too."
      : "Write VERSION-RELEASE-ARCH (3.6.5-ubuntu-arm64) or a part of it. `jam list` shows what is held.",
    details: { name },
  });
}

function document({ verdict, rules, isHeld, isListedUpstream }: Row): object {
  const { agent, ...rest } = verdict;
  return {
    agent: formatAgentName(agent),
    streams: listStreams(agent),
    path: agent.path,
    size: agent.size,
    sha256: agent.sha256,
    held: isHeld,
    upstream: isListedUpstream,
    ...rest,
    rules,
  };
}

function render(row: Row, view: { readonly context: CommandContext; readonly isOffline: boolean }): string {
  const { paint } = view.context;
  const { verdict, rules } = row;
  const state = verdict.taken
    ? paint("green", "taken")
    : paint("yellow", verdict.denied ? "denied" : "not taken");
  const places = [
    row.isHeld ? "held" : "not held",
    ...(view.isOffline ? [] : [row.isListedUpstream ? "listed upstream" : "gone upstream"]),
  ];
  const lines = [
    `${paint("bold", formatAgentName(verdict.agent))}: ${state} (${places.join(", ")}; ${listStreams(verdict.agent).join(", ")})`,
    `  ${verdict.reason}`,
    ...rules.map((rule) => `  rule ${rule.rule} (${rule.conditions}): ${rule.reason}`),
  ];
  return `${lines.join("\n")}\n`;
}
