import { printable } from "../../shared/printable.ts";
import { formatByteSize } from "../../shared/byte-size.ts";
import { formatDuration } from "../../shared/duration.ts";
import { formatCount } from "../../shared/listed.ts";
import { describeSite, listSites } from "../../bundle/site/list-sites.ts";
import type { ListedSite, SitesDocument } from "../../bundle/site/sites-document.ts";
import { readReceipts, type ReadReceipts } from "../../bundle/site/read-receipts.ts";
import { updateSites, removeSite, type SiteUpdate } from "../../bundle/site/sites.ts";
import { channelOption, inChannel } from "../input/in-channel.ts";
import { asWriter, type WriterRun } from "../../mirror/as-writer.ts";
import type { CommandCall, CommandContext, DefineCommand } from "../command.ts";
import { formatTable } from "../output/table.ts";
import { readInputFiles } from "../input/input-files.ts";
import { EXIT } from "../exit-status.ts";
import { formatFingerprint, formatSigner } from "../../shared/signature.ts";
import { formatLocalTime } from "../../shared/local-time.ts";

export const define: DefineCommand = (command, run) => {
  command.addHelpText(
    "after",
    `
A site is a far side that sends receipts back. The next bundle for it leaves out what its last receipt lists.

Examples:
  jam site update plant-7.receipt
  jam site list
  jam bundle create --site plant-7 --to /media/stick`,
  );
  command
    .command("list")
    .summary("show each site's last receipt, and how far the site is behind")
    .description("Show each site's last receipt, and how far the site is behind the current snapshot.")
    .addOption(channelOption(command))
    .action(run(inChannel(list)));
  command
    .command("update")
    .summary("import receipts")
    .description(
      "Import receipts from sites. A receipt that is older than the last one changes nothing. One that is refused is listed, and the others are imported (exit status 3).",
    )
    .argument("<file...>", "receipts; - reads standard input, for example the output of a QR code scanner")
    .option("--allow-unsigned", "accept an unsigned receipt, with a warning; recorded in the site")
    .addHelpText("after", "\nExamples:\n  jam site update plant-7.receipt\n  wl-paste | jam site update -")
    .action(run(update));
  command
    .command("remove")
    .summary("forget a site")
    .description("Forget a site. The next delta for it needs a new receipt.")
    .argument("<name>", "name of the site")
    .action(run(remove));
};

async function list(context: CommandContext): Promise<void> {
  const config = await context.config();
  const { openStore } = await import("../../compose/store.ts");
  const { composeDeltaSizes } = await import("../../compose/bundle.ts");
  const document = await listSites(await openStore(config), await composeDeltaSizes(config));
  await context.output.print(document, () => renderSites(document, context));
}

async function renderSites({ sites }: SitesDocument, { now, width }: CommandContext): Promise<string> {
  if (sites.length === 0) {
    return "No receipts imported yet. `jam bundle receipt` writes one on the far side, `jam site update` imports it here.\n";
  }
  return formatTable(
    [
      { heading: "SITE" },
      { heading: "RECEIPT" },
      { heading: "LAST BUNDLE" },
      { heading: "BEHIND" },
      { heading: "NEXT DELTA", align: "right" },
      { heading: "SIGNED BY" },
    ],
    sites.map(({ name, createdAt, bundles, behind, beyond, nextDelta, signedBy }) => [
      name,
      `${formatDuration(now().getTime() - Date.parse(createdAt))} old`,
      bundles.length > 1 ? `${bundles.at(-1)} (+${bundles.length - 1})` : (bundles[0] ?? "-"),
      describeLag(behind, beyond.agents),
      formatByteSize(nextDelta.bytes),
      signedBy === null ? "UNSIGNED" : formatFingerprint(signedBy),
    ]),
    width,
  );
}

function describeLag(behind: ListedSite["behind"], beyond: number): string {
  const lag =
    behind.agents === 0
      ? []
      : [`${formatCount(behind.versions, "version")}, ${formatByteSize(behind.bytes)}`];
  const more = beyond === 0 ? [] : [`${formatCount(beyond, "agent")} to delete`];
  return [...lag, ...more].join("; ") || "up to date";
}

async function update(
  context: CommandContext,
  call: CommandCall<{ readonly allowUnsigned?: true }>,
): Promise<number> {
  const config = await context.config();
  const { openStore, openKeys } = await import("../../compose/store.ts");
  const keys = await openKeys(config);
  const texts = await readInputFiles(context, call.args[0] as readonly string[], "file");
  const read = await readReceipts(texts, {
    verify: (text: string, name: string) => keys.verifyClearsigned(text, name),
    allowUnsigned: call.options.allowUnsigned === true,
  });
  const taken = read.receipts.length === 0 ? { updates: [], refused: [] } : await take(read.receipts);
  const refused = [...read.refused, ...taken.refused];
  const [first] = refused;
  if (first !== undefined && taken.updates.length === 0) throw first.error;
  for (const { receipt, signedBy } of read.receipts) {
    if (signedBy !== null) continue;
    await context.output.warn(
      `warning: the receipt of ${receipt.site} is not signed: anyone who handled it could have changed it.`,
    );
  }
  const sites = taken.updates.map((one) => ({ outcome: one.outcome, ...describeSite(one.site) }));
  const failed = refused.map(({ file, error: { code, message } }) => ({ file, code, message }));
  const lines = [
    ...taken.updates.map(renderUpdate),
    ...failed.map(({ file, code, message }) => {
      const what = message.startsWith(file) ? message : `${printable(file)}: ${message}`;
      return `refused: ${what} [${code}]`;
    }),
  ];
  await context.output.print({ sites, failed }, () => `${lines.join("\n")}\n`);
  return failed.length === 0 ? EXIT.ok : EXIT.partial;

  async function take(receipts: ReadReceipts["receipts"]) {
    const store = await openStore(config, { create: true });
    return asWriter(store, writerRun(context, "jam site update"), () =>
      updateSites(store.documents, receipts, context.now()),
    );
  }
}

function renderUpdate({ outcome, site, earlier }: SiteUpdate): string {
  const { name, receipt, signedBy } = site;
  if (outcome === "outdated") {
    return `${name}: nothing changed: this receipt is older than the last one, of ${formatLocalTime(receipt.createdAt)}.`;
  }
  if (outcome === "known") return `${name}: nothing changed: this receipt was imported before.`;
  const held = `${formatCount(receipt.agents, "agent")}, ${formatByteSize(receipt.bytes)}, on ${formatLocalTime(receipt.createdAt)}`;
  const isNewSigner = earlier !== undefined && earlier.signedBy !== signedBy;
  const signer = `signed by ${formatSigner(signedBy)}`;
  return `${name}: held ${held}; ${signer}${isNewSigner ? `, the one before by ${formatSigner(earlier.signedBy)}` : ""}.`;
}

async function remove(context: CommandContext, call: CommandCall<object>): Promise<void> {
  const name = call.args[0] as string;
  const { openStore } = await import("../../compose/store.ts");
  const store = await openStore(await context.config(), { create: true });
  await asWriter(store, writerRun(context, "jam site remove"), () => removeSite(store.documents, name));
  await context.output.print({ removed: name }, () => `${name}: forgotten.\n`);
}

function writerRun(context: CommandContext, command: string): WriterRun {
  return { command, onNote: (note) => context.output.warn(`warning: ${note}`), signal: context.signal };
}
