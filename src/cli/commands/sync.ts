import type { ConfigFlags } from "../../config/overrides.ts";
import { ALLOWANCES, type Allowance } from "../../metadata/freshness.ts";
import type { CommandCall, CommandContext, DefineCommand } from "../command.ts";
import { tellUnsafeSettings } from "../dangers.ts";
import { readPlanWishes } from "../input/plan-wishes.ts";
import { runSync, type SyncRun } from "../run-sync.ts";
import { addSettingFlags, settingsFrom } from "../setting-flags.ts";

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
  return runSync(context, {
    config,
    ...wishes,
    allow: new Set(options.allow),
    dryRun: options.dryRun === true,
    savePlan: options.savePlan,
    detailedExitcode: options.detailedExitcode === true,
  });
}

/** The options that follow from a plan file and --forget-plans. */
async function readWishes(
  context: CommandContext,
  flags: SyncFlags,
): Promise<Pick<SyncRun, "asked" | "forgetsPlans">> {
  const forgetsPlans = flags.forgetPlans === true;
  if (flags.plan === undefined) return { forgetsPlans };
  const wishes = await readPlanWishes(context, flags.plan);
  return { asked: { wishes, command: "jam sync --plan" }, forgetsPlans };
}

/** The flags that replace settings. */
function settingsOf(flags: SyncFlags): ConfigFlags {
  return {
    ...settingsFrom(flags, "fetch"),
    upstream: flags.upstream,
    keyring: flags.verify ? flags.keyring : "none",
  };
}
