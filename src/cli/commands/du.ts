import { Option } from "commander";
import type { UsageDocument, UsageShare } from "../../mirror/usage-document.ts";
import { formatByteSize } from "../../shared/byte-size.ts";
import { formatCount } from "../../shared/listed.ts";
import type { CommandCall, CommandContext, DefineCommand } from "../command.ts";
import { formatTable } from "../output/table.ts";

const GROUPS = {
  stream: { heading: "STREAM", of: (usage: UsageDocument) => usage.streams },
  version: { heading: "VERSION", of: (usage: UsageDocument) => usage.versions },
  arch: { heading: "ARCH", of: (usage: UsageDocument) => usage.arches },
  snapshot: { heading: "SNAPSHOT", of: (usage: UsageDocument) => usage.snapshots },
  channel: { heading: "SHOWN IN", of: (usage: UsageDocument) => usage.refs },
} as const;

type Group = keyof typeof GROUPS;

export const define: DefineCommand = (command, run) => {
  command
    .addOption(new Option("--by <group>", "only this table").choices(Object.keys(GROUPS)))
    .addHelpText(
      "after",
      `
SIZE counts each tarball once. UNIQUE is what nothing else in the same table has: about what deleting that snapshot,
or no longer selecting that version, frees once retention lets it go.

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
    return by === undefined ? [...shown, renderTotals(usage)].join("\n") : shown.join("");
  });
}

async function renderGroup(group: Group, usage: UsageDocument, width: number): Promise<string> {
  const { heading, of } = GROUPS[group];
  const rows = of(usage);
  if (rows.length === 0) return "";
  return formatTable(
    [
      { heading },
      { heading: "TARBALLS", align: "right" },
      { heading: "SIZE", align: "right" },
      { heading: "UNIQUE", align: "right" },
    ],
    rows.map(({ name, tarballs, bytes, unique }: UsageShare) => [
      name,
      String(tarballs),
      formatByteSize(bytes),
      formatByteSize(unique),
    ]),
    width,
  );
}

function formatAmount({ tarballs, bytes }: UsageDocument["total"]): string {
  return `${formatCount(tarballs, "tarball")}, ${formatByteSize(bytes)}`;
}

function renderTotals({
  total,
  listed,
  cached,
  unlisted,
  partial,
  missing,
  freeBytes,
}: UsageDocument): string {
  const lines = [
    `total     ${formatAmount(total)}`,
    `listed    ${formatAmount(listed)}`,
    ...(cached.tarballs === 0
      ? []
      : [`cached    ${formatAmount(cached)}; fetched on request, not in a snapshot`]),
    ...(unlisted.tarballs === 0 ? [] : [`unlisted  ${formatAmount(unlisted)}; not in a snapshot`]),
    ...(partial.tarballs === 0 ? [] : [`partial   ${formatAmount(partial)}; the next sync resumes them`]),
    ...(missing.tarballs === 0
      ? []
      : [`MISSING   ${formatAmount(missing)}; \`jam sync\` fetches what it still selects`]),
    ...(freeBytes === null ? [] : [`free      ${formatByteSize(freeBytes)}`]),
  ];
  return `${lines.join("\n")}\n`;
}
