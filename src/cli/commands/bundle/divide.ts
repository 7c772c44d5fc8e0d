import type { Command } from "commander";
import type { DividedBundle } from "../../../bundle/divide/divide-bundle.ts";
import { formatByteSize } from "../../../shared/byte-size.ts";
import { JamError } from "../../../shared/errors.ts";
import { formatCount } from "../../../shared/listed.ts";
import type { CommandCall, CommandContext, RunAction } from "../../command.ts";
import { formatTable } from "../../output/table.ts";
import { createProgress } from "../../progress.ts";
import { describeSignature } from "./inspect.ts";
import { parseSizeFlag } from "./volume-text.ts";

interface DivideFlags {
  readonly to: string;
  readonly volumeSize?: number;
  readonly force?: true;
}

/** Help that both commands share. */
const DIVIDE_HELP = `
Manifest and signature stay as they are. SHA256SUMS is written anew, and signed if this side has a key. Every content is
verified while it is copied. An interrupted run resumes after the last complete volume when you repeat the command.`;

/** Divides a bundle for `split` and `join`; without a volume size into one volume. */
async function divide(context: CommandContext, call: CommandCall<DivideFlags>): Promise<void> {
  const { options } = call;
  const from = call.args[0] as readonly string[];
  if (from.includes("-") || options.to === "-") throw noStream();
  const config = await context.config();
  const { composeDivide, composeInputs, composePlace } = await import("../../../compose/bundle.ts");
  const { divideBundle } = await import("../../../bundle/divide/divide-bundle.ts");
  const inputs = await composeInputs(from, { cwd: context.io.cwd, stdin: undefined });
  const progress = createProgress(context);
  try {
    const work = await composeDivide(config, { observe: progress.observe, signal: context.signal });
    const place = await composePlace(await realPath(context, options.to));
    const form = { volumeSize: options.volumeSize, place, force: options.force === true };
    const divided = await divideBundle(inputs, form, work);
    await progress.close();
    if (work.signer === undefined)
      await context.output.note(
        "SHA256SUMS is not signed: this side has no key (jam key generate). The manifest's signature is unchanged.",
      );
    await printDivided(context, divided, place.medium.folder);
  } finally {
    await progress.close();
  }
}

/** Absolute, with links resolved where it exists: it must not be a folder that is read. */
async function realPath({ io }: CommandContext, to: string): Promise<string> {
  const { realpath } = await import("node:fs/promises");
  const { basename, dirname, join, resolve } = await import("node:path");
  const path = resolve(io.cwd, to);
  const real = (folder: string) => realpath(folder).catch(() => folder);
  return path.endsWith(".tar") ? join(await real(dirname(path)), basename(path)) : real(path);
}

async function printDivided(
  context: CommandContext,
  { layout, volumes, signature }: DividedBundle,
  folder: string,
): Promise<void> {
  const { join } = await import("node:path");
  const files = volumes.map(({ name, size, sha256 }) => ({ path: join(folder, name), size, sha256 }));
  const document = {
    bundle: {
      id: layout.id,
      volumes: files,
      volumeSize: layout.volumeSize ?? null,
      signature: { state: signature.state, signedBy: signature.signedBy },
    },
  };
  await context.output.print(document, async () => {
    const table = await formatTable(
      [{ heading: "VOLUME" }, { heading: "SIZE", align: "right" }, { heading: "SHA-256" }],
      files.map(({ path, size, sha256 }) => [path, formatByteSize(size), sha256]),
    );
    return `Bundle ${layout.id}: ${formatCount(files.length, "volume")}\n${table}Signature: ${describeSignature(signature, context.paint)}\n`;
  });
}

function noStream(): JamError {
  return new JamError("JAM_USAGE_INVALID", "A stream (-) cannot be divided: give files or folders.", {
    hint: "Save the stream to a file first. `jam bundle create --volume-size` writes volumes directly; `jam bundle import -` reads a stream.",
    details: { from: "-" },
  });
}

/** Adds `split` to `parent`. */
export function defineSplit(parent: Command, run: RunAction): void {
  parent
    .command("split")
    .summary("divide a bundle into volumes of an exact size")
    .description("Divide a bundle, one archive or several volumes, into volumes of an exact size.")
    .argument("<from...>", "the archive, or all volumes, or the folders that contain them")
    .requiredOption(
      "--to <folder>",
      "folder for the volumes, or a file name ending in .tar to name them after",
    )
    .requiredOption(
      "--volume-size <size>",
      "volumes of exactly this size: 4300MiB, or dvd, bd, fat32",
      parseSizeFlag,
    )
    .option("--force", "replace files of another bundle there")
    .addHelpText(
      "after",
      `${DIVIDE_HELP}

Examples:
  jam bundle split bundle.tar --volume-size dvd --to discs/
  jam bundle split discs/ --volume-size fat32 --to /media/stick/`,
    )
    .action(run(divide));
}

/** Adds `join` to `parent`. */
export function defineJoin(parent: Command, run: RunAction): void {
  parent
    .command("join")
    .summary("join the volumes of a bundle into one archive")
    .description("Join the volumes of a bundle into one archive.")
    .argument("<from...>", "all volumes, or the folders that contain them")
    .requiredOption("--to <file>", "file name of the archive, ending in .tar, or a folder for it")
    .option("--force", "replace files of another bundle there")
    .addHelpText(
      "after",
      `${DIVIDE_HELP}

Examples:
  jam bundle join discs/ --to joined/bundle.tar
  jam bundle join disc1/ disc2/ disc3/ --to /srv/bundles/november/`,
    )
    .action(run(divide));
}
