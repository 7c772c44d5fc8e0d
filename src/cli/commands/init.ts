import { afterwards } from "../render/next-steps.ts";
import { constants, copyFileSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { JamError } from "../../shared/errors.ts";
import { hasUnprintable, printable } from "../../shared/printable.ts";
import { joinParts, shellCommand, type ShellCommand } from "../../shared/shell-command.ts";
import { SETTINGS } from "../../config/settings.ts";
import type { CommandCall, CommandContext, DefineCommand } from "../command.ts";
import { programCommand, programName } from "../program-info.ts";
import { findOtherSchedules } from "../init/other-schedules.ts";
import { formatConfigText } from "../init/config-text.ts";
import {
  type InstallPlace,
  type WrittenFile,
  formatCrontab,
  formatSystemdUnits,
  installCommands,
} from "../init/schedule-text.ts";
import { hasScheme } from "../../shared/url-text.ts";

interface InitFlags {
  readonly dir: string;
  readonly upstream?: string;
  readonly keyring?: string;
  readonly stream?: readonly string[];
  readonly arch?: readonly string[];
  readonly fleet?: string;
  readonly systemd?: true;
  readonly cron?: true;
  readonly force?: true;
}

export const define: DefineCommand = (command, run) => {
  command
    .option("--dir <dir>", "folder for the files", ".")
    .option("--upstream <url>", "URL or folder of the upstream (default: streams.canonical.com)")
    .option("--keyring <file>", "OpenPGP keys of this upstream (default: Juju's key, which is built in)")
    .option("--stream <stream...>", "released, proposed, testing, devel (default: released)")
    .option("--arch <arch...>", "amd64, arm64, ppc64el, s390x, riscv64 (default: amd64 arm64)")
    .option(
      "--fleet <path>",
      "keep what these controllers and models run: a folder or file with the output of Juju, or a plan",
    )
    .option("--systemd", "also write jam-sync.service, jam-sync.timer and jam-serve.service")
    .option("--cron", "also write jam.cron, a crontab")
    .option("--force", "replace existing files; copies of them are kept as FILE.bak")
    .addHelpText(
      "after",
      `
--data DIR sets the mirror's folder in the file, -c FILE names the file.
With --systemd or --cron an existing settings file is kept. Use one of them: a mirror needs one schedule.

Examples:
  jam init
  jam init --upstream /media/usb/tools --arch amd64
  jam init --fleet fleet/              keep the versions that run, whatever the rules say
  jam init --systemd --data /srv/jam -c /etc/jam/jam.yaml --dir /tmp/units`,
    )
    .action(run(init));
};

async function init(context: CommandContext, { options }: CommandCall<InitFlags>): Promise<void> {
  refuseTwoSchedules(options);
  const folder = resolve(context.io.cwd, options.dir);
  const config =
    context.globals.config === undefined
      ? join(folder, "jam.yaml")
      : resolve(context.io.cwd, context.globals.config);
  const extras = options.systemd === true || options.cron === true;
  const keepsConfig = extras && options.force !== true && existsSync(config);
  const place = await findPlace(context, config, keepsConfig);
  if (extras) refuseUnprintable(place);
  const files = [
    ...(keepsConfig ? [] : [{ path: config, text: await checkedConfigText(context, options, folder) }]),
    ...extraFiles(context, options, place).map(({ name, text }) => ({ path: join(folder, name), text })),
  ];
  if (options.force !== true) refuseExisting(files.map(({ path }) => path));
  const backups = options.force === true ? keepCopies(files.map(({ path }) => path)) : [];
  for (const { path, text } of files) write(path, text, options.force === true);
  await warnOfOtherSchedules(context, options, folder);
  const next = nextSteps(context, options, { ...place, folder });
  const written = files.map(({ path }) => path);
  await context.output.print({ written, backups, kept: keepsConfig ? [config] : [], next }, () =>
    [
      ...backups.map((path) => `Kept the earlier file as ${printable(path, Infinity)}`),
      ...written.map((path) => `Wrote ${printable(path, Infinity)}`),
      ...(keepsConfig ? [`Kept ${printable(config, Infinity)}`] : []),
      ...afterwards(context.globals, "", next),
    ].join("\n"),
  );
}

/** The text, after the check that every settings file has to pass: a wrong --arch is refused here already. */
async function checkedConfigText(
  context: CommandContext,
  options: InitFlags,
  folder: string,
): Promise<string> {
  const { globals, io } = context;
  const text = formatConfigText({
    upstream: absoluteFolder(options.upstream, io.cwd),
    keyring: absoluteKeyring(options.keyring, io.cwd),
    streams: options.stream,
    arches: options.arch,
    fleet: options.fleet === undefined ? undefined : resolve(io.cwd, options.fleet),
    data: globals.data === undefined ? undefined : resolve(io.cwd, globals.data),
  });
  const { InvalidConfigError, parseConfig } = await import("../../config/parse-file.ts");
  try {
    parseConfig({ file: join(folder, "jam.yaml"), text, environment: [] });
  } catch (error) {
    if (!(error instanceof InvalidConfigError)) throw error;
    const [message = "", ...lines] = error.problems.map((problem) => `${problem.path}: ${problem.message}`);
    throw new JamError("JAM_USAGE_INVALID", message, {
      lines,
      hint: "Nothing was written. Correct --upstream, --stream, --arch or --data.",
      details: error.details,
    });
  }
  return text;
}

function absoluteKeyring(keyring: string | undefined, cwd: string): string | undefined {
  return keyring === undefined || keyring === "builtin" || keyring === "none"
    ? keyring
    : resolve(cwd, keyring);
}

function absoluteFolder(upstream: string | undefined, cwd: string): string | undefined {
  if (upstream === undefined || hasScheme(upstream)) return upstream;
  return resolve(cwd, upstream);
}

async function findPlace(
  context: CommandContext,
  config: string,
  keepsConfig: boolean,
): Promise<InstallPlace> {
  const { globals, io } = context;
  const data = keepsConfig
    ? (await context.config()).data
    : resolve(globals.data === undefined ? dirname(config) : io.cwd, globals.data ?? SETTINGS.data.default);
  return {
    program: programCommand(io.env),
    config,
    data,
  };
}

function extraFiles(context: CommandContext, options: InitFlags, place: InstallPlace): WrittenFile[] {
  return [
    ...(options.systemd === true ? formatSystemdUnits(place) : []),
    ...(options.cron === true ? [formatCrontab(place, context.now().getMinutes())] : []),
  ];
}

function refuseTwoSchedules({ systemd, cron }: InitFlags): void {
  if (systemd !== true || cron !== true) return;
  throw new JamError("JAM_USAGE_INVALID", "--systemd cannot be combined with --cron.", {
    hint: "A mirror needs one schedule. Use --systemd where systemd runs, else --cron.",
  });
}

/** What is to be read before a second schedule is put to use. */
async function warnOfOtherSchedules(
  context: CommandContext,
  options: InitFlags,
  folder: string,
): Promise<void> {
  if (options.systemd !== true && options.cron !== true) return;
  for (const path of findOtherSchedules(options.systemd === true ? "systemd" : "cron", folder)) {
    await context.output.warn(
      `warning: ${path} exists. If it syncs the same mirror, use only one of the two schedules.`,
    );
  }
}

/** In a unit or a crontab a line break in a path would start a line of its own. */
function refuseUnprintable(place: InstallPlace): void {
  const path = Object.values(place).find(hasUnprintable);
  if (path === undefined) return;
  throw new JamError("JAM_USAGE_INVALID", `"${printable(path)}" has characters that do not print.`, {
    hint: "Use a path without control characters and line breaks for --systemd and --cron.",
    details: { file: path },
  });
}

function refuseExisting(paths: readonly string[]): void {
  const existing = paths.filter((path) => existsSync(path));
  if (existing.length === 0) return;
  throw new JamError(
    "JAM_CONFIG_EXISTS",
    `${existing.join(", ")} ${existing.length === 1 ? "exists" : "exist"} already.`,
    {
      hint: "Use it as it is, write elsewhere with --dir, or replace it with --force.",
      details: { files: existing },
    },
  );
}

/** Copies files that are about to be replaced: `jam.yaml.bak`, then `jam.yaml.bak2`; the paths of the copies. */
function keepCopies(paths: readonly string[]): string[] {
  return paths.filter(existsSync).map((path) => {
    for (let number = 1; ; number += 1) {
      const copy = `${path}.bak${number === 1 ? "" : number}`;
      if (existsSync(copy)) continue;
      try {
        copyFileSync(path, copy, constants.COPYFILE_EXCL);
        return copy;
      } catch (cause) {
        throw new JamError(
          "JAM_USAGE_INVALID",
          `${path} cannot be copied to ${copy} before it is replaced.`,
          {
            cause,
            hint: "Move the file away yourself, then run the command without --force.",
            details: { file: path },
          },
        );
      }
    }
  });
}

function write(path: string, text: string, mayReplace: boolean): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text, { flag: mayReplace ? "w" : "wx" });
  } catch (cause) {
    throw new JamError("JAM_USAGE_INVALID", `${path} cannot be written.`, {
      cause,
      hint: "Name a folder that you may write to with --dir.",
      details: { file: path },
    });
  }
}

function nextSteps(
  { globals, io }: CommandContext,
  options: InitFlags,
  place: InstallPlace & { readonly folder: string },
): ShellCommand[] {
  const isHere = globals.config === undefined && options.dir === ".";
  const name = programName(io.env).split(" ");
  const jam = isHere ? shellCommand`${name}` : shellCommand`${name} --config ${place.config}`;
  const isService = options.systemd === true;
  // As another user, jam would leave files that the units cannot replace; and the units serve already.
  const call = isService ? joinParts([shellCommand`sudo -u jam`, jam]) : jam;
  return [
    ...(isService ? installCommands("systemd", place.folder, place) : []),
    ...(options.cron === true ? installCommands("cron", place.folder, place) : []),
    joinParts([call, shellCommand`check             # is everything in place?`]),
    joinParts([call, shellCommand`sync --dry-run    # what would be fetched, and how much it is`]),
    joinParts([call, shellCommand`sync`]),
    ...(isService ? [] : [joinParts([jam, shellCommand`serve`])]),
    joinParts([jam, shellCommand`connect           # the commands that point Juju here`]),
  ];
}
