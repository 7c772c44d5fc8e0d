import { asWriter } from "../../mirror/as-writer.ts";
import { carryOut, planPrune, preparePrune, refuseLargePrune } from "../../mirror/prune.ts";
import type { RetentionPlan } from "../../mirror/retention.ts";
import type { CommandCall, CommandContext, DefineCommand } from "../command.ts";
import { describePrune, renderPrune } from "../render/prune.ts";

interface PruneFlags {
  readonly dryRun?: true;
  readonly forceRemoval?: true;
}

export const define: DefineCommand = (command, run) => {
  command
    .option("-n, --dry-run", "print what would be deleted and why, change nothing")
    .option("--force-removal", "delete more at once than retention.maxRemoval allows")
    .addHelpText(
      "after",
      `
Every sync prunes when it ends; this command does only that. \`retention\` in jam.yaml (snapshots, age, grace,
quota) decides what is deleted. What a client may still be fetching stays, and so do pinned snapshots
(\`jam snapshot pin\`) and what every channel shows. Parts of tarballs that no run has resumed for 7 days go as well.

Examples:
  jam prune --dry-run
  jam du --by snapshot                 what each snapshot needs`,
    )
    .action(run(prune));
};

async function prune(context: CommandContext, call: CommandCall<PruneFlags>): Promise<void> {
  const config = await context.config();
  const { retention } = config;
  const { dryRun, forceRemoval } = call.options;
  const { openStore } = await import("../../compose/store.ts");
  if (dryRun === true) {
    const plan = await planPrune(await openStore(config), retention, context.now());
    await print(context, plan, "Would delete");
    if (forceRemoval !== true) refuseLargePrune(plan, retention.maxRemoval);
    return;
  }
  const store = await openStore(config, { create: true });
  const run = {
    command: "jam prune",
    onNote: (note: string) => context.output.warn(`warning: ${note}`),
    signal: context.signal,
  };
  const plan = await asWriter(store, run, async () => {
    await preparePrune(store, retention, context.now());
    const planned = await planPrune(store, retention, context.now());
    if (forceRemoval !== true) refuseLargePrune(planned, retention.maxRemoval);
    await carryOut(store, planned);
    return planned;
  });
  await print(context, plan, "Deleted");
}

async function print(context: CommandContext, plan: RetentionPlan, verb: string): Promise<void> {
  await context.output.print(describePrune(plan), () => renderPrune(plan, verb, context.width));
}
