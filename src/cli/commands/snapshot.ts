import { printable } from "../../shared/printable.ts";
import { formatByteSize } from "../../shared/byte-size.ts";
import { formatDuration } from "../../shared/duration.ts";
import { MIRROR_REF } from "../../shared/ref-name.ts";
import { describeSnapshot, diffSnapshots, findSnapshot, listSnapshots } from "../../mirror/list-snapshots.ts";
import type { SnapshotDiff, SnapshotsDocument } from "../../mirror/snapshots-document.ts";
import { planSwitch, switchSnapshot } from "../../mirror/switch-snapshot.ts";
import type { CommandCall, CommandContext, DefineCommand } from "../command.ts";
import { defineDelete } from "./snapshot/delete.ts";
import { definePin, defineUnpin } from "./snapshot/pin.ts";
import { changeStore } from "../input/change-store.ts";
import { allowOption } from "../input/repeated-option.ts";
import { formatTable } from "../output/table.ts";
import { formatAgentNames } from "../render/agent-names.ts";
import { formatLocalTime } from "../../shared/local-time.ts";

interface SwitchFlags {
  readonly allow?: readonly string[];
  readonly dryRun?: true;
}

export const define: DefineCommand = (command, run) => {
  command.addHelpText(
    "after",
    `
Every sync and import that changes something makes a snapshot, which never changes. The mirror shows one of them;
\`retention\` in jam.yaml decides how many others are kept. A snapshot is named by its id, by the beginning of its id, or
as \`current\`.

Examples:
  jam snapshot list
  jam snapshot diff 20261128 current
  jam snapshot switch 20261128T020000Z-1a2b3c4d --allow rollback`,
  );
  command
    .command("list")
    .summary("list the snapshots that are kept, newest first")
    .description("List the snapshots that are kept, newest first.")
    .action(run(list));
  command
    .command("show")
    .summary("show a snapshot and where it comes from")
    .description("Show a snapshot: its upstream, the signed documents that list its agents, and its agents.")
    .argument("[snapshot]", "id of the snapshot", "current")
    .action(run(show));
  command
    .command("diff")
    .summary("show what changes from one snapshot to another")
    .description("Show which agents are added, removed and changed from one snapshot to another.")
    .argument("<from>", "id of the first snapshot")
    .argument("[to]", "id of the second one", "current")
    .option("--markdown", "write Markdown, for a change ticket")
    .action(run(diff));
  definePin(command, run);
  defineUnpin(command, run);
  defineDelete(command, run);
  command
    .command("switch")
    .summary("show another snapshot to Juju")
    .description("Show another snapshot to Juju, in one step. Downloads in progress can finish.")
    .argument("<snapshot>", "id of the snapshot")
    .addOption(allowOption(command, "allow going back to an older snapshot", ["rollback"]))
    .option("-n, --dry-run", "print what would change, change nothing")
    .addHelpText(
      "after",
      `
The snapshot must be complete: every tarball that it lists is held. The switch is recorded in the history.
The next sync that finds a difference to upstream publishes a new snapshot again. To keep an older one longer, stop the
schedule or change \`select\` in jam.yaml.`,
    )
    .action(run(switchTo));
};

async function list(context: CommandContext): Promise<void> {
  const store = await open(context);
  const document = await listSnapshots(store);
  await context.output.print(document, () => renderList(document, context));
}

async function show(context: CommandContext, call: CommandCall<object>): Promise<void> {
  const store = await open(context);
  const document = await describeSnapshot(store, await findSnapshot(store, call.args[0] as string));
  const { renderSnapshot } = await import("../render/snapshot.ts");
  await context.output.print(document, () => renderSnapshot(document, context));
}

async function diff(context: CommandContext, call: CommandCall<{ readonly markdown?: true }>): Promise<void> {
  const store = await open(context);
  const [from, to] = call.args as [string, string];
  const document = diffSnapshots(await findSnapshot(store, from), await findSnapshot(store, to));
  if (call.options.markdown === true) {
    const { formatDiffMarkdown } = await import("../render/diff-markdown.ts");
    await context.io.stdout.write(formatDiffMarkdown(document));
    return;
  }
  await context.output.print(document, () => renderDiff(document, context));
}

async function switchTo(context: CommandContext, call: CommandCall<SwitchFlags>): Promise<void> {
  const config = await context.config();
  const { openStore } = await import("../../compose/store.ts");
  const store = await openStore(config);
  const find = async () => ({
    ref: MIRROR_REF,
    snapshot: await findSnapshot(store, call.args[0] as string),
    allowsRollback: call.options.allow?.includes("rollback") === true,
    graceMs: config.retention.graceMs,
    now: context.now(),
  });
  if (call.options.dryRun === true) {
    const planned = await planSwitch(store, await find());
    await context.output.print(planned, async () => `Would change:\n${await renderDiff(planned, context)}`);
    return;
  }
  const document = await changeStore(context, "jam snapshot switch", async () =>
    switchSnapshot(store, await find()),
  );
  await context.output.print(document, async () =>
    document.from === document.to
      ? `${document.to} is shown already.\n`
      : `Now shown: ${document.to}\n${await renderDiff(document, context)}`,
  );
}

async function open(context: CommandContext) {
  const config = await context.config();
  const { openReader } = await import("../../compose/store.ts");
  return openReader(config);
}

async function renderList(
  { snapshots, damaged }: SnapshotsDocument,
  context: CommandContext,
): Promise<string> {
  if (snapshots.length + damaged.length === 0)
    return `No snapshot in ${printable((await context.config()).data, Infinity)} yet. \`jam sync\` makes the first one.\n`;
  const table = await formatTable(
    [
      { heading: "SNAPSHOT" },
      { heading: "AGE" },
      { heading: "AGENTS", align: "right" },
      { heading: "SIZE", align: "right" },
      { heading: "SHOWN" },
      { heading: "PINNED" },
      { heading: "FROM" },
    ],
    snapshots.map(({ id, createdAt, agents, bytes, refs, bundle, upstream, verified, pinned }) => [
      id,
      formatDuration(context.now().getTime() - Date.parse(createdAt)),
      String(agents),
      formatByteSize(bytes),
      refs.length === 0 ? "-" : refs.join(","),
      pinned === null ? "-" : (pinned.reason ?? "yes"),
      `${bundle === null ? upstream : `bundle ${bundle}`}${verified ? "" : " (NOT VERIFIED)"}`,
    ]),
    context.width,
  );
  return table + damaged.map(({ message }) => `${context.paint("red", message)}\n`).join("");
}

async function renderDiff(
  { from, to, added, removed, changed, bytes, versions, metadata }: SnapshotDiff,
  { width }: CommandContext,
): Promise<string> {
  if (added.length + removed.length + changed.length + metadata.length === 0)
    return `${from} and ${to} list the same agents.\n`;
  const lines = [`from      ${from}`, `to        ${to}`];
  lines.push(...(await formatAgentNames(`added     ${added.length}: `, added, { width })));
  lines.push(...(await formatAgentNames(`removed   ${removed.length}: `, removed, { width })));
  const others = changed.map(({ agent }) => agent);
  lines.push(...(await formatAgentNames(`changed   ${changed.length}: `, others, { width })));
  if (versions.added.length > 0) lines.push(`versions  new: ${versions.added.join(", ")}`);
  if (versions.removed.length > 0) lines.push(`versions  gone: ${versions.removed.join(", ")}`);
  for (const { path, to: updated } of metadata)
    lines.push(`metadata  ${path}${updated === null ? "" : `, ${formatLocalTime(updated)}`}`);
  lines.push(`size      ${bytes < 0 ? "-" : "+"}${formatByteSize(Math.abs(bytes))}`);
  return `${lines.join("\n")}\n`;
}
