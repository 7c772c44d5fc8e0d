import { formatByteSize } from "../../shared/byte-size.ts";
import { formatCount } from "../../shared/listed.ts";
import { asWriter } from "../../mirror/as-writer.ts";
import { planPrune, pruneStore } from "../../mirror/prune.ts";
import type { RetentionPlan } from "../../mirror/retention.ts";
import type { CommandCall, CommandContext, DefineCommand } from "../command.ts";

export const define: DefineCommand = (command, run) => {
  command
    .option("-n, --dry-run", "print what would be deleted, change nothing")
    .addHelpText(
      "after",
      "\nEvery sync prunes when it ends; this command does only that. `retention` in jam.yaml (snapshots, grace,\nquota) decides what is deleted. Nothing is deleted that a client may still be fetching.",
    )
    .action(run(prune));
};

async function prune(context: CommandContext, call: CommandCall<{ dryRun?: true }>): Promise<void> {
  const config = await context.config();
  const isDryRun = call.options.dryRun === true;
  const { openStore } = await import("../../compose/store.ts");
  if (isDryRun) {
    const plan = await planPrune(await openStore(config), config.retention, context.now());
    return print(context, plan, "Would delete");
  }
  const store = await openStore(config, { create: true });
  const run = {
    command: "jam prune",
    onNote: (note: string) => context.output.warn(`warning: ${note}`),
    signal: context.signal,
  };
  const plan = await asWriter(store, run, () => pruneStore(store, config.retention, context.now()));
  await print(context, plan, "Deleted");
}

async function print(context: CommandContext, plan: RetentionPlan, verb: string): Promise<void> {
  const document = {
    pruned: {
      snapshots: plan.snapshots,
      trees: plan.trees,
      blobs: plan.blobs.map(({ sha256, size }) => ({ sha256, size })),
      proofs: plan.proofs,
      bytes: plan.bytes,
    },
  };
  const { snapshots, blobs, trees } = document.pruned;
  const isNothing = snapshots.length + blobs.length + trees.length + plan.proofs.length === 0;
  await context.output.print(document, () =>
    isNothing
      ? "Nothing to prune.\n"
      : `${verb}: ${formatCount(snapshots.length, "snapshot")}, ${formatCount(trees.length, "published tree")}, ${formatCount(blobs.length, "tarball")} (${formatByteSize(plan.bytes)}).\n`,
  );
}
