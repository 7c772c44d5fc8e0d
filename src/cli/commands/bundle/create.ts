import { afterwards } from "../../render/next-steps.ts";
import { basename, dirname } from "node:path";
import { InvalidArgumentError, type Command } from "commander";
import type { CreateWork } from "../../../bundle/create/create-bundle.ts";
import type { BundleOrder } from "../../../bundle/create/plan-bundle.ts";
import {
  carriedContents,
  countAgents,
  shownScope,
  type BundleManifest,
} from "../../../bundle/format/manifest.ts";
import type { FinishedVolume } from "../../../bundle/write/write-progress.ts";
import { formatByteSize } from "../../../shared/byte-size.ts";
import { JamError } from "../../../shared/errors.ts";
import { cutLists, formatCount } from "../../../shared/listed.ts";
import { printable } from "../../../shared/printable.ts";
import { shellCommand } from "../../../shared/shell-command.ts";
import type { Store } from "../../../store/store.ts";
import { channelOption, inChannel } from "../../input/in-channel.ts";
import type { CommandCall, CommandContext, RunAction } from "../../command.ts";
import { formatTable } from "../../output/table.ts";
import { createProgress } from "../../progress.ts";
import { formatAgentNames } from "../../render/agent-names.ts";
import { readOrder, type ChoiceFlags } from "./create-order.ts";
import { parseSizeFlag } from "./volume-text.ts";
import { formatFingerprint } from "../../../shared/signature.ts";
import { formatTotals } from "../../render/totals.ts";

interface CreateFlags extends ChoiceFlags {
  readonly to: string;
  readonly volumeSize?: number;
  readonly manifestHtml?: true;
  readonly unsigned?: true;
  readonly force?: true;
  readonly dryRun?: true;
}

/** Adds `create` to `parent`. */
export function defineCreate(parent: Command, run: RunAction): void {
  parent
    .command("create")
    .summary("make a bundle of all agents, or of those that the far side is missing")
    .description(
      "Make a bundle of all agents that this mirror lists, or of those that the far side is missing.",
    )
    .requiredOption(
      "--to <path>",
      "folder for the bundle, or a file name ending in .tar; - writes one archive to standard output",
    )
    .option("--have <file>", "leave out what this inventory or receipt of the far side lists")
    .option("--site <name>", "leave out what the last receipt of this site lists")
    .option("--since <snapshot>", "leave out what this earlier snapshot of this mirror lists")
    .option("--plan <file>", "only agents that an upgrade plan (jam plan) needs")
    .option("--versions <range>", "only versions in this range, such as >=3.6 or 3.6.5")
    .option("--stream <stream...>", "only these streams")
    .option("--arch <arch...>", "only these architectures")
    .option("--os <os...>", "only these OS types")
    .option("--series <series...>", "only these series (for Juju up to 2.8)")
    .option("--keep <n>", "only the newest N versions of each minor and architecture", parseCount)
    .option("--snapshot <id>", "use this snapshot instead of the current one")
    .option("--volume-size <size>", "volumes of exactly this size: 4300MiB, or dvd, bd, fat32", parseSizeFlag)
    .option("--manifest-html", "also write a page to print and keep with the media")
    .option("--allow-partial", "leave out what is missing here; the bundle records it")
    .option("--allow-unsigned", "accept an unsigned receipt for --have")
    .option("--unsigned", "do not sign; the importer must pass --allow-unsigned")
    .option("--force", "replace files of another bundle there")
    .option("-n, --dry-run", "print what the bundle would contain; write nothing")
    .addOption(channelOption(parent))
    .addHelpText("after", HELP)
    .action(run(inChannel(create)));
}

const HELP = `
SHA256SUMS and the manifest are written next to the volumes, each with a signature, so that you can check the media
without jam:
  gpg --verify SHA256SUMS.asc SHA256SUMS && sha256sum -c SHA256SUMS

An interrupted run resumes after the last complete volume when you repeat the command. Use one folder for each bundle.

Examples:
  jam bundle create --to /media/stick/                         all agents
  jam bundle create --site plant-7 --to /media/stick/          what that site is missing
  jam bundle create --have inventory.json --to delta.tar
  jam bundle create --plan plan.json --volume-size dvd --manifest-html --to discs/
  jam bundle create --to - | ssh gateway 'cat > bundle.tar'`;

async function create(context: CommandContext, call: CommandCall<CreateFlags>): Promise<void> {
  const { options } = call;
  if (options.to === "-") refuseForStream(options);
  const config = await context.config();
  const compose = await import("../../../compose/bundle.ts");
  const progress = createProgress(context);
  try {
    const work = await compose.composeBundle(config, {
      observe: progress.observe,
      signal: context.signal,
      isSigned: options.unsigned !== true && options.dryRun !== true,
    });
    const order = await readOrder(context, { config, store: work.store, flags: options });
    if (options.dryRun === true) return await printPlan(context, order, work.store);
    if (options.unsigned === true) {
      await context.output.warn(
        "warning: the bundle is NOT signed: the far side accepts it only with --allow-unsigned.",
      );
    }
    const made =
      options.to === "-"
        ? await stream(context, order, work)
        : await write(context, options, { order, work });
    await progress.close();
    await printBundle(context, made);
  } finally {
    await progress.close();
  }
}

type Work = CreateWork & { readonly store: Store };

interface MadeBundle {
  readonly manifest: BundleManifest;
  readonly volumes: readonly (Omit<FinishedVolume, "name" | "sha256"> & {
    readonly path: string;
    readonly sha256: string | null;
  })[];
  readonly signedBy: string | undefined;
}

async function write(
  context: CommandContext,
  options: CreateFlags,
  { order, work }: { readonly order: BundleOrder; readonly work: Work },
): Promise<MadeBundle> {
  const { createBundle } = await import("../../../bundle/create/create-bundle.ts");
  const { composePlace } = await import("../../../compose/bundle.ts");
  const { join, resolve } = await import("node:path");
  const place = await composePlace(resolve(context.io.cwd, options.to));
  const form = {
    place,
    volumeSize: options.volumeSize,
    writesPage: options.manifestHtml === true,
    force: options.force === true,
  };
  const { volumes, ...made } = await createBundle(order, form, work);
  return {
    ...made,
    volumes: volumes.map(({ name, ...rest }) => ({ path: join(place.medium.folder, name), ...rest })),
  };
}

/** Flags that cannot apply are refused, not ignored. */
function refuseForStream({ volumeSize, manifestHtml }: CreateFlags): void {
  const flag = volumeSize !== undefined ? "--volume-size" : manifestHtml ? "--manifest-html" : undefined;
  if (flag === undefined) return;
  throw new JamError(
    "JAM_USAGE_INVALID",
    `${flag} cannot be combined with --to -: standard output is one archive.`,
    {
      hint: "Omit it, or give a folder: --to FOLDER/",
    },
  );
}

async function stream(context: CommandContext, order: BundleOrder, work: Work): Promise<MadeBundle> {
  const { writeBytes, stdout } = context.io;
  if (stdout.isTTY) {
    throw new JamError("JAM_USAGE_INVALID", "Refusing to write a bundle to a terminal.", {
      hint: "Redirect standard output, or give a folder: --to FOLDER/",
    });
  }
  const { streamBundle } = await import("../../../bundle/create/create-bundle.ts");
  const { manifest, size, bytes } = await streamBundle(order, work);
  if (writeBytes === undefined) throw new JamError("JAM_USAGE_INVALID", "Standard output is not available.");
  await writeBytes(bytes);
  return { manifest, volumes: [{ path: "-", size, sha256: null }], signedBy: work.signer?.fingerprint };
}

const UNVERIFIED =
  "warning: this mirror does not verify its upstream, which the bundle records: the far side accepts it only with --allow-unsigned.";

/** Prints to standard output, unless the bundle itself was written there. */
async function printBundle(
  context: CommandContext,
  { manifest, volumes, signedBy }: MadeBundle,
): Promise<void> {
  const carried = describeCarried(manifest);
  if (manifest.proofs.some(({ verified }) => !verified)) await context.output.warn(UNVERIFIED);
  const document = {
    bundle: withMissing({
      id: manifest.id,
      volumes,
      agents: carried.agents,
      bytes: carried.bytes,
      createdAt: manifest.createdAt,
      snapshot: manifest.snapshot,
      scope: shownScope(manifest),
      channel: manifest.channel?.name ?? null,
      lists: manifest.catalogue.reduce((sum, { agents }) => sum + agents.length, 0),
      baseline: manifest.baseline.map(({ contents, ...from }) => ({ ...from, contents: contents.length })),
      missing: manifest.missing,
      signedBy: signedBy ?? null,
    }),
  };
  if (volumes.some(({ path }) => path === "-")) {
    await context.output.note(`Bundle ${manifest.id}: ${describe(carried)}`);
    return;
  }
  await context.output.print(document, async () => {
    const lines = [
      `Bundle ${manifest.id}: ${describe(carried)}`,
      await formatTable(
        [{ heading: "VOLUME" }, { heading: "SIZE", align: "right" }, { heading: "SHA-256" }],
        volumes.map(({ path, size, sha256 }) => [path, formatByteSize(size), sha256 ?? ""]),
        context.width,
      ),
      signedBy === undefined ? "Not signed." : `Signed by ${formatFingerprint(signedBy)}.`,
    ];
    const relied = manifest.baseline.reduce((sum, { contents }) => sum + contents.length, 0);
    if (relied > 0) lines.push(`Relies on ${formatCount(relied, "file")} that the far side has already.`);
    if (carried.agents === 0)
      lines.push("The far side has every tarball already: the bundle contains only metadata.");
    lines.push(...(await formatAgentNames("Left out: ", manifest.missing, { width: context.width })));
    const folder = dirname(volumes[0]?.path ?? ".");
    lines.push(...nextSteps(context, folder, manifest.channel?.name));
    return `${lines.join("\n")}\n`;
  });
}

/** What to do with the bundle in a folder of this machine; the far side gives it another path. */
function nextSteps({ globals }: CommandContext, folder: string, channel: string | undefined): string[] {
  const there = `/path/to/${basename(folder)}`;
  const flag = channel === undefined ? "" : ` ${shellCommand`--channel ${channel}`}`;
  const first = `take all of ${printable(folder, Infinity)} to the far side. Run there, with the path that it has there:`;
  return afterwards(globals, first, [
    `${shellCommand`jam bundle import ${there}`}${flag}`,
    `${shellCommand`jam bundle receipt --to ${`${there}/receipt.txt`}`}${flag}`,
  ]);
}

function withMissing<T extends { readonly missing: BundleManifest["missing"] }>(document: T): T {
  return cutLists(document, ["missing"]);
}

async function printPlan(context: CommandContext, order: BundleOrder, store: Work["store"]): Promise<void> {
  const { planBundle } = await import("../../../bundle/create/plan-bundle.ts");
  const manifest = await planBundle(order, store);
  const carried = describeCarried(manifest);
  const hashes = new Set(carriedContents(manifest).map(({ sha256 }) => sha256));
  const rows = manifest.catalogue.filter(({ sha256 }) => hashes.has(sha256));
  const plan = withMissing({
    ...carried,
    scope: shownScope(manifest),
    selection: manifest.selection,
    carry: rows,
    missing: manifest.missing,
  });
  await context.output.print({ plan }, async () => {
    const { renderTarballs } = await import("../../render/agent-table.ts");
    return `${await renderTarballs(rows, context.width)}Would contain ${formatTotals(carried)}\n`;
  });
}

interface Carried {
  readonly agents: number;
  readonly tarballs: number;
  /** Bytes of tarballs. */
  readonly bytes: number;
}

function describeCarried(manifest: BundleManifest): Carried {
  const tarballs = carriedContents(manifest).filter(({ kind }) => kind === "tarball");
  const counted = countAgents(manifest, new Set(tarballs.map(({ sha256 }) => sha256)));
  return { ...counted, tarballs: tarballs.length };
}

function describe({ agents, tarballs, bytes }: Carried): string {
  return `${formatCount(agents, "agent")} in ${formatCount(tarballs, "tarball")}, ${formatByteSize(bytes)}`;
}

function parseCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= 1000) return count;
  throw new InvalidArgumentError("Give a whole number from 1 to 1000.");
}
