import { parseByteSize } from "../../shared/byte-size.ts";
import { InvalidArgumentError } from "commander";
import type { CommandCall, CommandContext, DefineCommand } from "../command.ts";
import { EXIT } from "../exit-status.ts";
import { userAgent } from "../program-info.ts";
import { createProgress } from "../progress.ts";
import { renderRepair } from "../render/repair.ts";

interface RepairFlags {
  readonly dryRun?: true;
  readonly deep?: true;
  readonly from?: readonly string[];
  readonly limitRate?: number;
}

export const define: DefineCommand = (command, run) => {
  command
    .option("-n, --dry-run", "print what would be repaired and how, change nothing")
    .option("--deep", "hash every tarball first, to find changed bytes")
    .option(
      "--from <place...>",
      "fetch from here instead of the upstreams: the URL of a mirror, a folder or a bundle",
    )
    .option("--limit-rate <size>", "bytes per second to read at most with --deep (50MiB)", parseRate)
    .addHelpText("after", HELP)
    .action(run(repair));
};

const HELP = `
Checks the mirror as jam verify does, and repairs what it finds:

  tarballs, upstream's documents    fetched, and hashed before they count
  snapshots                         copied from the data directory of another mirror of the same agents
  published trees, links            built again from snapshots and tarballs
  folders, modes, owners            set; owners only by root
  notes, reports                    put aside in quarantine/ when they are damaged
  leftovers of runs that ended      deleted

A place is the address of another mirror, a folder (a published tree, a simplestreams tree, the data directory of another
mirror) or a bundle (its folder or its volumes). With several places, the next one is asked for what the first one does
not have. What is in the way of something is moved to quarantine/, never deleted.

The exit status is 0 if the mirror is whole afterwards, 3 if something is left, which is named with the reason.

Examples:
  jam repair --dry-run
  jam repair --deep
  jam repair --from http://mirror-2.example:8080/tools
  jam repair --from /mnt/stick/bundle --from /srv/old/mirror-data`;

async function repair(context: CommandContext, call: CommandCall<RepairFlags>): Promise<number> {
  const config = await context.config();
  const { composeRepair } = await import("../../compose/repair.ts");
  const { deep, dryRun, from = [], limitRate } = call.options;
  const progress = createProgress(context);
  try {
    const document = await composeRepair(
      config,
      { isDeep: deep === true, isDryRun: dryRun === true, budgetMs: undefined, bytesPerSecond: limitRate },
      {
        observe: progress.observe,
        now: context.now,
        signal: context.signal,
        env: context.io.env,
        userAgent: userAgent(),
        from,
        cwd: context.io.cwd,
      },
    );
    await progress.close();
    const isGood = document.outcome === "whole" || document.outcome === "repaired";
    const isSilent =
      context.globals.isQuiet && document.outcome === "whole" && context.output.format === "table";
    if (!isSilent) await context.output.print(document, () => renderRepair(document, context.paint));
    const isPlanned = document.outcome === "planned";
    const isLeft = document.remaining.some(({ severity }) => severity !== "note");
    return isGood || (isPlanned && !isLeft) ? EXIT.ok : EXIT.partial;
  } finally {
    await progress.close();
  }
}

function parseRate(text: string): number {
  const bytes = parseByteSize(text);
  if (bytes !== undefined && bytes >= 1024) return bytes;
  throw new InvalidArgumentError("Give a size of at least 1KiB: 50MiB, 500K.");
}
