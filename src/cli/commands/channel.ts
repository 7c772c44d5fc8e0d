import type { Command } from "commander";
import type { ChannelMove } from "../../channel/channel-documents.ts";
import type { ChannelWork } from "../../channel/work.ts";
import { asWriter } from "../../mirror/as-writer.ts";
import { JamError } from "../../shared/errors.ts";
import { parseTime } from "../../shared/parse-time.ts";
import type { CommandAction, CommandCall, CommandContext, DefineCommand, RunAction } from "../command.ts";
import { EXIT } from "../exit-status.ts";
import { allowOption } from "../input/repeated-option.ts";
import { readRunning } from "../input/read-running.ts";
import {
  renderChannel,
  renderChannels,
  renderComparison,
  renderEntry,
  renderHistory,
  renderImported,
  renderMoment,
  renderMove,
} from "../render/channel.ts";

interface ChannelFlags {
  readonly from?: string;
  readonly reason?: string;
  readonly at?: string;
  readonly imported?: true;
  readonly snapshot?: string;
  readonly dryRun?: true;
  readonly all?: true;
  readonly allow?: readonly string[];
}

type Call = CommandCall<ChannelFlags>;

export const define: DefineCommand = (command, run) => {
  command.addHelpText(
    "after",
    `
A channel is a curated part of the mirror with an address of its own, /channel/NAME/tools, and a folder of its own,
channels/NAME/tools in the data directory. Its agents appear under Juju's usual streams. Channels are defined in
jam.yaml (\`channels\`) or made with \`jam channel create\`; what they show changes by promotion only.

Examples:
  jam channel create lab --from mirror
  jam channel promote lab --reason "weekly update"
  jam channel diff lab                     what a promotion would change
  jam channel rollback lab --reason "LP#2031234"
  jam channel history lab -o json`,
  );
  defineQueries(command, run);
  defineCuration(command, run);
  defineRestrictions(command, run);
};

function defineQueries(command: Command, run: RunAction): void {
  command
    .command("list")
    .summary("list the channels and what they show")
    .description("List the channels and what they show.")
    .action(run(list));
  command
    .command("show")
    .summary("show a channel, what it lists, and what is on hold")
    .description("Show a channel: what it lists, and what is on hold or withdrawn.")
    .argument("<channel>", "name of the channel")
    .action(run(show));
  command
    .command("diff")
    .summary("show what a promotion would change")
    .description(
      "Show what a promotion would change in a channel, and what is kept back. With a second channel: what changes from the first one to it.",
    )
    .argument("<channel>", "name of the channel")
    .argument("[other]", "name of another channel, or mirror")
    .option("--snapshot <id>", "a snapshot that the feeder has shown (default: what it shows now)")
    .action(run(diff));
  command
    .command("history")
    .summary("show what happened in a channel, who did it and why")
    .description(
      "Show what happened in a channel, oldest first. Each entry contains the SHA-256 of the one before it; an entry that was changed or removed is found.",
    )
    .argument("<channel>", "name of the channel; also of one that was deleted")
    .option("--at <time>", "what it showed at this time, with proof: 2026-11-30, or 2026-11-30T14:00Z")
    .option("--imported", "what happened in the near side's channel, as bundles brought it")
    .action(run(history));
}

function defineCuration(command: Command, run: RunAction): void {
  command
    .command("create")
    .summary("make a channel")
    .description("Make a channel. It shows nothing before the first promotion.")
    .argument("<channel>", "name of the channel: letters, digits, dots, dashes and underscores")
    .requiredOption("--from <feeder>", "what it takes agents from: mirror, or another channel")
    .option("--reason <text>", "why, for the history")
    .action(run(create));
  withReason(command.command("promote"))
    .summary("show in a channel what its feeder shows")
    .description(
      "Show in a channel what its feeder shows, without what is on hold, withdrawn, too young or not selected: in one step, after a check that every tarball is held.",
    )
    .argument("[channel]", "name of the channel")
    .option("--all", "promote to each channel with promote: auto, as a sync does at its end")
    .option("--snapshot <id>", "a snapshot that the feeder has shown (default: what it shows now)")
    .option("-n, --dry-run", "print what would change, change nothing")
    .action(run(promote));
  withReason(command.command("rollback"))
    .summary("show again what a channel showed before")
    .description(
      "Show again what a channel showed before its last promotion, without what was withdrawn since. Repeated, it goes back further.",
    )
    .argument("<channel>", "name of the channel")
    .action(run(rollback));
  command
    .command("delete")
    .summary("delete a channel; its history stays")
    .description("Delete a channel that `jam channel create` made. Its history stays.")
    .argument("<channel>", "name of the channel")
    .addOption(allowOption(command, "allow deleting a channel that shows agents", ["served"]))
    .option("--reason <text>", "why, for the history")
    .action(run(remove));
}

function defineRestrictions(command: Command, run: RunAction): void {
  withReason(command.command("hold"))
    .summary("keep a version from coming to a channel, and from going further")
    .description(
      "Put a version on hold: no promotion brings it to the channel, or from there to others. Where it is listed already it stays.",
    )
    .argument("<channel>", "name of the channel")
    .argument("<version>", "the version, such as 3.6.7")
    .action(run(hold));
  withReason(command.command("release"))
    .summary("end a hold or a withdrawal")
    .description("End a hold or a withdrawal. The next promotion takes the version again.")
    .argument("<channel>", "name of the channel")
    .argument("<version>", "the version, such as 3.6.7")
    .action(run(release));
  withReason(command.command("withdraw"))
    .summary("take a version out of a channel at once")
    .description(
      "Take a version out of a channel at once. Running downloads of it finish; new ones are refused. No promotion or rollback brings it back before it is released.",
    )
    .argument("<channel>", "name of the channel")
    .argument("<version>", "the version, such as 3.6.7")
    .action(run(withdraw));
}

function withReason(command: Command): Command {
  return command.requiredOption("--reason <text>", "why, for the history");
}

const list: CommandAction<ChannelFlags> = async (context) => {
  const { store, settings } = await reader(context);
  const { listChannels } = await import("../../channel/list-channels.ts");
  const document = await listChannels(store, settings);
  await context.output.print(document, () => renderChannels(document, context));
};

const show: CommandAction<ChannelFlags> = async (context, call) => {
  const { store, settings } = await reader(context);
  const { describeChannel } = await import("../../channel/list-channels.ts");
  const document = await describeChannel(store, settings, nameOf(call));
  await context.output.print(document, () => renderChannel(document, context));
};

const diff: CommandAction<ChannelFlags> = async (context, call) => {
  const { args, options } = call;
  const other = args[1] as string | undefined;
  if (other !== undefined) {
    if (options.snapshot !== undefined) {
      throw new JamError("JAM_USAGE_INVALID", "--snapshot cannot be combined with a second channel.", {
        hint: "Leave out one of them. `jam snapshot diff` compares two snapshots.",
      });
    }
    const { store, settings } = await reader(context);
    const { compareChannels } = await import("../../channel/compare.ts");
    const document = await compareChannels(store, settings, { from: nameOf(call), to: other });
    await context.output.print(document, () => renderComparison(document, context));
    return;
  }
  const { planPromotion } = await import("../../channel/promote.ts");
  const work = await compose(context);
  const planned = await planPromotion(work, { name: nameOf(call), snapshot: options.snapshot });
  await printMove(context, planned, true);
};

const history: CommandAction<ChannelFlags> = async (context, call) => {
  const { store, settings } = await reader(context);
  const { describeHistory, describeImported, describeMoment } =
    await import("../../channel/describe-history.ts");
  if (call.options.imported === true) {
    refuseBoth(call.options);
    const imported = await describeImported(store, settings, nameOf(call));
    await context.output.print(imported, () => renderImported(imported, context));
    return;
  }
  if (call.options.at !== undefined) {
    const at = readTime(call.options.at);
    const moment = await describeMoment(store, { settings, word: nameOf(call), at });
    await context.output.print(moment, () => renderMoment(moment, context));
    return;
  }
  const document = await describeHistory(store, settings, nameOf(call));
  await context.output.print(document, () => renderHistory(document, context));
};

function refuseBoth({ at }: ChannelFlags): void {
  if (at === undefined) return;
  throw new JamError("JAM_USAGE_INVALID", "--imported cannot be combined with --at.", {
    hint: "--at is about what this side showed. -o json of --imported has the times of the near side.",
  });
}

const create: CommandAction<ChannelFlags> = async (context, call) => {
  const { from = "", reason } = call.options;
  const { createChannel } = await import("../../channel/manage.ts");
  const work = await compose(context, { creates: true });
  const request = { name: nameOf(call), from, reason: reason === undefined ? undefined : readReason(reason) };
  const entry = await write(context, "create", work, () => createChannel(work, request));
  await context.output.print({ channel: request.name, entry }, () =>
    renderEntry(request.name, entry, context.globals),
  );
};

const promote: CommandAction<ChannelFlags> = async (context, call) => {
  const { snapshot, dryRun, all } = call.options;
  if (all === true) return promoteAll(context, call);
  if (call.args[0] === undefined) {
    throw new JamError("JAM_USAGE_INVALID", "Name the channel to promote to.", {
      hint: "`jam channel list` shows the channels; --all takes those with `promote: auto`.",
    });
  }
  const { planPromotion, promote: act } = await import("../../channel/promote.ts");
  const request = { name: nameOf(call), snapshot, reason: reasonOf(call) };
  const work = await compose(context);
  if (dryRun === true) {
    await printMove(context, await planPromotion(work, request), true);
    return undefined;
  }
  await printMove(context, await write(context, "promote", work, () => act(work, request)));
  return undefined;
};

async function promoteAll(context: CommandContext, call: Call): Promise<number> {
  const { snapshot, dryRun } = call.options;
  if (call.args[0] !== undefined || snapshot !== undefined || dryRun === true) {
    throw new JamError(
      "JAM_USAGE_INVALID",
      "--all cannot be combined with a channel, --snapshot or --dry-run.",
      {
        hint: "`jam channel diff` shows what a promotion to one channel would change.",
      },
    );
  }
  const { describeDue, isWaiting, promoteDue } = await import("../../channel/promote-due.ts");
  const reason = reasonOf(call);
  const work = await compose(context);
  const promotions = await write(context, "promote", work, () => promoteDue(work, reason));
  const lines = promotions.map((one) => describeDue(one) ?? `channel ${one.channel}: nothing to promote`);
  const text = lines.length === 0 ? "No channel has `promote: auto`." : lines.join("\n");
  await context.output.print({ promotions }, () => `${text}\n`);
  return promotions.some((one) => one.error !== null && !isWaiting(one)) ? EXIT.partial : EXIT.ok;
}

const rollback: CommandAction<ChannelFlags> = async (context, call) => {
  const { rollBack } = await import("../../channel/rollback.ts");
  const request = { name: nameOf(call), reason: reasonOf(call) };
  const work = await compose(context);
  await printMove(context, await write(context, "rollback", work, () => rollBack(work, request)));
};

const withdraw: CommandAction<ChannelFlags> = async (context, call) => {
  const { withdraw: act } = await import("../../channel/rollback.ts");
  const request = { name: nameOf(call), version: call.args[1] as string, reason: reasonOf(call) };
  const work = await compose(context);
  await printMove(context, await write(context, "withdraw", work, () => act(work, request)));
};

const hold: CommandAction<ChannelFlags> = (context, call) => restrict(context, call, "hold");

const release: CommandAction<ChannelFlags> = (context, call) => restrict(context, call, "release");

async function restrict(context: CommandContext, call: Call, action: "hold" | "release"): Promise<void> {
  const module = await import("../../channel/hold.ts");
  const name = nameOf(call);
  const request = { name, version: call.args[1] as string, reason: reasonOf(call) };
  const work = await compose(context, { isFleetRead: false });
  const { entry, warnings } = await write(context, action, work, () => module[action](work, request));
  for (const warning of warnings) await context.output.warn(`warning: ${warning}`);
  await context.output.print({ channel: name, entry }, () => renderEntry(name, entry, context.globals));
}

const remove: CommandAction<ChannelFlags> = async (context, call) => {
  const { reason, allow } = call.options;
  const { deleteChannel } = await import("../../channel/manage.ts");
  const work = await compose(context, { isFleetRead: false });
  const name = nameOf(call);
  const request = {
    name,
    reason: reason === undefined ? undefined : readReason(reason),
    allowsServed: allow?.includes("served") === true,
  };
  const entry = await write(context, "delete", work, () => deleteChannel(work, request));
  await context.output.print({ channel: name, entry }, () => renderEntry(name, entry, context.globals));
};

async function printMove(context: CommandContext, move: ChannelMove, isPlanned = false): Promise<void> {
  for (const warning of move.warnings) await context.output.warn(`warning: ${warning}`);
  await context.output.print(move, () => renderMove(move, { context, isPlanned }));
}

function nameOf({ args }: Call): string {
  return args[0] as string;
}

function readTime(text: string): Date {
  const at = parseTime(text);
  if (at !== undefined) return new Date(at);
  throw new JamError("JAM_USAGE_INVALID", `--at ${text} is not a time.`, {
    hint: "Write it as 2026-11-30, 2026-11-30T14:00 (local time) or 2026-11-30T14:00Z.",
  });
}

/** Longer ones belong in the ticket that the reason names. */
const MAX_REASON = 1000;

function reasonOf({ options }: Call): string {
  return readReason(options.reason ?? "");
}

function readReason(text: string): string {
  const reason = text.trim();
  if (reason !== "" && reason.length <= MAX_REASON) return reason;
  throw new JamError("JAM_USAGE_INVALID", `--reason needs a text of 1 to ${MAX_REASON} characters.`, {
    hint: 'Say why, for whoever reads the history: --reason "LP#2031234"',
  });
}

async function reader(context: CommandContext) {
  const config = await context.config();
  const { openReader } = await import("../../compose/store.ts");
  return { store: await openReader(config), settings: config.channels };
}

async function compose(
  context: CommandContext,
  {
    creates = false,
    isFleetRead = true,
  }: { readonly creates?: boolean; readonly isFleetRead?: boolean } = {},
): Promise<ChannelWork> {
  const config = await context.config();
  const { composeChannels } = await import("../../compose/channel.ts");
  const running = isFleetRead ? await readRunning(context, config) : undefined;
  return composeChannels(config, { env: context.io.env, running, creates });
}

/** What others are told it is, who want to write meanwhile. */
const RUNS = {
  create: "jam channel create",
  promote: "jam channel promote",
  rollback: "jam channel rollback",
  hold: "jam channel hold",
  release: "jam channel release",
  withdraw: "jam channel withdraw",
  delete: "jam channel delete",
} as const;

function write<T>(
  context: CommandContext,
  action: keyof typeof RUNS,
  { store }: ChannelWork,
  act: () => Promise<T>,
): Promise<T> {
  const run = {
    command: RUNS[action],
    onNote: (note: string) => context.output.warn(`warning: ${note}`),
    signal: context.signal,
  };
  return asWriter(store, run, act);
}
