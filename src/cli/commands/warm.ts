import { formatAgentName, listStreams, type Agent } from "../../juju/agent.ts";
import { readAgentText } from "../../juju/version-text.ts";
import type { Config } from "../../config/config.ts";
import type { PlanWishes } from "../../mirror/kept-plans.ts";
import { JamError } from "../../shared/errors.ts";
import { printable } from "../../shared/printable.ts";
import type { CommandCall, CommandContext, DefineCommand } from "../command.ts";
import { tellUnsafeSettings } from "../dangers.ts";
import { repeatedOption } from "../input/repeated-option.ts";
import { everyPlanWish, readPlanFile } from "../input/plan-wishes.ts";
import { runSync } from "../run-sync.ts";
import { addSettingFlags, settingsFrom } from "../setting-flags.ts";

interface WarmFlags {
  readonly dryRun?: true;
  readonly plan?: string;
  readonly fleet?: string;
  readonly arch?: readonly string[];
  readonly detailedExitcode?: true;
}

const HELP = `
Fetches now what an upgrade will request later, so that a line that is down then does no harm. What was fetched is kept until
jam sync --forget-plans, whatever the quota of the cache is. The rest of the mirror stays as it is.

--plan takes the output of jam plan. --fleet takes what Juju prints about controllers and models, and fetches what the upgrade to
VERSION needs, and what runs today; without VERSION that is the newest patch of each minor. Otherwise name versions or agents as for
jam list: 3.6.27, 3.6, 3.6.27-ubuntu-arm64.

Exit status: 0 all of it is held, 3 something is missing, 5 an agent is not listed, 7 refused with mode: offline,
9 upstream cannot be reached.

Examples:
  jam warm --plan plan.json
  jam warm --fleet fleet/ 3.6.27
  jam warm 3.6.27 4.0.15-ubuntu-arm64
  jam warm 3.6 --arch amd64 --dry-run`;

export const define: DefineCommand = (command, run) => {
  command
    .argument("[agent...]", "versions or agents; with --fleet the version to upgrade to")
    .option("--plan <file>", "fetch what an upgrade plan (jam plan) needs; - reads standard input")
    .option("--fleet <file>", "fetch what a fleet needs: output of Juju, or a folder with it")
    .addOption(repeatedOption(command, "--arch <arch>", "only agents for this architecture"))
    .option("-n, --dry-run", "print what would be fetched, change nothing")
    .option("--detailed-exitcode", "exit with 10 instead of 0 if something changed or would change");
  addSettingFlags(command, "fetch");
  command.addHelpText("after", HELP).action(run(warm));
};

async function warm(context: CommandContext, call: CommandCall<WarmFlags>): Promise<number> {
  const { options } = call;
  const config = await context.config(settingsFrom(options, "fetch"));
  const words = (call.args[0] ?? []) as readonly string[];
  refuseUnclear(words, options);
  if (config.mode === "offline") throw offline();
  await tellUnsafeSettings(context, config);
  return runSync(context, {
    config,
    asked: { wishes: await readWishes(context, config, { ...options, words }), command: "jam warm" },
    allow: new Set(),
    dryRun: options.dryRun === true,
    detailedExitcode: options.detailedExitcode === true,
  });
}

function refuseUnclear(words: readonly string[], { plan, fleet, arch }: WarmFlags): void {
  const hint = "For example: jam warm --plan plan.json, jam warm --fleet fleet/ 3.6.27, or jam warm 3.6.27";
  const refuse = (message: string) => new JamError("JAM_USAGE_INVALID", message, { hint });
  if (plan !== undefined && fleet !== undefined) throw refuse("--plan cannot be combined with --fleet.");
  if (plan !== undefined && words.length > 0) throw refuse("--plan has every agent: name no others.");
  if (plan !== undefined && arch !== undefined) throw refuse("--plan cannot be combined with --arch.");
  if (fleet !== undefined && words.length > 1) throw refuse("With --fleet give one version to upgrade to.");
  if (plan === undefined && fleet === undefined && words.length === 0)
    throw refuse("Name what to fetch: --plan FILE, --fleet PATH, versions or agents.");
}

function offline(): JamError {
  return new JamError("JAM_OFFLINE", "This mirror is in offline mode: nothing is fetched.", {
    hint: "Import agents with `jam bundle import`, or set `mode: cache` in jam.yaml.",
  });
}

async function readWishes(
  context: CommandContext,
  config: Config,
  { plan, fleet, arch, words }: WarmFlags & { readonly words: readonly string[] },
): Promise<PlanWishes> {
  if (plan !== undefined) return everyPlanWish(await readPlanFile(context, plan));
  if (fleet === undefined) return namedWishes(context, config, { words, arch });
  const { planFromFlags } = await import("../input/plan-flags.ts");
  const [to] = words;
  const flags = { fleet: [fleet], stream: "released", modelType: "iaas" } as const;
  const wanted = { ...flags, ...(to !== undefined && { to }), ...(arch !== undefined && { arch }) };
  return { ...(await everyPlanWish(await planFromFlags(context, wanted, "missing"))), by: "fleet" };
}

interface Named {
  readonly words: readonly string[];
  readonly arch: readonly string[] | undefined;
}

/**
 * What the words mean: agents that are offered or held, else others that upstream listed last, else what it lists now.
 * @throws JamError JAM_AGENT_NOT_FOUND for a word that means no agent, JAM_UPSTREAM_…
 */
async function namedWishes(
  context: CommandContext,
  config: Config,
  { words, arch }: Named,
): Promise<PlanWishes> {
  const { openKnown } = await import("../../compose/known.ts");
  const { readKnownAgents } = await import("../../upgrade/known-agents.ts");
  const { held, shown = held, upstream = [] } = await readKnownAgents(await openKnown(config));
  const lists = [[...shown, ...held], upstream];
  const found = new Map<string, Agent>();
  let now: ListedNow | undefined;
  for (const word of words) {
    let matching = findMeant(lists, word, arch);
    if (matching === undefined) {
      now ??= await readNow(context, word);
      matching = findMeant([now.agents], word, arch);
    }
    if (matching === undefined) throw notListed(word, now?.unread ?? []);
    for (const agent of matching) found.set(formatAgentName(agent), agent);
  }
  const streams = new Set([...found.values()].flatMap(listStreams));
  return {
    by: "name",
    agents: new Map([...found].map(([name, { sha256 }]) => [name, sha256])),
    streams: [...streams],
  };
}

/** What a word means in the first of these lists that has anything of it. */
function findMeant(
  lists: readonly (readonly Agent[])[],
  word: string,
  arch: Named["arch"],
): readonly Agent[] | undefined {
  const isWanted = (agent: Agent) => arch === undefined || arch.includes(agent.arch);
  return lists
    .map((agents) => agents.filter(isWanted).filter(readAgentText(word, agents).isMeant))
    .find((agents) => agents.length > 0);
}

interface ListedNow {
  readonly agents: readonly Agent[];
  /** Upstreams that could not be read. */
  readonly unread: readonly string[];
}

/** A version may have been released since upstream was read last, or a later upstream lists it. */
async function readNow(context: CommandContext, word: string): Promise<ListedNow> {
  const { readEveryUpstream } = await import("../upstream-agents.ts");
  try {
    const { agents, offers, failures } = await readEveryUpstream(context, ["*"], Infinity);
    const unread = failures.map(({ source }) => source.name);
    return { agents: [...agents, ...offers.flatMap((offer) => offer.agents)], unread };
  } catch (error) {
    if (!(error instanceof JamError) || error.family !== "upstream") throw error;
    const name = printable(word, 60);
    throw error.with({ prefix: `"${name}" is neither held nor known from upstream's last list, and ` });
  }
}

function notListed(word: string, unread: readonly string[]): JamError {
  const which = unread.length === 0 ? "listed upstream" : "listed by an upstream that could be read";
  const doubt =
    unread.length === 0
      ? "`jam list` shows what is held, `jam explain` with a version what upstream lists."
      : `${unread.join(" and ")} could not be read and may list it: repeat the command when that has passed. \`jam check\` shows what is wrong.`;
  return new JamError(
    "JAM_AGENT_NOT_FOUND",
    `"${printable(word, 60)}" matches no agent that is held or ${which}.`,
    { hint: doubt, details: { name: word } },
  );
}
