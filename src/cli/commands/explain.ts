import { Option } from "commander";
import { MIRROR_REF } from "../../shared/ref-name.ts";
import { JamError } from "../../shared/errors.ts";
import { asSentence } from "../../shared/as-sentence.ts";
import { printable } from "../../shared/printable.ts";
import type { Config } from "../../config/config.ts";
import type { Agent } from "../../juju/agent.ts";
import type { DocumentStore, Store } from "../../store/store.ts";
import { listShownAgents } from "../../mirror/damaged-list.ts";
import { currentSnapshot } from "../../mirror/read-snapshots.ts";
import { describeUnread, explainNamed, type ExplainSources } from "../../mirror/explain-agents.ts";
import { channelOption, inChannel } from "../input/in-channel.ts";
import type { CommandCall, CommandContext, DefineCommand } from "../command.ts";
import { EXIT } from "../exit-status.ts";
import { isVerbose } from "../global-options.ts";
import type { UnreadUpstream } from "../../mirror/explain-document.ts";
import { adviseOnMissing, readChannelView, readEveryUpstream } from "../upstream-agents.ts";

/** The last sync has an answer, too, so waiting long is not worth it. */
const MAX_RETRIES = 1;

interface ExplainFlags {
  readonly offline?: true;
  readonly wide?: true;
}

export const define: DefineCommand = (command, run) => {
  command
    .argument("[agent]", "an agent, or a part of its name: 3.6.5-ubuntu-arm64, 3.6.5, 3.6, ubuntu-arm64")
    .option("--offline", "use only this mirror, do not contact upstream")
    .option("--wide", "every agent by itself, with what each rule decides (also with -v)")
    .addOption(new Option("--lookup", "now `jam lookup`").hideHelp())
    .on("option:lookup", () => {
      throw new JamError("JAM_USAGE_INVALID", "--lookup: use the command `jam lookup`.", {
        hint: "Write `jam lookup 3.6.5-ubuntu-arm64`; `jam lookup --help` lists its flags.",
        details: { flag: "--lookup" },
      });
    })
    .addOption(channelOption(command))
    .addHelpText(
      "after",
      `
Shows whether the agents that match the name are mirrored and held, and what every rule of \`select\` and \`deny\`
decides about them. Agents with the same answer are printed together. Upstream's metadata is read (and verified) as
by a sync. If it cannot be read, a warning says so, the answer uses what upstream listed at the last sync, and the
exit status is 3. With several upstreams, all of them are read: what one lists and a sync does not take from it is
shown with the reason. Where one cannot be read, the answer may change, and the exit status is 3.
\`jam lookup\` shows how Juju itself looks for an agent.

Examples:
  jam explain 3.6.5-ubuntu-arm64
  jam explain 3.6 --offline`,
    )
    .action(run(inChannel(explain)));
};

async function explain(context: CommandContext, call: CommandCall<ExplainFlags>): Promise<number> {
  const name = call.args[0] as string | undefined;
  if (name === undefined) throw withoutAgent();
  return explainAgent(context, name, call.options);
}

function withoutAgent(): JamError {
  return new JamError("JAM_USAGE_INVALID", "Name the agent to explain.", {
    hint: "Write VERSION-RELEASE-ARCH (3.6.5-ubuntu-arm64) or a part of it.",
  });
}

/** @returns the exit status: partial when upstream cannot be read and what it listed before answers */
async function explainAgent(context: CommandContext, name: string, flags: ExplainFlags): Promise<number> {
  const config = await context.config();
  const { openReader } = await import("../../compose/store.ts");
  const reader = await openReader(config);
  const isOffline = flags.offline === true || config.mode === "offline";
  const { upstream, source, unused, unread } = await readListed(context, isOffline);
  const held = await readHeld(config, reader, context.now());
  const document = await explainNamed(name, {
    held,
    keptBecause: await keptBySync(context, { config, documents: reader.documents, held }),
    upstream,
    source,
    unused,
    unread,
    rules: config.rules,
    advise: () => adviseOnMissing(context, { word: name, upstream }),
    channel: await readChannelView(config),
  });
  if (source === "asked") await warnOfUnread(context, unread);
  if (document.note !== undefined) await context.output.note(document.note);
  await context.output.print(document, async () => {
    const { renderEveryExplanation, renderExplanations } = await import("../render/explain.ts");
    const view = { ...context, source, channel: config.store.ref, isCache: config.mode === "cache" };
    const isSingle = document.agents.length === 1;
    return isSingle || flags.wide === true || isVerbose(context.globals)
      ? renderEveryExplanation(document.agents, view)
      : renderExplanations(document.agents, view);
  });
  return source === "kept" || unread.length > 0 ? EXIT.partial : EXIT.ok;
}

async function warnOfUnread({ output }: CommandContext, unread: readonly UnreadUpstream[]): Promise<void> {
  for (const one of unread)
    await output.warn(
      `warning: ${printable(describeUnread(one))}, so the answer may change: ${asSentence(printable(one.message))}`,
    );
}

type Listed = Required<Pick<ExplainSources, "upstream" | "source" | "unused" | "unread">>;

/** What upstream lists now, or what it listed at the last sync when it cannot be reached. */
async function readListed(context: CommandContext, isOffline: boolean): Promise<Listed> {
  if (isOffline) return { upstream: undefined, source: "none", unused: [], unread: [] };
  try {
    const { agents, offers, failures } = await readEveryUpstream(context, ["*"], MAX_RETRIES);
    const unread = failures.map(({ source, error }) => unreadOf(source.name, error));
    return { upstream: agents, source: "asked", unused: offers, unread };
  } catch (error) {
    if (!(error instanceof JamError) || !isUnread(error)) throw error;
    const { openKnown } = await import("../../compose/known.ts");
    const { readKnownAgents } = await import("../../upgrade/known-agents.ts");
    const { upstream } = await readKnownAgents(await openKnown(await context.config()));
    if (upstream === undefined) throw error;
    await context.output.warn(
      `warning: ${error.family === "upstream" ? "Upstream cannot be read" : "What upstream lists now is refused"} (${error.code}): ${asSentence(printable(error.message))} The answer uses what it listed at the last sync.`,
    );
    const { upstreams } = await context.config();
    return {
      upstream,
      source: "kept",
      unused: [],
      unread: failedOf(error, upstreams[0]?.name ?? "upstream"),
    };
  }
}

/** The last sync has an answer for both; what is listed now was not accepted by it in the second case. */
function isUnread({ family, code }: JamError): boolean {
  return family === "upstream" || code === "JAM_METADATA_MASS_REMOVAL";
}

/** Each upstream that failed; an error about one upstream does not name it. */
function failedOf(error: JamError, only: string): readonly UnreadUpstream[] {
  const named = (error.details["upstreams"] ?? []) as readonly (Omit<UnreadUpstream, "upstream"> & {
    readonly name: string;
  })[];
  return named.length === 0
    ? [unreadOf(only, error)]
    : named.map(({ name, code, message }) => ({ upstream: name, code, message }));
}

function unreadOf(upstream: string, { code, message }: JamError): UnreadUpstream {
  return { upstream, code, message };
}

async function readHeld(
  config: Config,
  { refs, documents }: Pick<Store, "refs" | "documents">,
  now: Date,
): Promise<readonly Agent[]> {
  if (config.mode !== "cache") {
    const current = await currentSnapshot({ refs, documents }, MIRROR_REF);
    return listShownAgents(documents, current?.agents ?? []);
  }
  // A cache has what clients requested, too, which no snapshot lists.
  const { openStore } = await import("../../compose/store.ts");
  const { readShown } = await import("../../mirror/read-shown.ts");
  return (await readShown(await openStore(config), config.cache, now)).held;
}

/** What a sync keeps although no rule takes it: agents of plans, and those that the fleet runs. */
async function keptBySync(
  context: CommandContext,
  {
    config,
    documents,
    held,
  }: {
    readonly config: Config;
    readonly documents: Pick<DocumentStore, "get">;
    readonly held: readonly Agent[];
  },
): Promise<(agents: readonly Agent[]) => (agent: Agent) => string | undefined> {
  const { evaluateAgents } = await import("../../sync/evaluate-rules.ts");
  const { readKeptPlans } = await import("../../mirror/kept-plans.ts");
  const { readRunning } = await import("../input/read-running.ts");
  const kept = await readKeptPlans(documents);
  const running = await readRunning(context, config);
  return (agents) => {
    const { rules } = config;
    const verdicts = evaluateAgents({ agents, listed: held, rules, kept, wishes: undefined, running });
    const reasons = new Map(verdicts.flatMap(({ agent, taken, reason }) => (taken ? [[agent, reason]] : [])));
    return (agent) => reasons.get(agent);
  };
}
