import { MIRROR_REF } from "../../shared/ref-name.ts";
import { printable } from "../../shared/printable.ts";
import { formatByteSize } from "../../shared/byte-size.ts";
import { formatCount } from "../../shared/listed.ts";
import { sumTarballBytes } from "../../juju/agent.ts";
import { fleetInventory, hasUnknownArches } from "../../bundle/inventory/fleet-inventory.ts";
import {
  formatInventory,
  type FleetInventory,
  type Inventory,
  type MirrorInventory,
} from "../../bundle/format/inventory.ts";
import { takeInventory } from "../../bundle/inventory/mirror-inventory.ts";
import { currentSnapshot } from "../../mirror/read-snapshots.ts";
import { writeCarriedFile } from "./bundle/write-file.ts";
import { channelOption, inChannel } from "../input/in-channel.ts";
import type { CommandCall, CommandContext, DefineCommand } from "../command.ts";
import { addExplainFiles, explainFiles } from "../input/explain-files.ts";
import { readFleetFiles } from "../input/fleet-files.ts";
import { archesOf } from "../../upgrade/plan/parameters.ts";

interface Flags {
  readonly fleet?: readonly string[];
  readonly to?: string;
  readonly explainFiles?: true;
}

export const define: DefineCommand = (command, run) => {
  command
    .option(
      "--fleet <file...>",
      "list the versions that a fleet runs instead of what this mirror has: output of juju status, models, controllers with --format json or yaml, or a folder with such files; - reads standard input",
    )
    .option("--to <file>", "write the inventory to this file");
  addExplainFiles(command);
  command
    .addOption(channelOption(command))
    .addHelpText(
      "after",
      `
An inventory is a small JSON document for the near side, so that a bundle leaves out what is here already. It contains
versions and hashes, but no machine names, addresses or paths. The inventory of a fleet contains only the versions and
architectures in use; use it for a far side that has no mirror yet.

Examples:
  jam inventory --to /media/stick/inventory.json
  jam inventory --fleet fleet/ --to fleet-inventory.json
  jam bundle create --have inventory.json --to /media/stick       (on the near side)`,
    )
    .action(run(inChannel(inventory)));
};

async function inventory(context: CommandContext, call: CommandCall<Flags>): Promise<number> {
  const { fleet, to, explainFiles: isExplaining } = call.options;
  if (isExplaining === true) return explainFiles(context, fleet, "--fleet");
  const document = fleet === undefined ? await ofMirror(context) : await ofFleet(context, fleet);
  const text = formatInventory(document);
  const path = to === undefined ? undefined : await writeCarriedFile(context, to, text);
  // With -o json the document is the result even with --to; it is always JSON.
  if (to === undefined || context.output.format !== "table") await context.io.stdout.write(text);
  if (context.output.format === "table") await context.output.note(summarize(document, path));
  return 0;
}

async function ofMirror(context: CommandContext): Promise<MirrorInventory> {
  const config = await context.config();
  const { openStore } = await import("../../compose/store.ts");
  return takeInventory(await openStore(config), { site: config.site, now: context.now() });
}

async function ofFleet(context: CommandContext, files: readonly string[]): Promise<FleetInventory> {
  const fleet = await readFleetFiles(context, files, { flag: "--fleet", isExplaining: false });
  for (const note of fleet.notes) await context.output.note(`note: ${printable(note, Infinity)}`);
  const assumedArches = hasUnknownArches(fleet) ? await assumeArches(context) : [];
  return fleetInventory(fleet, { assumedArches, now: context.now() });
}

async function assumeArches(context: CommandContext): Promise<readonly string[]> {
  const config = await context.config();
  const { openReader } = await import("../../compose/store.ts");
  const held = (await currentSnapshot(await openReader(config), MIRROR_REF))?.agents ?? [];
  const arches = archesOf(config.rules.select, held);
  await context.output.note(
    `note: the files do not contain the architecture of every machine: ${arches.join(", ")} is assumed for those.`,
  );
  return arches;
}

function summarize(document: Inventory, to: string | undefined): string {
  const where = to === undefined ? "" : ` Written to ${printable(to, Infinity)}.`;
  if (document.kind === "fleet") {
    const arches = new Set(document.versions.map(({ arch }) => arch));
    const versions = new Set(document.versions.map(({ version }) => version));
    return `${formatCount(versions.size, "version")} in use on ${[...arches].join(", ")}.${where}`;
  }
  const agents = document.tarballs.reduce((sum, one) => sum + one.agents.length, 0);
  const bytes = formatByteSize(sumTarballBytes(document.tarballs));
  const bundles =
    document.bundles.length === 0 ? "" : `, ${formatCount(document.bundles.length, "bundle")} imported`;
  return document.snapshot === null
    ? `This mirror is empty: with this inventory a bundle contains everything.${where}`
    : `${formatCount(agents, "agent")}, ${bytes}, ${formatCount(document.documents.length, "document")} of upstream${bundles}.${where}`;
}
