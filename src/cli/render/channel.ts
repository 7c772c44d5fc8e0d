import { afterwards } from "./next-steps.ts";
import type { GlobalOptions } from "../global-options.ts";
import type { ChannelDocument, ChannelMove, ChannelsDocument } from "../../channel/channel-documents.ts";
import type {
  ChannelEntry,
  HistoryDocument,
  ImportedHistoryDocument,
  MomentDocument,
} from "../../channel/history-document.ts";
import type { SnapshotDiff } from "../../mirror/snapshots-document.ts";
import { formatByteSize } from "../../shared/byte-size.ts";
import { formatDuration } from "../../shared/duration.ts";
import { formatFingerprint } from "../../shared/signature.ts";
import { formatLocalTime } from "../../shared/local-time.ts";
import { shellCommand } from "../../shared/shell-command.ts";
import type { CommandContext } from "../command.ts";
import { formatTable } from "../output/table.ts";
import { formatAgentNames } from "./agent-names.ts";

/** `jam channel list` for people. */
export async function renderChannels(
  { channels }: ChannelsDocument,
  { now, width, paint }: CommandContext,
): Promise<string> {
  if (channels.length === 0) {
    return "No channel yet. `jam channel create NAME --from mirror` makes one, or `channels` in jam.yaml.\n";
  }
  const table = await formatTable(
    [
      { heading: "CHANNEL" },
      { heading: "FROM" },
      { heading: "SHOWS" },
      { heading: "AGE" },
      { heading: "AGENTS", align: "right" },
      { heading: "PROMOTE" },
      { heading: "ON HOLD" },
      { heading: "WITHDRAWN" },
    ],
    channels.map((channel) => [
      channel.name,
      channel.from ?? "(not defined)",
      channel.snapshot ?? "nothing yet",
      channel.since === null ? "-" : formatDuration(now().getTime() - Date.parse(channel.since)),
      String(channel.agents),
      describePromotion(channel),
      versionsOf(channel.held),
      versionsOf(channel.withdrawn),
    ]),
    width,
  );
  const faults = channels.flatMap(({ name, fault }) => (fault === null ? [] : [`${name}: ${fault}`]));
  return table + faults.map((fault) => `${paint("red", fault)}\n`).join("");
}

function describePromotion({ promote, delayMs, clock }: ChannelsDocument["channels"][number]): string {
  if (promote === null) return "-";
  if (delayMs === null || delayMs === 0) return promote;
  return `${promote}, after ${formatDuration(delayMs)}${clock === "upstream" ? " upstream" : ""}`;
}

function versionsOf(restrictions: readonly { readonly version: string }[]): string {
  return restrictions.length === 0 ? "-" : restrictions.map(({ version }) => version).join(" ");
}

/** `jam channel show` for people. */
export async function renderChannel(
  { channel, agentNames, rollback }: ChannelDocument,
  { width, paint }: CommandContext,
): Promise<string> {
  const lines = [
    `channel    ${channel.name}`,
    `from       ${channel.from ?? "(not defined any longer)"}`,
    `promote    ${describePromotion(channel)}`,
    `address    ${channel.path}`,
    `shows      ${channel.snapshot ?? "nothing yet"}`,
    `since      ${channel.since === null ? "-" : formatLocalTime(channel.since)}`,
    `rollback   ${rollback ?? "-"}`,
    `agents     ${channel.agents}, ${formatByteSize(channel.bytes)}`,
    ...(await formatAgentNames("           ", agentNames, { width })),
    ...channel.held.map((one) => `on hold    ${describeRestriction(one)}`),
    ...channel.withdrawn.map((one) => `withdrawn  ${describeRestriction(one)}`),
    ...(channel.fault === null ? [] : [paint("red", channel.fault)]),
  ];
  return `${lines.join("\n")}\n`;
}

function describeRestriction({
  version,
  reason,
  who,
  at,
}: ChannelDocument["channel"]["held"][number]): string {
  return `${version}, ${formatLocalTime(at)} by ${who}: ${reason}`;
}

/** What a promotion, a rollback or a withdrawal changed, or would change. */
export async function renderMove(
  move: ChannelMove,
  { context: { width }, isPlanned }: { readonly context: CommandContext; readonly isPlanned: boolean },
): Promise<string> {
  const kept = await renderKeptBack(move, width);
  if (move.outcome === "unchanged") {
    return `${move.channel} shows ${move.from} already; nothing to promote.\n${kept}`;
  }
  const heading = isPlanned ? "Would change:" : `${move.channel} shows ${move.to} now.`;
  const from = move.feeder === null ? [] : [`promoted  ${move.source} of ${move.feeder}`];
  const before = `before    ${move.from ?? "nothing"}`;
  return `${[heading, ...from, before, ...(await renderChanges(move, width))].join("\n")}\n${kept}`;
}

async function renderKeptBack({ keptBack }: ChannelMove, width: number): Promise<string> {
  const lines: string[] = [];
  for (const [why, all] of Map.groupBy(keptBack, ({ why: reason }) => reason)) {
    const names = all.map(({ agent }) => agent);
    lines.push(
      ...(await formatAgentNames(`kept back (${why === "held" ? "on hold" : why})  ${all.length}: `, names, {
        width,
      })),
    );
    const details = [...new Set(all.map(({ detail }) => detail))];
    lines.push(...details.slice(0, 5).map((detail) => `            ${detail}`));
  }
  return lines.length === 0 ? "" : `${lines.join("\n")}\n`;
}

async function renderChanges(
  { added, removed, changed, bytes }: Pick<SnapshotDiff, "added" | "removed" | "changed" | "bytes">,
  width: number,
): Promise<string[]> {
  const others = changed.map(({ agent }) => agent);
  return [
    ...(await formatAgentNames(`added     ${added.length}: `, added, { width })),
    ...(await formatAgentNames(`removed   ${removed.length}: `, removed, { width })),
    ...(await formatAgentNames(`changed   ${changed.length}: `, others, { width })),
    `size      ${bytes < 0 ? "-" : "+"}${formatByteSize(Math.abs(bytes))}`,
  ];
}

/** What changes from one channel to another. */
export async function renderComparison(document: SnapshotDiff, { width }: CommandContext): Promise<string> {
  const { from, to, added, removed, changed } = document;
  if (added.length + removed.length + changed.length === 0)
    return `Both list the same agents (${from === to ? from : `${from} and ${to}`}).\n`;
  const lines = [`from      ${from}`, `to        ${to}`, ...(await renderChanges(document, width))];
  return `${lines.join("\n")}\n`;
}

/** `jam channel history` for people. */
export async function renderHistory(
  { history }: HistoryDocument,
  { width }: CommandContext,
): Promise<string> {
  if (history.length === 0) return "Nothing has happened in this channel yet.\n";
  return formatTable(
    [
      { heading: "AT" },
      { heading: "WHO" },
      { heading: "ACTION" },
      { heading: "FROM" },
      { heading: "TO" },
      { heading: "REASON" },
    ],
    history.map(({ at, who, action, version, from, to, reason }) => [
      formatLocalTime(at),
      who,
      version === null ? action : `${action} ${version}`,
      from ?? "-",
      to ?? "-",
      reason ?? "-",
    ]),
    width,
  );
}

/** `jam channel history --imported` for people. */
export async function renderImported(
  { name, bundle, signedBy, head, history }: ImportedHistoryDocument,
  context: CommandContext,
): Promise<string> {
  const signer = signedBy === null ? "SIGNER NOT TRUSTED" : `signed by ${formatFingerprint(signedBy)}`;
  const facts = [`near side  channel ${name}`, `bundle     ${bundle}, ${signer}`, `head       ${head}`];
  return `${facts.join("\n")}\n\n${await renderHistory({ history }, context)}`;
}

const PROOF = {
  proven: "its agents have the hash that the history names",
  differs: "ITS AGENTS DO NOT HAVE THE HASH THAT THE HISTORY NAMES",
  damaged: "the snapshot cannot be read (jam verify); the history names the hash of its agents",
  pruned: "the snapshot is not kept any longer; the history names the hash of its agents",
  none: "nothing was shown",
} as const;

/** What a channel showed at a time. */
export async function renderMoment(moment: MomentDocument, { width }: CommandContext): Promise<string> {
  const { entry } = moment;
  const lines = [
    `channel    ${moment.channel}`,
    `at         ${formatLocalTime(moment.at)}`,
    `showed     ${moment.snapshot ?? "nothing"}`,
    ...(entry === null
      ? []
      : [`since      ${formatLocalTime(entry.at)}, ${entry.action} by ${entry.who}: ${entry.reason ?? "-"}`]),
    `proof      ${PROOF[moment.catalogue]}`,
    `entry      ${moment.entryHash ?? "-"}`,
    `last       ${moment.head ?? "-"} (${moment.entries} in all)`,
    `agents     ${moment.agents.length}`,
    ...(await formatAgentNames("           ", moment.agents, { width })),
  ];
  for (const { upstream, verified, documents } of moment.proofs) {
    lines.push(`upstream   ${upstream} (${verified ? "verified" : "NOT VERIFIED"})`);
    for (const { path, sha256 } of documents) lines.push(`           ${path} ${sha256}`);
  }
  return `${lines.join("\n")}\n`;
}

/** One entry that was written just now. */
export function renderEntry(
  channel: string,
  { action, version, from, feeder }: ChannelEntry,
  globals: Pick<GlobalOptions, "isQuiet">,
): string {
  switch (action) {
    case "create":
      return [
        `Created the channel ${channel} from ${feeder}. It shows nothing before the first promotion.`,
        ...afterwards(globals, shellCommand`jam channel promote ${channel} --reason REASON`),
        "",
      ].join("\n");
    case "hold":
      return `${version} is on hold in ${channel}: no promotion brings it there, or from there to others.\n`;
    case "release":
      return `${version} is released in ${channel}: the next promotion takes it again.\n`;
    case "delete":
      return `Deleted the channel ${channel}${from === null ? "" : `, which showed ${from}`}. Its history stays: ${shellCommand`jam channel history ${channel}`}\n`;
    default:
      return `${channel}: ${action}\n`;
  }
}
