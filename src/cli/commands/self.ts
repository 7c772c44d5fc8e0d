import { fileURLToPath } from "node:url";
import type { PutResult, RunningProgram } from "../../compose/program.ts";
import type { ProgramSource } from "../../program/find-program.ts";
import { formatByteSize } from "../../shared/byte-size.ts";
import { JamError } from "../../shared/errors.ts";
import { cutLists, formatCount } from "../../shared/listed.ts";
import { shellCommand } from "../../shared/shell-command.ts";
import type { CommandCall, CommandContext, DefineCommand } from "../command.ts";
import { EXIT } from "../exit-status.ts";
import { formatRows } from "../output/table.ts";
import { programCommand, programFolder, readVersion } from "../program-info.ts";

export const define: DefineCommand = (command, run) => {
  command.addHelpText(
    "after",
    `
A package of jam (jam-VERSION-linux-ARCH.tar.gz) contains Node and needs no network. \`jam self bundle\` puts it on the medium
that carries the bundles, so that the far side needs nothing else.

Examples:
  jam self show
  jam self bundle --to /media/stick
  jam self bundle --archive jam-0.1.0-linux-arm64.tar.gz --to /media/stick`,
  );
  command
    .command("show")
    .summary("show what this program is and where it is installed")
    .description("Show the version of this program, its Node, its platform, and where it is installed.")
    .action(run(show));
  command
    .command("verify")
    .summary("compare every file of this program with the list in its package")
    .description(
      "Compare every file of this program with the list in its package, byte for byte. This finds damage. Whoever can " +
        "change the files can also change the list: the signature of SHA256SUMS protects the archive.",
    )
    .action(run(verify));
  command
    .command("bundle")
    .summary("put the program on a medium, so that the far side can start with it")
    .description(
      "Put archives of the program into the folder jam of a medium, with install.sh, INSTALL.txt and SHA256SUMS, and " +
        "with the signature of its maker when SHA256SUMS.asc is next to the archive or the installed program.",
    )
    .requiredOption("--to <folder>", "the medium; the files are written to FOLDER/jam")
    .option("--archive <file...>", "archives to put there in addition to the program that runs")
    .option("--arch <arch...>", "only these architectures: x64, arm64 (default: all that are available)")
    .option("--unpacked", "also unpack them there, for machines without tar and gzip")
    .option("--force", "replace other files under the same names")
    .addHelpText(
      "after",
      `
An installed package is packed again from its own files, which gives the same bytes as the archive that it came from.
What is on the medium already stays, unless it is different: then nothing is replaced without --force.

Examples:
  jam self bundle --to /media/stick
  jam self bundle --archive dist-packages/*.tar.gz --to /media/stick --unpacked`,
    )
    .action(run(bundle));
};

async function findRunning(): Promise<RunningProgram | undefined> {
  const { readInstallation } = await import("../../program/installation.ts");
  const folder = fileURLToPath(new URL("..", programFolder())).replace(/\/$/, "");
  const installation = readInstallation(folder);
  return installation === undefined ? undefined : { folder, installation };
}

async function show(context: CommandContext): Promise<void> {
  const { existsSync } = await import("node:fs");
  const running = await findRunning();
  const { version: node, arch, platform, report } = process;
  const other = existsSync(new URL("src/main.ts", programFolder()))
    ? ("checkout" as const)
    : ("npm" as const);
  // Else it looks up the name of every address of this machine.
  Object.assign(report, { excludeNetwork: true });
  const { header } = report.getReport() as { header: { glibcVersionRuntime?: string } };
  const document = {
    version: readVersion(),
    kind: running?.installation.kind ?? other,
    platform: `${platform}-${arch}`,
    node: node.slice(1),
    folder: running?.folder ?? fileURLToPath(programFolder()).replace(/\/$/, ""),
    command: programCommand(context.io.env),
    glibc: { needed: running?.installation.glibc ?? null, found: header.glibcVersionRuntime ?? null },
    madeAt: running === undefined ? null : new Date(running.installation.madeAt * 1000).toISOString(),
  };
  await context.output.print(document, () =>
    formatRows([
      ["Version", document.version],
      ["Kind", KINDS[document.kind]],
      ["Platform", document.platform],
      ["Node", document.node],
      ["Folder", document.folder],
      ["Command", shellCommand`${document.command}`],
      ["glibc", glibcText(document.glibc)],
    ]),
  );
}

const KINDS = {
  archive: "package, from an archive",
  deb: "Debian package",
  npm: "installed by npm",
  checkout: "checkout of the sources",
} as const;

function glibcText({
  needed,
  found,
}: {
  readonly needed: string | null;
  readonly found: string | null;
}): string {
  const here = found === null ? "not known" : `${found} here`;
  return needed === null ? here : `${here}, ${needed} or later is needed`;
}

async function verify(context: CommandContext): Promise<number | undefined> {
  const running = await findRunning();
  if (running === undefined) {
    throw new JamError(
      "JAM_PROGRAM_NOT_PACKAGED",
      "This jam is not a package: there is no list of its files.",
      {
        hint: "`jam self show` shows what it is.",
      },
    );
  }
  const { verifyFiles } = await import("../../program/verify-files.ts");
  const { folder } = running;
  const { files, bytes, wrong } = await verifyFiles(folder, context.signal);
  const document = { folder, files, bytes, wrong, verified: wrong.length === 0 };
  await context.output.print(cutLists(document, ["wrong"]), () =>
    wrong.length === 0
      ? `All ${formatCount(files, "file")} in ${folder} are as they were packaged (${formatByteSize(bytes)}).`
      : [
          `${formatCount(wrong.length, "file")} in ${folder} differ from the package:`,
          ...wrong.map(({ path, state }) => `  ${path}  ${state}`),
          "",
          "Install jam again from its archive.",
        ].join("\n"),
  );
  return wrong.length === 0 ? undefined : EXIT.untrusted;
}

interface BundleFlags {
  readonly to: string;
  readonly archive?: readonly string[];
  readonly arch?: readonly string[];
  readonly unpacked?: true;
  readonly force?: true;
}

/** Other names of the architectures, as Debian and the kernel have them. */
const ARCH_NAMES: Readonly<Record<string, string>> = { amd64: "x64", x86_64: "x64", aarch64: "arm64" };

async function bundle(context: CommandContext, { options }: CommandCall<BundleFlags>): Promise<void> {
  const { resolve } = await import("node:path");
  const { composeProgramSources, putProgram } = await import("../../compose/program.ts");
  const { cwd } = context.io;
  const running = await findRunning();
  // Node's libraries are not in a Debian package, so it cannot become an archive again.
  const packed = running?.installation.kind === "archive" ? running : undefined;
  const archives = (options.archive ?? []).map((path) => resolve(cwd, path));
  if (packed === undefined && archives.length === 0) throw notPackaged();
  const found = await composeProgramSources(archives, packed, context.signal);
  const sources = chooseArches(found, options.arch);
  const result = await putProgram(resolve(cwd, options.to), sources, {
    force: options.force === true,
    isUnpacked: options.unpacked === true,
    signal: context.signal,
  });
  const { folder, archives: put, isSigned, unpacked } = result;
  await context.output.print({ program: { folder, archives: put, unpacked, signed: isSigned } }, () =>
    renderPut(result),
  );
  if (isSigned) return;
  await context.output.warn(
    "warning: SHA256SUMS is not signed: it shows damage, not who made the program. The archives of a release have SHA256SUMS.asc.",
  );
}

function chooseArches(
  sources: readonly ProgramSource[],
  flags: readonly string[] | undefined,
): readonly ProgramSource[] {
  if (flags === undefined) return sources;
  const arches = flags.map((arch) => ARCH_NAMES[arch] ?? arch);
  for (const arch of arches) {
    if (sources.some((source) => source.installation.arch === arch)) continue;
    const available = [...new Set(sources.map((source) => source.installation.arch))].join(", ");
    throw new JamError("JAM_PROGRAM_NOT_FOUND", `There is no archive of jam for ${arch}.`, {
      hint: `Available: ${available}. Give the archive with --archive jam-${readVersion()}-linux-${arch}.tar.gz.`,
      details: { arch, available },
    });
  }
  return sources.filter(({ installation }) => arches.includes(installation.arch));
}

function notPackaged(): JamError {
  return new JamError(
    "JAM_PROGRAM_NOT_PACKAGED",
    "This jam is not an archive with Node, and --archive is missing.",
    {
      hint:
        "Name it: `jam self bundle --archive FILE --to FOLDER`. " +
        "`npm run package` in a clone of jam writes archives to dist-packages/.",
    },
  );
}

async function renderPut({ folder, archives, isSigned, unpacked }: PutResult): Promise<string> {
  const rows = archives.map(({ name, size, sha256, isNew }) => [
    `  ${name}`,
    formatByteSize(size),
    isNew ? "written" : "was there already",
    sha256,
  ]);
  return [
    `In ${folder}:`,
    (await formatRows(rows)).trimEnd(),
    ...unpacked.map((name) => `  ${name}/jam starts without being installed`),
    `SHA256SUMS ${isSigned ? "has the maker's signature (SHA256SUMS.asc), which is not verified here" : "has no signature"}.`,
    "",
    "On the far side (INSTALL.txt there says more):",
    "  sh jam/install.sh --prefix /opt/jam",
  ].join("\n");
}
