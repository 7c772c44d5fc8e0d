import { InvalidArgumentError } from "commander";
import { parseByteSize } from "../../shared/byte-size.ts";
import { parseSpanMs } from "../../shared/duration.ts";
import type { VerifyDocument } from "../../verify/verify-document.ts";
import type { CommandCall, CommandContext, DefineCommand } from "../command.ts";
import { EXIT } from "../exit-status.ts";
import { createProgress } from "../progress.ts";
import { renderVerify } from "../render/verify.ts";

interface VerifyFlags {
  readonly deep?: true;
  readonly budget?: number;
  readonly limitRate?: number;
}

export const define: DefineCommand = (command, run) => {
  command
    .option("--deep", "hash every byte, the tarball that waits longest first")
    .option(
      "--budget <duration>",
      "begin nothing after this time; the next run resumes (30m, PT30M)",
      parseBudget,
    )
    .option("--limit-rate <size>", "bytes per second to read at most, of all files (50MiB)", parseRate)
    .addHelpText("after", HELP)
    .action(run(verify));
};

const HELP = `
Checks the whole mirror: the keys that the settings name; folders, links, modes and owners; snapshots; upstream's documents
and their signatures; that these list what the mirror lists; that every tarball is there and has its size; every published
tree, file by file; notes and reports. --deep also hashes every tarball. One that a server found damaged is hashed in any
case.

A damaged or missing tarball is withdrawn at once: running servers no longer list it, the published trees are built without
it, and its file is moved to quarantine/. Everything else is only reported; jam repair repairs it.

The exit status is 0 if everything that was checked is whole, 4 if something is damaged or missing, 3 if something could
not be read. Reaching the budget is not an error; -o json has the number of tarballs that remain.

Examples:
  jam verify
  jam verify --deep
  jam verify --deep --budget 30m --limit-rate 50MiB        every night: all tarballs in turn`;

const EXIT_STATUS: Readonly<Record<VerifyDocument["outcome"], number>> = {
  whole: EXIT.ok,
  damaged: EXIT.untrusted,
  "not-known": EXIT.partial,
};

async function verify(context: CommandContext, call: CommandCall<VerifyFlags>): Promise<number> {
  const config = await context.config();
  const { composeVerification } = await import("../../compose/verify.ts");
  const { deep, budget, limitRate } = call.options;
  const progress = createProgress(context);
  try {
    const document = await composeVerification(
      config,
      { isDeep: deep === true, budgetMs: budget, bytesPerSecond: limitRate },
      { observe: progress.observe, now: context.now, signal: context.signal },
    );
    await progress.close();
    const isSilent =
      context.globals.isQuiet && document.outcome === "whole" && context.output.format === "table";
    if (!isSilent) await context.output.print(document, () => renderVerify(document, context.paint));
    return EXIT_STATUS[document.outcome];
  } finally {
    await progress.close();
  }
}

function parseBudget(text: string): number {
  const ms = parseSpanMs(text);
  if (ms !== undefined && ms > 0) return ms;
  throw new InvalidArgumentError("Give a duration above zero: 30m, 2h, or ISO 8601 as PT30M.");
}

function parseRate(text: string): number {
  const bytes = parseByteSize(text);
  if (bytes !== undefined && bytes >= 1024) return bytes;
  throw new InvalidArgumentError("Give a size of at least 1KiB: 50MiB, 500K.");
}
