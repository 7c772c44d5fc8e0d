import { findSnapshot } from "../../../mirror/list-snapshots.ts";
import type { CommandCall, CommandContext, DefineCommand } from "../../command.ts";
import { changeStore } from "../../input/change-store.ts";

export const definePin: DefineCommand = (command, run) => {
  command
    .command("pin")
    .summary("keep a snapshot until it is unpinned")
    .description("Keep a snapshot, whatever retention says, until it is unpinned.")
    .argument("[snapshot]", "id of the snapshot", "current")
    .option("--reason <text>", "why, for whoever looks at the list; without it an earlier reason stays")
    .action(run(pin));
};

export const defineUnpin: DefineCommand = (command, run) => {
  command
    .command("unpin")
    .summary("leave a snapshot to retention again")
    .description(
      "Leave a snapshot to retention again. Nothing is deleted until the next sync or `jam prune`.",
    )
    .argument("<snapshot>", "id of the snapshot")
    .action(run(unpin));
};

async function pin(context: CommandContext, call: CommandCall<{ readonly reason?: string }>): Promise<void> {
  const { whoRuns } = await import("../../../compose/who-runs.ts");
  const { pinSnapshot } = await import("../../../mirror/pinned-snapshots.ts");
  const document = await changeStore(context, "jam snapshot pin", async (store) => {
    const { id } = await findSnapshot(store, call.args[0] as string);
    const made = {
      at: context.now().toISOString(),
      who: whoRuns(context.io.env),
      reason: call.options.reason ?? null,
    };
    return { pinned: { snapshot: id, ...(await pinSnapshot(store.documents, id, made)) } };
  });
  await context.output.print(document, () => `Pinned: ${document.pinned.snapshot}\n`);
}

async function unpin(context: CommandContext, call: CommandCall<object>): Promise<void> {
  const { unpinSnapshot } = await import("../../../mirror/pinned-snapshots.ts");
  const document = await changeStore(context, "jam snapshot unpin", async (store) => {
    const { id } = await findSnapshot(store, call.args[0] as string);
    return { unpinned: id, wasPinned: await unpinSnapshot(store.documents, id) };
  });
  const { unpinned, wasPinned } = document;
  await context.output.print(document, () =>
    wasPinned ? `No longer pinned: ${unpinned}\n` : `${unpinned} was not pinned.\n`,
  );
}
