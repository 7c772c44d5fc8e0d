import type { Command } from "commander";
import type { Repaired, RepairWork } from "../../../bundle/repair/repair-bundle.ts";
import { formatByteSize } from "../../../shared/byte-size.ts";
import { JamError } from "../../../shared/errors.ts";
import { formatCount } from "../../../shared/listed.ts";
import { pathWord, shellCommand } from "../../../shared/shell-command.ts";
import type { CommandCall, CommandContext, RunAction } from "../../command.ts";
import { EXIT } from "../../exit-status.ts";
import { readInputFile } from "../../input/input-files.ts";
import { formatTable } from "../../output/table.ts";
import { createProgress } from "../../progress.ts";
import { renderReport } from "./verify.ts";

interface RepairFlags {
  readonly to?: string;
  readonly allowUnsigned?: true;
}

/** Adds `repair` to `parent`. */
export function defineRepair(parent: Command, run: RunAction): void {
  parent
    .command("repair")
    .summary("recreate only the bad volumes of a bundle, byte for byte")
    .description("Recreate only the bad volumes of a bundle, byte for byte.")
    .argument("<from>", "the bundle's folder or file, or a report of jam bundle verify -o json (- reads one)")
    .option("--to <path>", "write the volumes there instead of in place; required with a report")
    .option("--allow-unsigned", "also repair a bundle whose signer is not trusted here")
    .addHelpText(
      "after",
      `
In place it verifies the bundle, recreates bad or missing volumes, renames swapped ones, rewrites SHA256SUMS if it is
wrong, and verifies again. Contents come from this mirror and from volumes that are complete.

A report names the bundle and its bad volumes. The mirror that made the bundle knows the rest.

Examples:
  jam bundle repair /media/stick/
  jam bundle repair /media/stick/ --to new-discs/
  jam bundle repair report.json --to /media/other-stick/`,
    )
    .action(run(repair));
}

async function repair(context: CommandContext, call: CommandCall<RepairFlags>): Promise<number> {
  const config = await context.config();
  const compose = await import("../../../compose/bundle.ts");
  const from = call.args[0] as string;
  const progress = createProgress(context);
  try {
    const work = await compose.composeRepair(config, {
      observe: progress.observe,
      signal: context.signal,
      allowsUnsigned: call.options.allowUnsigned === true,
    });
    const { repaired, folder } = (await isReport(context, from))
      ? await byReport(context, { from, to: call.options.to, work })
      : await ofVolumes(context, { from, to: call.options.to, work });
    await progress.close();
    await printRepaired(context, repaired, { folder, from });
    return repaired.after?.outcome === "damaged" ? EXIT.untrusted : 0;
  } finally {
    await progress.close();
  }
}

interface RepairCall {
  readonly from: string;
  readonly to: string | undefined;
  readonly work: RepairWork;
}

interface RepairedThere {
  readonly repaired: Repaired;
  readonly folder: string;
}

/** A report is a file that is not called *.tar. */
async function isReport({ io }: CommandContext, from: string): Promise<boolean> {
  if (from === "-") return true;
  const { stat } = await import("node:fs/promises");
  const { resolve } = await import("node:path");
  const found = await stat(resolve(io.cwd, from)).catch(() => undefined);
  return found?.isFile() === true && !from.endsWith(".tar");
}

async function byReport(context: CommandContext, { from, to, work }: RepairCall): Promise<RepairedThere> {
  const { parseReport } = await import("../../../bundle/verify/verify-report.ts");
  const { repairByReport } = await import("../../../bundle/repair/repair-bundle.ts");
  const order = parseReport(await readInputFile(context, from, "FROM"));
  if (to === undefined) {
    throw new JamError("JAM_USAGE_INVALID", "--to is required with a report.", {
      hint: `Give the folder for them: ${shellCommand`jam bundle repair ${pathWord(from)} --to FOLDER`}.`,
      details: { flag: "--to" },
    });
  }
  const place = await placeOf(context, to);
  return { repaired: await repairByReport(order, place, work), folder: place.medium.folder };
}

async function ofVolumes(context: CommandContext, { from, to, work }: RepairCall): Promise<RepairedThere> {
  const { repairElsewhere, repairInPlace } = await import("../../../bundle/repair/repair-bundle.ts");
  const findAgain = () => findVolumes(context, from);
  const inputs = await findAgain();
  const folder = inputs[0]?.place?.folder;
  if (folder === undefined) {
    throw new JamError("JAM_USAGE_INVALID", `${from} is not a file or folder that can be repaired.`, {
      hint: "Give the folder with the bundle.",
    });
  }
  const place = to === undefined ? undefined : await placeOf(context, to);
  if (place === undefined || (await isSame(place.medium.folder, folder)))
    return { repaired: await repairInPlace(inputs, { folder, findAgain }, work), folder };
  return { repaired: await repairElsewhere(inputs, place, work), folder: place.medium.folder };
}

/** The volumes of a folder. For a file: only that file, or if it is one of several volumes, all in its folder. */
async function findVolumes({ io }: CommandContext, from: string) {
  const { composeInputs } = await import("../../../compose/bundle.ts");
  const { dirname } = await import("node:path");
  const path = (await isOneOfSeveral(io.cwd, from)) ? dirname(from) : from;
  return composeInputs([path], { cwd: io.cwd, stdin: undefined });
}

/** `november.2026.tar` has a number in its name and may be a bundle of one volume: then its manifest has the same name. */
async function isOneOfSeveral(cwd: string, from: string): Promise<boolean> {
  const { volumeNumberOf } = await import("../../../bundle/format/bundle-files.ts");
  const { access } = await import("node:fs/promises");
  const { resolve } = await import("node:path");
  if (volumeNumberOf(from) === undefined) return false;
  const manifest = resolve(cwd, from.replace(/\.tar$/, ".manifest.json"));
  return access(manifest).then(
    () => false,
    () => true,
  );
}

async function placeOf({ io }: CommandContext, to: string) {
  const { composePlace } = await import("../../../compose/bundle.ts");
  const { resolve } = await import("node:path");
  return composePlace(resolve(io.cwd, to));
}

async function isSame(folder: string, other: string): Promise<boolean> {
  const { realpath } = await import("node:fs/promises");
  return (await realpath(folder).catch(() => folder)) === other;
}

async function printRepaired(
  context: CommandContext,
  { id, volumes, repaired, after }: Repaired,
  { folder, from }: { readonly folder: string; readonly from: string },
): Promise<void> {
  const { join } = await import("node:path");
  const files = volumes.map(({ name, size, sha256 }) => ({ path: join(folder, name), size, sha256 }));
  const document = {
    bundle: { id, volumes: files },
    repaired,
    ...(after === undefined ? {} : { outcome: after.outcome }),
  };
  await context.output.print(document, async () => {
    const table = await formatTable(
      [{ heading: "VOLUME" }, { heading: "SIZE", align: "right" }, { heading: "SHA-256" }],
      files.map(({ path, size, sha256 }) => [path, formatByteSize(size), sha256]),
    );
    const lines = [
      files.length === 0
        ? `No volume of bundle ${id} needed repair.`
        : `Bundle ${id}: ${formatCount(files.length, "volume")} repaired\n${table}`,
      ...(after === undefined ? [] : [renderReport(after, context, [from])]),
    ];
    return `${lines.join("\n")}\n`;
  });
}
