import { Option } from "commander";
import type { UsageDocument, UsageShare } from "../../mirror/usage-document.ts";
import { formatByteSize } from "../../shared/byte-size.ts";
import { formatCount } from "../../shared/listed.ts";
import type { CommandCall, CommandContext, DefineCommand } from "../command.ts";
import { formatTable } from "../output/table.ts";

const GROUPS = {
  stream: { heading: "STREAM", of: (usage: UsageDocument) => usage.streams, shared: "streams" },
  version: { heading: "VERSION", of: (usage: UsageDocument) => usage.versions, shared: "versions" },
  arch: { heading: "ARCH", of: (usage: UsageDocument) => usage.arches, shared: "arches" },
  snapshot: { heading: "SNAPSHOT", of: (usage: UsageDocument) => usage.snapshots, shared: "snapshots" },
  channel: { heading: "SHOWN IN", of: (usage: UsageDocument) => usage.refs, shared: "refs" },
} as const;

type Group = keyof typeof GROUPS;

export const define: DefineCommand = (command, run) => {
  command
    .addOption(new Option("--by <group>", "only this table").choices(Object.keys(GROUPS)))
    .addHelpText(
      "after",
      `
SIZE counts each tarball once. UNIQUE is what nothing else in the same table has: about what deleting that snapshot,
or no longer selecting that version, frees once retention deletes it. "(in several)" is what several rows have.

The lines from "listed" to "unlisted" add up to "total": the bytes of all tarballs on the disk. Partial tarballs and the
quarantine come on top. "alarms" are both sides of paths under which upstream lists other bytes, "withdrawn" is what
onUpstreamRemoval keeps; neither counts what a kept snapshot lists.

Examples:
  jam du
  jam du --by snapshot
  jam du -o json`,
    )
    .action(run(du));
};

async function du(context: CommandContext, call: CommandCall<{ readonly by?: Group }>): Promise<void> {
  const config = await context.config();
  const [{ openStore }, { readUsage }] = await Promise.all([
    import("../../compose/store.ts"),
    import("../../mirror/read-usage.ts"),
  ]);
  const usage = await readUsage(await openStore(config));
  for (const id of usage.damaged)
    await context.output.warn(
      `warning: snapshot ${id} cannot be read, so its tarballs are not counted as listed. \`jam verify\` says more.`,
    );
  const { by } = call.options;
  const groups = by === undefined ? (Object.keys(GROUPS) as Group[]) : [by];
  await context.output.print(usage, async () => {
    const tables = groups.map((group) => renderGroup(group, usage, context.width));
    const shown = (await Promise.all(tables)).filter((table) => table !== "");
    const note = shown.length === 0 ? [] : [UNIQUE_NOTE];
    return [...shown, ...note, ...(by === undefined ? [renderTotals(usage)] : [])].join("\n");
  });
}

const UNIQUE_NOTE = `UNIQUE is what no other row of the same table has: about what is freed when that row goes.
`;

async function renderGroup(group: Group, usage: UsageDocument, width: number): Promise<string> {
  const { heading, of, shared } = GROUPS[group];
  const rows = of(usage);
  if (rows.length === 0) return "";
  const sharedBytes = usage.shared[shared];
  return formatTable(
    [
      { heading },
      { heading: "TARBALLS", align: "right" },
      { heading: "SIZE", align: "right" },
      { heading: "UNIQUE", align: "right" },
    ],
    [
      ...rows.map(({ name, tarballs, bytes, unique }: UsageShare) => [
        name,
        String(tarballs),
        formatByteSize(bytes),
        formatByteSize(unique),
      ]),
      ...(sharedBytes === 0 ? [] : [["(in several)", "", formatByteSize(sharedBytes), ""]]),
    ],
    width,
  );
}

function formatAmount({ tarballs, bytes }: UsageDocument["total"]): string {
  return `${formatCount(tarballs, "tarball")}, ${formatByteSize(bytes)}`;
}

/** One line for each kind of thing that is on the disk or should be; kinds of which there is nothing are left out. */
function renderTotals(usage: UsageDocument): string {
  const { total, listed, freeBytes, quarantine } = usage;
  const lines = [
    line("total", formatAmount(total)),
    line("listed", formatAmount(listed)),
    ...keptLine("withdrawn", usage.withdrawn, "upstream withdrew them (onUpstreamRemoval)"),
    ...keptLine("alarms", usage.alarms, "upstream lists other bytes under a known path"),
    ...amountLine("waiting", usage.waiting, "of bundles that are not complete yet"),
    ...amountLine("cached", usage.cached, "fetched on request, not in a snapshot"),
    ...amountLine("unlisted", usage.unlisted, "not in a snapshot"),
    ...amountLine("partial", usage.partial, "the next sync resumes them"),
    ...quarantineLine(quarantine),
    ...amountLine("MISSING", usage.missing, "`jam sync` fetches what it still selects"),
    ...(freeBytes === null ? [] : [line("free", formatByteSize(freeBytes))]),
  ];
  return `${lines.join("\n")}\n`;
}

function quarantineLine(quarantine: UsageDocument["quarantine"]): string[] {
  if (quarantine === null) return [line("quarantine", "not known: it cannot be read")];
  if (quarantine.files === 0) return [];
  const amount = `${formatCount(quarantine.files, "file")}, ${formatByteSize(quarantine.bytes)}`;
  return [line("quarantine", `${amount}; damaged or refused, and put aside`)];
}

function line(name: string, value: string): string {
  return `${name.padEnd(12)}${value}`;
}

function amountLine(name: string, amount: UsageDocument["total"], why: string): string[] {
  return amount.tarballs === 0 ? [] : [line(name, `${formatAmount(amount)}; ${why}`)];
}

/** What has a reason of its own to stay, and how much of that a snapshot lists as well. */
function keptLine(name: string, amount: UsageDocument["withdrawn"], why: string): string[] {
  if (amount.tarballs + amount.listed.tarballs === 0) return [];
  const also = amount.listed.tarballs === 0 ? "" : `; of those listed: ${formatAmount(amount.listed)}`;
  return [line(name, `${formatAmount(amount)}; ${why}${also}`)];
}
