import { describeConditions, type DenyRule, type SelectRule } from "../../juju/select-rule.ts";
import type { SnapshotDocument } from "../../mirror/snapshots-document.ts";
import { formatByteSize } from "../../shared/byte-size.ts";
import { formatDuration } from "../../shared/duration.ts";
import { formatLocalTime } from "../../shared/local-time.ts";
import { formatFingerprint } from "../../shared/signature.ts";
import type { CommandContext } from "../command.ts";
import { formatAgentNames } from "./agent-names.ts";

/** A snapshot with everything that is known about where it comes from. */
export async function renderSnapshot(
  document: SnapshotDocument,
  { width }: Pick<CommandContext, "width">,
): Promise<string> {
  const { snapshot, agents } = document;
  const lines = [
    `snapshot  ${snapshot.id}`,
    `created   ${formatLocalTime(snapshot.createdAt)}`,
    `made by   ${document.made?.who ?? NOT_RECORDED}`,
    ...describeRules(document.made),
    `shown     ${snapshot.refs.length === 0 ? "no" : snapshot.refs.join(", ")}`,
    `pinned    ${snapshot.pinned === null ? "no" : describePin(snapshot.pinned)}`,
    `before    ${snapshot.parent ?? "-"}`,
    ...describeChannel(document.channel),
    ...describeBundle(document.bundle),
    `agents    ${snapshot.agents}, ${formatByteSize(snapshot.bytes)}`,
    ...(await formatAgentNames("          ", agents, { width })),
    ...document.proofs.flatMap(describeProof),
  ];
  return `${lines.join("\n")}\n`;
}

const NOT_RECORDED = "not recorded: an earlier version of jam made this snapshot";

function describeRules(made: SnapshotDocument["made"]): string[] {
  if (made === null) return [`rules     ${NOT_RECORDED}`];
  const { select, deny = [], onUpstreamRemoval, delay, held = [], withdrawn = [] } = made.rules;
  const taken = select?.map(describeSelect) ?? ["everything that its origin listed"];
  return [
    `rules     SHA-256 ${made.rulesSha256}`,
    ...taken.map((text) => `          takes ${text}`),
    ...deny.map((rule) => `          denies ${describeDeny(rule)}`),
    ...(onUpstreamRemoval === undefined
      ? []
      : [`          what upstream no longer lists: ${onUpstreamRemoval}`]),
    ...(delay === undefined ? [] : [`          delay ${describeDelay(delay)}`]),
    ...(held.length === 0 ? [] : [`          on hold ${held.join(", ")}`]),
    ...(withdrawn.length === 0 ? [] : [`          withdrawn ${withdrawn.join(", ")}`]),
  ];
}

function describeSelect(rule: SelectRule): string {
  const { prereleases } = rule;
  const more = prereleases === undefined ? "" : `, ${prereleases ? "with" : "without"} pre-releases`;
  return `${describeConditions(rule)}${more}`;
}

function describeDeny({ version, arch, reason }: DenyRule): string {
  return `${version}${arch === undefined ? "" : ` on ${arch.join(" or ")}`}: ${reason ?? "no reason given"}`;
}

function describeDelay({ ms, clock }: { readonly ms: number; readonly clock: "seen" | "upstream" }): string {
  return `${formatDuration(ms)} ${clock === "seen" ? "since it was first listed here" : "since upstream's date"}`;
}

function describeChannel(channel: SnapshotDocument["channel"]): string[] {
  if (channel === null) return [];
  return [`channel   ${channel.channel}: a part of ${channel.snapshot} of ${channel.from}`];
}

function describeBundle(bundle: SnapshotDocument["bundle"]): string[] {
  if (bundle === null) return ["bundle    -"];
  const signer =
    bundle.signedBy === null
      ? "NOT SIGNED by a trusted key"
      : `signed by ${formatFingerprint(bundle.signedBy)}`;
  return [`bundle    ${bundle.id}, ${formatLocalTime(bundle.createdAt)}`, `          ${signer}`];
}

function describeProof({ upstream, verified, documents }: SnapshotDocument["proofs"][number]): string[] {
  const lines = [`upstream  ${upstream} (${verified ? "verified" : "NOT VERIFIED"})`];
  // Usually one key signs them all.
  for (const [signer, signed] of Map.groupBy(documents, ({ signedBy }) => signedBy)) {
    lines.push(`          ${signer === null ? "not signed" : `signed by ${formatFingerprint(signer)}`}:`);
    for (const { path, signedAt } of signed)
      lines.push(`            ${path}${signedAt === null ? "" : `, ${formatLocalTime(signedAt)}`}`);
  }
  return lines;
}

function describePin({ at, who, reason }: NonNullable<SnapshotDocument["snapshot"]["pinned"]>): string {
  return `by ${who}, ${formatLocalTime(at)}${reason === null ? "" : `: ${reason}`}`;
}
