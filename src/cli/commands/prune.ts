import { asWriter } from "../../mirror/as-writer.ts";
import { carryOut, foreseePrune, planPrune, preparePrune, refuseLargePrune } from "../../mirror/prune.ts";
import { accountFor, type PruneAccount } from "../../mirror/prune-account.ts";
import type { RetentionPlan } from "../../mirror/retention.ts";
import type { CommandCall, CommandContext, DefineCommand } from "../command.ts";
import { describePrune, isNothing, renderPrune } from "../render/prune.ts";

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

Each row names what goes, the size of its tarballs, and the reason. A tarball that several snapshots list is in the row
of each of them; the last line counts it once. Published trees are links: they have no size of their own.

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
    const store = await openStore(config);
    const plan = await foreseePrune(store, retention, context.now());
    await print(context, { plan, account: await accountFor(store, plan), verb: "Would delete" });
    if (forceRemoval !== true) refuseLargePrune(plan, retention.maxRemoval);
    return;
  }
  const store = await openStore(config, { create: true });
  const run = {
    command: "jam prune",
    onNote: (note: string) => context.output.warn(`warning: ${note}`),
    signal: context.signal,
  };
  const { plan, account } = await asWriter(store, run, async () => {
    await preparePrune(store, retention, context.now());
    const planned = await planPrune(store, retention, context.now());
    if (forceRemoval !== true) refuseLargePrune(planned, retention.maxRemoval);
    const before = await accountFor(store, planned);
    await carryOut(store, planned);
    return { plan: planned, account: before };
  });
  await print(context, { plan, account, verb: "Deleted" });
}

interface Pruned {
  readonly plan: RetentionPlan;
  readonly account: PruneAccount;
  readonly verb: string;
}

async function print(context: CommandContext, { plan, account, verb }: Pruned): Promise<void> {
  // As for the other commands that cron runs: where all is well there is nothing to read.
  if (context.globals.isQuiet && context.output.format === "table" && isNothing(plan)) return;
  await context.output.print(describePrune(plan, account), () =>
    renderPrune(plan, { account, verb, width: context.width }),
  );
}
