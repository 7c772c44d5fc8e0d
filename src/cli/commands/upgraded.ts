import type { Command } from "commander";
import { JamError } from "../../shared/errors.ts";
import { formatDuration, parseDurationMs } from "../../shared/duration.ts";
import { printable } from "../../shared/printable.ts";
import { formatVersion, parseVersion } from "../../juju/version.ts";
import type { Fleet } from "../../upgrade/fleet/fleet.ts";
import { judgeUpgraded, type UpgradedDocument } from "../../upgrade/upgraded/upgraded.ts";
import type { CommandCall, CommandContext, DefineCommand } from "../command.ts";
import { watchUpgrade } from "../../upgrade/upgraded/watch.ts";
import { channelOption, inChannel } from "../input/in-channel.ts";
import { addExplainFiles, explainFiles } from "../input/explain-files.ts";
import { renderUpgraded, summarizeUpgraded } from "../render/upgraded.ts";
import { readVersionAloud } from "../input/version-flag.ts";
import { readListings, type ListingSource } from "../input/watched-listing.ts";
import { EXIT } from "../exit-status.ts";
import { formatLocalTime } from "../../shared/local-time.ts";

interface UpgradedFlags {
  readonly to?: string;
  readonly watch?: true;
  readonly explainFiles?: true;
  readonly every: string;
  readonly timeout: string;
}

export const define: DefineCommand = (command, run) => {
  command
    .argument(
      "[file...]",
      "output of juju status --format json or yaml, if possible with juju models and show-controller, or a folder with it; default: standard input",
    )
    .option("--to <version>", "target version (default: the version that each model is set to)")
    .option("--watch", "repeat until everything is done; runs the command after -- each time")
    .option("--every <duration>", "with --watch: time between two checks, ISO 8601", "PT30S")
    .option("--timeout <duration>", "with --watch: stop after this time, ISO 8601", "PT2H");
  addExplainFiles(command);
  command
    .addOption(channelOption(command))
    .addHelpText(
      "after",
      `
An agent is done if it runs the target version and its status is good: Juju reports
the new version before the upgrade steps run, so the version alone is not enough.

Exit status: 0 if every model, machine, container and unit is done and everything could
be read, 3 if something is not done, not reachable or not known.

Examples:
  juju status -m prod:web --format json | jam upgraded
  jam upgraded --to 3.6.27 fleet/
  jam upgraded --watch --to 3.6.27 -- juju status -m prod:web --format json`,
    )
    .action(run(inChannel(upgraded)));
};

async function upgraded(context: CommandContext, call: CommandCall<UpgradedFlags>): Promise<number> {
  const { options } = call;
  if (options.explainFiles === true) {
    const files = call.args[0] as readonly string[];
    return explainFiles(context, files.length === 0 ? ["-"] : files, "file");
  }
  const target = options.to === undefined ? undefined : await readTarget(context, options.to);
  const source = readSource(call);
  const look = async (): Promise<UpgradedDocument> => {
    const fleet = await readListings(context, source);
    requireStatus(fleet);
    return judgeUpgraded(fleet, target);
  };
  const document = options.watch === true ? await watch(context, look, options) : await look();
  await context.output.print(document, () => renderUpgraded(document, context));
  for (const note of document.notes) await context.output.note(`note: ${note}`);
  return document.upgraded ? EXIT.ok : EXIT.partial;
}

async function watch(
  context: CommandContext,
  look: () => Promise<UpgradedDocument>,
  { every, timeout }: UpgradedFlags,
): Promise<UpgradedDocument> {
  const { setTimeout: sleep } = await import("node:timers/promises");
  const { output, now, signal } = context;
  let last = "";
  return watchUpgrade(
    {
      look,
      now,
      signal,
      sleep: (ms) => sleep(ms, undefined, { signal }),
      async onLook(seen) {
        const line = seen instanceof JamError ? `no answer: ${seen.message}` : summarizeUpgraded(seen);
        if (line !== last) await output.note(`${formatLocalTime(now())}  ${line}`);
        last = line;
      },
      onStop: ({ elapsedMs, why }) => output.warn(`Stopped after ${formatDuration(elapsedMs)}: ${why}.`),
    },
    { everyMs: readDuration("--every", every), timeoutMs: readDuration("--timeout", timeout) },
  );
}

/** Only `juju status` and `juju machines` list agents. */
function requireStatus({ models, unread }: Fleet): void {
  const hasAgents = models.some(({ machines, units }) => machines !== undefined || units !== undefined);
  if (hasAgents || unread.length > 0) return;
  const files = [...new Set(models.flatMap((model) => model.files))];
  const named = files.length === 0 ? "The files" : printable(files.join(", "));
  throw new JamError("JAM_FLEET_INVALID", `${named}: no output of juju status, so no agents are listed.`, {
    hint: "Give what juju status --format json prints for each model. For example: juju status -m prod:web --format json > prod-web.json",
    details: { files },
  });
}

/** With --watch, words after `--` are a command. */
function readSource({ args, options, command }: CommandCall<UpgradedFlags>): ListingSource {
  const words = args[0] as readonly string[];
  if (options.watch === true && hasTerminator(command)) {
    if (words.length > 0) return { kind: "command", words };
    throw new JamError("JAM_USAGE_INVALID", "There is no command after --.", {
      hint: "For example: jam upgraded --watch -- juju status -m prod:web --format json",
    });
  }
  const files = words.length === 0 ? ["-"] : words;
  if (options.watch !== true || !files.includes("-")) return { kind: "files", files };
  throw new JamError("JAM_USAGE_INVALID", "--watch cannot read standard input more than once.", {
    hint: "Give the command after --: jam upgraded --watch -- juju status -m prod:web --format json",
    details: { flag: "--watch" },
  });
}

/** Commander gives words before and after `--` in one list; only its undeclared `rawArgs` tells. */
function hasTerminator(command: Command): boolean {
  let root = command;
  while (root.parent !== null) root = root.parent;
  return (root as Command & { readonly rawArgs: readonly string[] }).rawArgs.includes("--");
}

function readDuration(flag: string, text: string): number {
  const ms = parseDurationMs(text);
  if (ms !== undefined && ms > 0) return ms;
  throw new JamError("JAM_USAGE_INVALID", `${flag}: "${text}" is not a duration above zero.`, {
    hint: "Write it as ISO 8601: PT30S, PT5M, PT2H.",
    details: { flag, value: text },
  });
}

async function readTarget(context: CommandContext, text: string): Promise<string> {
  return formatVersion(parseVersion(await readVersionAloud(context, text, "--to")));
}
