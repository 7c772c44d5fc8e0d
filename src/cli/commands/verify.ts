import { InvalidArgumentError } from "commander";
import type { Config } from "../../config/config.ts";
import { parseMirrorUrl } from "../../juju/mirror-url.ts";
import { parseByteSize } from "../../shared/byte-size.ts";
import { JamError } from "../../shared/errors.ts";
import { MIRROR_REF, parseRefName } from "../../shared/ref-name.ts";
import { parseSpanMs } from "../../shared/duration.ts";
import type { VerifyDocument } from "../../verify/verify-document.ts";
import type { CommandCall, CommandContext, DefineCommand } from "../command.ts";
import { EXIT } from "../exit-status.ts";
import { userAgent } from "../program-info.ts";
import { createProgress } from "../progress.ts";
import { renderVerify, renderVerifyUrl } from "../render/verify.ts";

interface VerifyFlags {
  readonly deep?: true;
  readonly budget?: number;
  readonly limitRate?: number;
  readonly url?: string;
  readonly channel?: string;
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
    .option(
      "--url <url>",
      "check from outside what this address serves of the mirror, as controllers have it",
    )
    .option(
      "--channel <name>",
      "with --url: the channel that the address has to show (default: the one in the URL)",
    )
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

--url requests what each generation of Juju requests, with its headers, and compares the answers with what the mirror, or
with --channel the channel, has to serve there. It finds wrong types, compression, caches, error pages and wrong paths.
Three tarballs are downloaded and the sizes of all are compared; with --deep every tarball is downloaded.

The exit status is 0 if everything that was checked is whole, 4 if something is damaged or missing, 3 if something could
not be read. Reaching the budget is not an error; -o json has the number of tarballs that remain.

Examples:
  jam verify
  jam verify --deep
  jam verify --deep --budget 30m --limit-rate 50MiB        every night: all tarballs in turn
  jam verify --url http://mirror.example:8080/tools`;

const EXIT_STATUS: Readonly<Record<VerifyDocument["outcome"], number>> = {
  whole: EXIT.ok,
  damaged: EXIT.untrusted,
  "not-known": EXIT.partial,
};

async function verify(context: CommandContext, call: CommandCall<VerifyFlags>): Promise<number> {
  const config = await context.config();
  if (call.options.url !== undefined) return verifyAddress(context, config, call.options);
  if (call.options.channel !== undefined)
    throw new JamError(
      "JAM_USAGE_INVALID",
      "--channel says what --url has to show; without --url every channel is checked.",
      {
        hint: "Add --url with the address of the channel, or leave --channel out.",
      },
    );
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

async function verifyAddress(
  context: CommandContext,
  config: Config,
  { url: text = "", channel, deep }: VerifyFlags,
): Promise<number> {
  const { composeUrlVerification } = await import("../../compose/verify.ts");
  const { url } = parseMirrorUrl(text);
  const ref = parseRefName(channel ?? channelOf(url) ?? MIRROR_REF);
  const document = await composeUrlVerification(
    config,
    { url, ref, isDeep: deep === true },
    { env: context.io.env, userAgent: userAgent(), signal: context.signal },
  );
  const isSilent =
    context.globals.isQuiet && document.verdict === "whole" && context.output.format === "table";
  if (!isSilent) await context.output.print(document, () => renderVerifyUrl(document, context.paint));
  return EXIT_STATUS[document.verdict];
}

/** The channel whose address a URL is by its own text. */
function channelOf(url: string): string | undefined {
  return /\/channel\/([^/]+)\/tools$/.exec(new URL(url).pathname)?.[1];
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
