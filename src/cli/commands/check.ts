import type { CacheUnderTest } from "../../audit/check-cache.ts";
import type { CheckResult, DataUnderTest } from "../../audit/check-data.ts";
import { printable } from "../../shared/printable.ts";
import { checkSetup } from "../../audit/check-setup.ts";
import { isRefusedChange } from "../../mirror/refused-changes.ts";
import { ERROR_OUTCOMES } from "../../shared/errors.ts";
import type { DocumentSource } from "../../upstream/source.ts";
import type { Config } from "../../config/config.ts";
import type { UnusedOffer } from "../../mirror/unused-offer.ts";
import type { Assessment } from "../../sync/assess.ts";
import type { RuleOutcome } from "../../mirror/run-report.ts";
import { outcomesOf, ruleWarnings } from "../../sync/evaluate-rules.ts";
import type { CommandContext, DefineCommand } from "../command.ts";
import type { PaintStyle } from "../output/output.ts";
import { MIRROR_REF } from "../../shared/ref-name.ts";
import type { RunningUnderTest } from "../../audit/check-running.ts";
import { defined } from "../../shared/collections.ts";
import { channelOption, inChannel } from "../input/in-channel.ts";
import { readChannelAdvice } from "../upstream-agents.ts";
import { createWaitLines } from "../progress.ts";
import { readRunning } from "../input/read-running.ts";
import type { RunningVersions } from "../../mirror/running-versions.ts";
import { userAgent } from "../program-info.ts";
import { EXIT } from "../exit-status.ts";

const STYLES = { ok: "green", warn: "yellow", fail: "red" } as const satisfies Record<
  CheckResult["state"],
  PaintStyle
>;

export const define: DefineCommand = (command, run) => {
  command
    .addHelpText(
      "after",
      "\nReads the settings, loads the keys, reads and verifies upstream's metadata, and lists what each rule of\n`select` selects and what only a later upstream lists of it. Tests that the data directory is writable, checks\nits links, its file modes and the histories of channels, and compares the clock. In cache mode also: refresh,\nstale and quota against each other and the disk, and what the running server sees. Exit status: 0 if no check\nfails, else that of the first failed check: 9 for an upstream, 4 for its signature, 2 for the settings. With\n--quiet only what is not ok is printed.",
    )
    .addOption(channelOption(command))
    .action(run(inChannel(check)));
};

async function check(context: CommandContext): Promise<number> {
  const config = await context.config();
  const { composeUpstreams } = await import("../../compose/sync.ts");
  const { openStore, inspectModes, openKeys } = await import("../../compose/store.ts");
  let rules: readonly RuleOutcome[] = [];
  let wanted: ReadonlySet<string> | undefined;
  const running = await readRunning(context, config);
  const results = await checkSetup({
    configFile: config.file,
    rules: { select: config.rules.select.length, deny: config.rules.deny.length },
    isOffline: config.mode === "offline",
    openSources: () =>
      composeUpstreams(config, {
        env: context.io.env,
        userAgent: userAgent(),
        // A check reports the current state and does not wait.
        retries: 0,
        onWait: (wait) => createWaitLines(context)({ kind: "wait", ...wait }),
      }),
    tryWrite: async () => {
      const { tryWriting } = await import("../../mirror/state-document.ts");
      await tryWriting((await openStore(config, { create: true })).documents);
    },
    evaluateRules: async () => {
      const { assessment, unused } = await assessRules(context, config, running);
      rules = outcomesOf(assessment.rules);
      wanted = new Set(assessment.plan.wanted.map(({ version }) => version));
      const warnings = [...ruleWarnings(assessment.rules), ...assessment.useless()];
      const changed = assessment.failed.filter(isRefusedChange).map(({ agent }) => agent);
      const unread = assessment.failures.map(({ source }) => source.name);
      return { rules, warnings, refusal: assessment.refusal, changed, unused, unread };
    },
    signersBefore: (source) => readSignersBefore(config, source),
    readRunning: async () => ({ running, ...(await readListed(config)), wanted }),
    carryKeys: async () => {
      const keys = await openKeys(config);
      const known = await keys.list();
      return {
        own: known.find(({ isOwn }) => isOwn)?.fingerprint,
        trusted: known.filter(({ isOwn }) => !isOwn).length,
        problems: await keys.problems(),
      };
    },
    ...dataOf(config),
    inspectModes: () => inspectModes(config.data),
    freeBytes: async () => (await openStore(config)).space?.(),
    readCache: () => readCache(context, config),
    now: context.now(),
    signal: context.signal,
  });
  return printResults(context, results, rules);
}

/** What is in the data directory. */
function dataOf(config: Config): Omit<DataUnderTest, "inspectModes"> {
  const open = async () => (await import("../../compose/store.ts")).openStore(config);
  return {
    dataDir: config.data,
    readShown: async () => {
      const { currentSnapshot } = await import("../../mirror/read-snapshots.ts");
      return (await currentSnapshot(await open(), MIRROR_REF))?.agents.length;
    },
    readDamage: async () => {
      const { listDamagedAgents } = await import("../../compose/status.ts");
      return listDamagedAgents(config);
    },
    findHistoryFaults: async () => {
      const { findHistoryFaults } = await import("../../channel/lost-history.ts");
      return findHistoryFaults(await open());
    },
  };
}

async function readCache({ now, signal }: CommandContext, config: Config): Promise<CacheUnderTest> {
  const { composeCacheCheck } = await import("../../compose/check-cache.ts");
  return composeCacheCheck(config, { now: now(), signal });
}

async function printResults(
  context: CommandContext,
  results: readonly CheckResult[],
  rules: readonly RuleOutcome[],
): Promise<number> {
  const isGood = results.every(({ state }) => state !== "fail");
  await context.output.print({ ok: isGood, checks: results, rules }, () => {
    const shown = context.globals.isQuiet ? results.filter(({ state }) => state !== "ok") : results;
    return render(shown, context);
  });
  return isGood ? EXIT.ok : exitStatus(results);
}

/** The status with which a sync would end, so that scripts need one table. */
function exitStatus(results: readonly CheckResult[]): number {
  const code = results.find(({ state }) => state === "fail")?.code;
  return code === undefined ? EXIT.failedCheck : ERROR_OUTCOMES[code].exit;
}

async function readSignersBefore(config: Config, source: DocumentSource): Promise<readonly string[]> {
  const { openReader } = await import("../../compose/store.ts");
  const { currentSnapshot } = await import("../../mirror/read-snapshots.ts");
  const { readUpstreamState } = await import("../../mirror/upstream-state.ts");
  const { signersBefore } = await import("../../mirror/signers.ts");
  const store = await openReader(config);
  const state = await readUpstreamState(store.documents, await currentSnapshot(store, MIRROR_REF));
  return signersBefore(state, source, source.name === config.upstreams[0]?.name);
}

async function readListed(config: Config): Promise<Pick<RunningUnderTest, "held" | "channel">> {
  return { held: await heldVersions(config), ...defined({ channel: await readChannel(config) }) };
}

async function readChannel(config: Config): Promise<RunningUnderTest["channel"]> {
  const channel = await readChannelAdvice(config);
  return (
    channel && {
      name: channel.view.name,
      adviseOn: (version) => channel.hint({ versions: version }),
    }
  );
}

async function heldVersions(config: Config): Promise<ReadonlySet<string>> {
  const { openStore } = await import("../../compose/store.ts");
  const { currentSnapshot } = await import("../../mirror/read-snapshots.ts");
  const agents = (await currentSnapshot(await openStore(config), MIRROR_REF))?.agents ?? [];
  return new Set(agents.map(({ version }) => version));
}

/** What a sync would decide now; nothing is fetched or changed. */
async function assessRules(
  context: CommandContext,
  config: Config,
  running: RunningVersions | undefined,
): Promise<{ readonly assessment: Assessment; readonly unused: readonly UnusedOffer[] }> {
  const { composeSync } = await import("../../compose/sync.ts");
  const { planMirrorSync } = await import("../../sync/sync-mirror.ts");
  const { options, work } = await composeSync(config, {
    env: context.io.env,
    userAgent: userAgent(),
    observe: () => undefined,
    signal: context.signal,
    allow: new Set(),
    writes: false,
    // Each upstream was asked already; one that does not answer is in the results.
    retries: 0,
  });
  const assessment = await planMirrorSync({ ...options, running }, work);
  if (work.sources.length === 1) return { assessment, unused: [] };
  const { offersWithinRules, readUnusedOffers } = await import("../../sync/unused-offers.ts");
  const offers = await readUnusedOffers(options, work, assessment);
  const used = [assessment.listed, ...assessment.further.map(({ agents }) => agents)].flat();
  return { assessment, unused: offersWithinRules(offers, used, config.rules) };
}

function render(results: readonly CheckResult[], { paint }: CommandContext): string {
  const lines = results.flatMap(({ check, state, detail, hint }) => {
    const line = `${paint(STYLES[state], state.padEnd(4))}  ${check.padEnd(13)}  ${printable(detail, Infinity)}`;
    return hint === undefined ? [line] : [line, `${" ".repeat(21)}→ ${printable(hint, Infinity)}`];
  });
  return lines.map((line) => `${line}\n`).join("");
}
