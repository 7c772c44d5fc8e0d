import { afterwards } from "../../render/next-steps.ts";
import type { Command } from "commander";
import type { ImportReport } from "../../../bundle/import/import-work.ts";
import { ALLOWANCES, type Allowance } from "../../../metadata/freshness.ts";
import { formatByteSize } from "../../../shared/byte-size.ts";
import { countRows, formatCount } from "../../../shared/listed.ts";
import { isRefusedChange } from "../../../mirror/refused-changes.ts";
import { renderRefused } from "../../render/run-report.ts";
import { printable } from "../../../shared/printable.ts";
import { shellCommand } from "../../../shared/shell-command.ts";
import type { CommandCall, CommandContext, RunAction } from "../../command.ts";
import { allowOption } from "../../input/repeated-option.ts";
import { EXIT } from "../../exit-status.ts";
import { formatTable } from "../../output/table.ts";
import { readRunning } from "../../input/read-running.ts";
import { createProgress } from "../../progress.ts";
import { formatAgentNames } from "../../render/agent-names.ts";
import { tellRemovals } from "../../render/removals.ts";
import { formatTotals } from "../../render/totals.ts";
import { formatFingerprint } from "../../../shared/signature.ts";

interface ImportFlags {
  readonly dryRun?: true;
  readonly allow?: readonly Allowance[];
  readonly allowUnsigned?: true;
  readonly channel?: string;
}

/** Adds `import` to `parent`. */
export function defineImport(parent: Command, run: RunAction): void {
  const command = parent
    .command("import")
    .summary("import bundles, and publish those that are complete")
    .description(
      "Import bundles, and publish those that are complete. Volumes may come in any order, on one medium or on several.",
    )
    .argument("<from...>", "volumes, folders that contain them, or - for standard input")
    .option("-n, --dry-run", "read how the volumes begin, and print what would be imported")
    .option(
      "--allow-unsigned",
      "DANGER: accept a bundle whose signer is not trusted here; recorded in the snapshot",
    )
    .option("--channel <channel>", "import into this channel, which is made if it does not exist")
    .addHelpText("after", HELP);
  command.addOption(allowOption(command, "override a check for this run", ALLOWANCES));
  command.action(run(importAll));
}

const HELP = `
Nothing is published until everything that the bundle lists has arrived and been verified; received data is kept until
then. Insert one medium after the other and run the command for each.

--channel imports into a channel instead of the mirror: one that takes from bundles (from: bundle), or one that does not
exist yet. A bundle that was made with --channel carries the history of its channel. It has to continue what was imported
before; jam channel history NAME --imported shows it.

What --allow overrides:
  rollback      a bundle, or metadata in it, older than what this mirror shows
  future        metadata dated in the future
  expired-key   a new bundle, or new metadata in it, signed before its key expired
  mass-removal  more agents removed than retention.maxRemoval allows
  path-reuse    different contents under the name of an agent that is here
  inconsistent  an index and product files that do not belong together

Examples:
  jam bundle import /media/stick/
  jam bundle import disc1/jam-x.001.tar      then disc 2, disc 3, in any order
  jam bundle import /media/stick/ --channel prod
  ssh gateway cat bundle.tar | jam bundle import -`;

async function importAll(context: CommandContext, call: CommandCall<ImportFlags>): Promise<number> {
  const { options } = call;
  const config = await context.config();
  const { composeImport, composeInputs } = await import("../../../compose/bundle.ts");
  const paths = call.args[0] as readonly string[];
  const inputs = await composeInputs(paths, { cwd: context.io.cwd, stdin: context.io.readBytes });
  const progress = createProgress(context);
  const promoted: string[] = [];
  try {
    const { rules, work } = await composeImport(config, {
      env: context.io.env,
      onPromoted: (message) => promoted.push(message),
      observe: progress.observe,
      signal: context.signal,
      allow: new Set(options.allow),
      allowsUnsigned: options.allowUnsigned === true,
      running: await readRunning(context, config),
      writes: options.dryRun !== true,
      channel: options.channel,
    });
    if (options.dryRun === true) {
      const { printDryRun } = await import("./import-dry-run.ts");
      return await printDryRun(context, inputs, { rules, work });
    }
    const { importBundles } = await import("../../../bundle/import/import-bundles.ts");
    const report = await importBundles(inputs, rules, work);
    await progress.close();
    for (const message of promoted) await context.output.note(message);
    return await printReport(context, report);
  } finally {
    await progress.close();
  }
}

async function printReport(context: CommandContext, report: ImportReport): Promise<number> {
  const isGood = report.outcome !== "partial" && report.faults.length + report.failed.length === 0;
  if (context.globals.isQuiet && isGood && context.output.format === "table") {
    for (const message of report.warnings)
      await context.output.warn(`warning: ${printable(message, Infinity)}`);
    await tellRemovals(context, report);
  } else await context.output.print(report, () => render(report, context));
  if (report.faults.length > 0 || report.failed.some(isRefusedChange)) return EXIT.untrusted;
  return report.outcome === "partial" ? EXIT.partial : EXIT.ok;
}

const IMPORT_REFUSED_NEXT =
  "What this mirror lists is unchanged. Ask the maker of the bundle why they changed; `jam bundle import FOLDER --allow path-reuse` accepts the new ones.";

async function render(report: ImportReport, { paint, width, globals }: CommandContext): Promise<string> {
  const lines = [headline(report, paint)];
  for (const { id, state, signedBy } of report.bundles) {
    lines.push(
      `  bundle   ${id} (${state}), ${signedBy === null ? paint("red", "SIGNER NOT TRUSTED") : `signed by ${formatFingerprint(signedBy)}`}`,
    );
  }
  const { imported, held, tarballs, added, removed } = report;
  const { omitted } = report;
  lines.push(...(await formatAgentNames("  new      ", added, { omitted: omitted?.added, width })));
  lines.push(...(await formatAgentNames("  removed  ", removed, { omitted: omitted?.removed, width })));
  for (const warning of report.warnings)
    lines.push(`  ${paint("yellow", "warning")}  ${printable(warning, Infinity)}`);
  const refusedChanges = report.failed.filter(isRefusedChange);
  if (refusedChanges.length > 0)
    lines.push("", await renderRefused(refusedChanges, width), IMPORT_REFUSED_NEXT);
  for (const { agent, code, message } of report.failed.filter((row) => !isRefusedChange(row)))
    lines.push(
      `  ${paint("red", "refused")}  ${printable(agent)}: ${printable(message, Infinity)} [${code}]`,
    );
  for (const { volume, error } of report.faults) {
    const message = error.message.startsWith(`${volume}: `) ? error.message : `${volume}: ${error.message}`;
    lines.push(`  ${paint("red", "refused")}  ${printable(message, Infinity)} [${error.code}]`);
  }
  const { warnings = 0, failed = 0, faults = 0 } = omitted ?? {};
  if (warnings > 0) lines.push(`  and ${formatCount(warnings, "more warning")}`);
  if (failed + faults > 0) lines.push(`  and ${failed + faults} more were refused`);
  lines.push(`  imported ${formatTotals({ ...imported, tarballs: tarballs.imported })}`);
  if (report.reused !== undefined) {
    const { agents, bytes } = report.reused;
    lines.push(
      `  reused   ${formatCount(agents, "agent")}, ${formatByteSize(bytes)} that were here before this run`,
    );
  }
  lines.push(`  held     ${formatTotals({ ...held, tarballs: tarballs.held })}`);
  if (report.snapshot !== null) lines.push(`  snapshot ${report.snapshot}`);
  const { channel } = report;
  if (channel !== undefined) lines.push(`  channel  ${describeChannel(channel)}`);
  if (report.outcome === "updated") {
    const next =
      channel === undefined
        ? "jam bundle receipt --to FILE"
        : shellCommand`jam bundle receipt --channel ${channel.name} --to FILE`;
    lines.push(...afterwards(globals, `${next}, and take it to the near side.`));
  }
  if (report.missing.length > 0)
    lines.push("", describeNeed(report), await missingTable(report, width), NEXT);
  return `${lines.join("\n")}\n`;
}

function describeChannel({ name, created, head }: NonNullable<ImportReport["channel"]>): string {
  const made = created ? ", made by this import" : "";
  const history = head === null ? "" : `; history of the near side up to ${head.slice(0, 12)}…`;
  return `${name}${made}, /channel/${name}/tools${history}`;
}

/** What is needed, in one line: volumes of this bundle, or other bundles. */
function describeNeed(report: ImportReport): string {
  const volumes = [...new Set(report.needed.flatMap((place) => place.volumes ?? []))].sort((a, b) => a - b);
  const bundles = report.needed.flatMap((place) => (place.volumes === undefined ? describePlace(place) : []));
  const needs = [...(volumes.length > 0 ? [`volume ${volumes.join(", ")} of this bundle`] : []), ...bundles];
  const count = countRows(report, "missing");
  return `Missing ${formatCount(count, "file")}, found in: ${needs.join("; ")}.`;
}

/** More rows do not help a person; -o json has more. */
const MAX_ROWS = 12;

const NEXT =
  "Nothing of this bundle is published yet; received data is kept. Provide what is missing and run the command again.";

function headline({ outcome }: ImportReport, paint: CommandContext["paint"]): string {
  if (outcome === "updated") return paint("green", "Imported and published");
  return outcome === "unchanged" ? "Nothing new" : paint("yellow", "Partially imported");
}

function missingTable(report: ImportReport, width: number): Promise<string> {
  const rows = report.missing.slice(0, MAX_ROWS).map((content) => {
    const [agent] = content.agents;
    const others = countRows(content, "agents") - 1;
    return [
      agent === undefined ? content.path : others > 0 ? `${agent} +${others}` : agent,
      formatByteSize(content.size),
      content.sha256,
      describePlace(content),
    ];
  });
  const more = countRows(report, "missing") - rows.length;
  if (more > 0) rows.push([`… and ${more} more`, "", "", ""]);
  return formatTable(
    [
      { heading: "FILE" },
      { heading: "SIZE", align: "right" },
      { heading: "SHA-256" },
      { heading: "FOUND IN" },
    ],
    rows,
    width,
  );
}

function describePlace({
  bundle,
  volumes,
  snapshot,
}: Pick<ImportReport["missing"][number], "bundle" | "volumes" | "snapshot">): string {
  if (volumes !== undefined) return `volume ${volumes.join(", ")} of this bundle`;
  if (bundle !== undefined) return `bundle ${bundle}`;
  return snapshot === undefined ? "an earlier bundle" : `a bundle of snapshot ${snapshot}`;
}
