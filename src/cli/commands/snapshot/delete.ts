import { findSnapshot } from "../../../mirror/list-snapshots.ts";
import type { RetentionPlan } from "../../../mirror/retention.ts";
import type { Store } from "../../../store/store.ts";
import type { CommandCall, CommandContext, DefineCommand } from "../../command.ts";
import { changeStore } from "../../input/change-store.ts";

interface DeleteFlags {
  readonly dryRun?: true;
  readonly forceRemoval?: true;
}

export const defineDelete: DefineCommand = (command, run) => {
  command
    .command("delete")
    .summary("delete snapshots and what only they need")
    .description("Delete snapshots, and the tarballs that nothing else needs.")
    .argument("<snapshot...>", "ids of the snapshots")
    .option("-n, --dry-run", "print what would be deleted, change nothing")
    .option("--force-removal", "delete more at once than retention.maxRemoval allows")
    .addHelpText(
      "after",
      "\nWhat the mirror or a channel shows is not deleted, nor what clients may still be reading from, nor what is pinned.",
    )
    .action(run(remove));
};

async function remove(context: CommandContext, call: CommandCall<DeleteFlags>): Promise<void> {
  const [
    { planDeletion },
    { carryOut, preparePrune, refuseLargePrune },
    { accountFor },
    { describePrune, renderPrune },
  ] = await Promise.all([
    import("../../../mirror/delete-snapshots.ts"),
    import("../../../mirror/prune.ts"),
    import("../../../mirror/prune-account.ts"),
    import("../../render/prune.ts"),
  ]);
  const { retention } = await context.config();
  const words = call.args[0] as readonly string[];
  const planOf = async (store: Store) => {
    const found = await Promise.all(words.map((word) => findSnapshot(store, word)));
    const ids = new Set(found.map(({ id }) => id));
    return planDeletion(store, ids, { graceMs: retention.graceMs, now: context.now() });
  };
  const refuseLarge = (plan: RetentionPlan) => {
    if (call.options.forceRemoval !== true) refuseLargePrune(plan, retention.maxRemoval);
  };
  const planAndAccount = async (store: Store) => {
    const plan = await planOf(store);
    return { plan, account: await accountFor(store, plan) };
  };
  const print = ({ plan, account }: Awaited<ReturnType<typeof planAndAccount>>, verb: string) =>
    context.output.print(describePrune(plan, account), () =>
      renderPrune(plan, { account, verb, width: context.width }),
    );
  if (call.options.dryRun === true) {
    const { openStore } = await import("../../../compose/store.ts");
    const planned = await planAndAccount(await openStore(await context.config()));
    await print(planned, "Would delete");
    refuseLarge(planned.plan);
    return;
  }
  const done = await changeStore(context, "jam snapshot delete", async (store) => {
    const planned = await planAndAccount(store);
    refuseLarge(planned.plan);
    // What is deleted also leaves the trees in which it was kept for its clients; these are built once more without it.
    await preparePrune(store, retention, context.now());
    await carryOut(store, await planOf(store));
    return planned;
  });
  await print(done, "Deleted");
}
