import { printable } from "../../shared/printable.ts";
import { ERROR_OUTCOMES, JamError } from "../../shared/errors.ts";
import type { ConfigFlags } from "../../config/overrides.ts";
import { ALLOWANCES, type Allowance } from "../../metadata/freshness.ts";
import { isRefusedChange } from "../../mirror/refused-changes.ts";
import type { SyncReport } from "../../mirror/run-report.ts";
import type { SyncOptions } from "../../sync/sync-mirror.ts";
import type { CommandCall, CommandContext, DefineCommand } from "../command.ts";
import { readRunning } from "../input/read-running.ts";
import { tellUnsafeSettings } from "../dangers.ts";
import { createProgress } from "../progress.ts";
import { planDocument, renderPlan, type PlannedSync } from "../render/sync-plan.ts";
import { renderReport, reportDocument } from "../render/run-report.ts";
import { addSettingFlags, settingsFrom } from "../setting-flags.ts";
import { userAgent } from "../program-info.ts";
import { EXIT } from "../exit-status.ts";

interface SyncFlags {
  readonly dryRun?: true;
  readonly savePlan?: string;
  readonly plan?: string;
  readonly forgetPlans?: true;
  readonly detailedExitcode?: true;
  readonly verify: boolean;
  readonly keyring?: string;
  readonly upstream?: string;
  readonly allow?: readonly Allowance[];
}

export const define: DefineCommand = (command, run) => {
  command
    .option("-n, --dry-run", "print what would be fetched and removed, change nothing")
    .option("--save-plan <file>", "also write the plan of this run as JSON")
    .option("--plan <file>", "fetch only what an upgrade plan (jam plan) needs; removes nothing")
    .option("--forget-plans", "stop keeping agents that only earlier upgrade plans requested");
  addSettingFlags(command, "fetch");
  command
    .option("--upstream <url>", "use this URL or folder instead of the configured upstreams")
    .option(
      "--keyring <file>",
      "trust the OpenPGP keys in this file (default: Juju's key, which is built in)",
    )
    .option("--no-verify", "DANGER: accept metadata without a valid signature; recorded in the snapshot")
    .option("--detailed-exitcode", "exit with 10 instead of 0 if something changed or would change")
    .addHelpText("after", HELP);
  // No argument follows, so that it may have several words.
  command.addOption(
    command.createOption("--allow <what...>", "override a check for this run").choices(ALLOWANCES),
  );
  command.action(run(sync));
};

const HELP = `
Checks that --allow overrides. Look at upstream first:
  rollback      metadata older than what was accepted before
  future        metadata dated in the future
  expired-key   metadata from before its key expired that this mirror has not accepted before
  mass-removal  more agents to remove than retention.maxRemoval allows, upstream or by an edit of jam.yaml
  path-reuse    different bytes under the name of an agent in the mirror
  inconsistent  an index and product files that do not belong together

Examples:
  jam sync --dry-run
  jam sync --quiet                     for cron: prints only warnings, and agents that it removed
  jam sync --plan plan.json            fetch what one upgrade needs; later syncs keep it
  jam sync --limit-rate 10MB --jobs 2`;

async function sync(context: CommandContext, call: CommandCall<SyncFlags>): Promise<number> {
  const { options } = call;
  const config = await context.config(settingsOf(options));
  if (options.verify) await tellUnsafeSettings(context, config);
  const wishes = await readWishes(context, options);
  const { composeSync } = await import("../../compose/sync.ts");
  const { planMirrorSync, syncMirror } = await import("../../sync/sync-mirror.ts");
  const progress = createProgress(context);
  const promoted: string[] = [];
  try {
    const running = await readRunning(context, config);
    const composed = await composeSync(config, {
      running,
      onPromoted: (message) => promoted.push(message),
      env: context.io.env,
      userAgent: userAgent(),
      observe: progress.observe,
      signal: context.signal,
      allow: new Set(options.allow),
      writes: options.dryRun !== true,
    });
    const syncOptions = { ...composed.options, ...wishes, running };
    if (options.dryRun === true || options.savePlan !== undefined) {
      const planned = await planMirrorSync(syncOptions, composed.work);
      if (options.savePlan !== undefined) await savePlan(options.savePlan, planned, context);
      if (options.dryRun === true) {
        await progress.close();
        return await printPlan(context, planned, options);
      }
    }
    const report = await syncMirror(syncOptions, composed.work);
    await progress.close();
    for (const message of promoted) await context.output.note(message);
    return await printReport(context, report, options);
  } finally {
    await progress.close();
  }
}

/** The options that follow from a plan file and --forget-plans. */
async function readWishes(
  context: CommandContext,
  flags: SyncFlags,
): Promise<Pick<SyncOptions, "wishes" | "forgetsPlans">> {
  const forgetsPlans = flags.forgetPlans === true;
  if (flags.plan === undefined) return { forgetsPlans };
  const { readInputFile } = await import("../input/input-files.ts");
  const { parsePlan } = await import("../../upgrade/plan/plan-document.ts");
  const { wishesOf } = await import("../../upgrade/plan/plan-document.ts");
  const plan = parsePlan(await readInputFile(context, flags.plan, "--plan"));
  const { wishes, unobtainable } = wishesOf(plan);
  if (unobtainable.length > 0) {
    await context.output.note(
      `Not fetched, because no upstream listed them when the plan was made: ${unobtainable.join(", ")}.`,
    );
  }
  if (wishes.agents.size === 0) {
    await context.output.warn(
      unobtainable.length > 0
        ? "warning: no agent of the plan can be fetched, so this run fetches none."
        : "warning: the plan needs no agents, so this run fetches none.",
    );
  }
  return { wishes, forgetsPlans };
}

/** The flags that replace settings. */
function settingsOf(flags: SyncFlags): ConfigFlags {
  return {
    ...settingsFrom(flags, "fetch"),
    upstream: flags.upstream,
    keyring: flags.verify ? flags.keyring : "none",
  };
}

async function savePlan(file: string, planned: PlannedSync, context: CommandContext): Promise<void> {
  const { writeFile } = await import("node:fs/promises");
  const { resolve } = await import("node:path");
  const path = resolve(context.io.cwd, file);
  try {
    await writeFile(path, `${JSON.stringify(planDocument(planned), null, 2)}\n`);
  } catch (cause) {
    throw new JamError("JAM_USAGE_INVALID", `The plan cannot be written to ${file}.`, {
      cause,
      hint: "Name a file in a folder that exists and that you may write to.",
      details: { file },
    });
  }
  await context.output.note(`Wrote ${printable(path, Infinity)}`);
}

async function printPlan(context: CommandContext, planned: PlannedSync, flags: SyncFlags): Promise<number> {
  const { plan, refusal } = planned;
  await context.output.print(planDocument(planned), () => renderPlan(planned, context.width));
  if (refusal !== undefined) {
    const { renderError } = await import("../output/error-text.ts");
    await context.output.warn(renderError(refusal, context.paintError, false));
    return ERROR_OUTCOMES[refusal.code].exit;
  }
  if (planned.failed.some(isRefusedChange)) return EXIT.untrusted;
  const isPending = plan.fetch.length > 0 || plan.remove.length > 0;
  return isPending && flags.detailedExitcode === true ? EXIT.changes : 0;
}

async function printReport(context: CommandContext, report: SyncReport, flags: SyncFlags): Promise<number> {
  const isGood = report.outcome === "unchanged" || report.outcome === "updated";
  const isSilent = context.globals.isQuiet && isGood && context.output.format === "table";
  if (isSilent) await tellRemovals(context, report);
  else await context.output.print(reportDocument(report), () => renderReport(report, context));
  if (report.failed.some(isRefusedChange)) return EXIT.untrusted;
  if (!isGood) return EXIT.partial;
  return report.outcome === "updated" && flags.detailedExitcode === true ? EXIT.changes : 0;
}

/** With --quiet: whoever runs jam from cron has to hear of it when a version that machines may request is gone. */
async function tellRemovals(
  { output, width }: CommandContext,
  { removed, omitted }: SyncReport,
): Promise<void> {
  if (removed.length === 0) return;
  const { formatAgentNames } = await import("../render/agent-names.ts");
  const lines = await formatAgentNames("removed  ", removed, { omitted: omitted?.removed, width });
  await output.warn(lines.join("\n"));
}
