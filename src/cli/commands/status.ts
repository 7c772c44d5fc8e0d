import { InvalidArgumentError } from "commander";
import { formatByteSize } from "../../shared/byte-size.ts";
import { formatDuration, parseDurationMs } from "../../shared/duration.ts";
import { countRows, formatCount, nameSome } from "../../shared/listed.ts";
import { formatLocalTime } from "../../shared/local-time.ts";
import { channelOption, inChannel } from "../input/in-channel.ts";
import { readRunning } from "../input/read-running.ts";
import { printable } from "../../shared/printable.ts";
import { isPartOfUpstream } from "../../mirror/face.ts";
import type { LastRuns } from "../../mirror/last-runs.ts";
import { countFailures } from "../../mirror/refused-changes.ts";
import type { SyncReport } from "../../mirror/run-report.ts";
import { quotaUses } from "../../mirror/quota-use.ts";
import type { StatusDocument } from "../../mirror/status-document.ts";
import type { CommandCall, CommandContext, DefineCommand } from "../command.ts";
import { EXIT } from "../exit-status.ts";
import { formatTable } from "../output/table.ts";
import { formatTotals } from "../render/totals.ts";
import { formatFingerprint } from "../../shared/signature.ts";
import { describeEnd, describeLastRuns, findStaleness } from "../render/last-runs.ts";

interface StatusOptions {
  readonly runs: number;
  readonly maxAge?: number;
}

export const define: DefineCommand = (command, run) => {
  command
    .option("--runs <n>", "number of last runs to show", parseRuns, 5)
    .option(
      "--max-age <duration>",
      "exit with 11 when the last good run is older, or the last run failed",
      parseMaxAge,
    )
    .addOption(channelOption(command))
    .addHelpText("after", HELP)
    .action(run(inChannel(status)));
};

const HELP = `
The reports of the last runs are in history/ in the data directory. A run is good when nothing is missing after it:
outcome "updated" or "unchanged". A cancelled, killed or failed run keeps what it received. Times are local with the offset from UTC; -o json has them in UTC.

"verbatim" is about upstream's own signed index, under /upstream/tools. It is served only by a mirror that has everything that
the index lists. Others serve /tools alone, which Juju uses: it lists exactly what is here, and is therefore not signed by upstream.
-o json has the reason.

For monitoring, --max-age takes an ISO 8601 duration. The exit status is 11, with one line on standard error, when the last
good run is older, when there is none, or when the last run failed or its report cannot be read.

Examples:
  watch -n 30 jam status
  jam status --max-age P2D
  jam status --max-age PT36H -o json`;

async function status(context: CommandContext, call: CommandCall<StatusOptions>): Promise<number> {
  const config = await context.config();
  const { composeLastRuns, composeStatus } = await import("../../compose/status.ts");
  const { runs, maxAge } = call.options;
  const lastRuns = await composeLastRuns(config);
  const running = await readRunning(context, config);
  const document = await composeStatus(config, { runs, running });
  await context.output.print(document, () => render(document, lastRuns, context));
  if (maxAge === undefined) return EXIT.ok;
  const why = findStaleness(lastRuns, context.now(), maxAge);
  if (why === undefined) return EXIT.ok;
  await context.output.warn(printable(why, Infinity));
  return EXIT.stale;
}

async function render(status: StatusDocument, lastRuns: LastRuns, context: CommandContext): Promise<string> {
  const { paint } = context;
  const { snapshot, verbatim } = status;
  const lines = [
    ...describeLastRuns(lastRuns, context.now(), paint),
    `data      ${printable(status.data, Infinity)} (${status.mode})`,
  ];
  if (status.cache !== undefined) lines.push(...describeCache(status.cache, context));
  if (snapshot === null || verbatim === null) {
    lines.push(`snapshot  ${withoutSnapshot(status.mode)}`);
  } else {
    const age = formatDuration(context.now().getTime() - Date.parse(snapshot.createdAt));
    const verified = status.verified === true ? paint("green", "verified") : paint("red", "NOT VERIFIED");
    const streams = Object.entries(status.streams).map(([stream, count]) => `${stream} ${count}`);
    const held =
      status.held.agents === 0
        ? paint("red", "no agents: Juju finds nothing here")
        : `${formatTotals({ ...status.held, tarballs: status.tarballs })}: ${streams.join(", ")}`;
    lines.push(
      `snapshot  ${snapshot.id}, published ${age} ago`,
      `upstream  ${printable(snapshot.upstream, Infinity)} (${verified})`,
      ...snapshot.expiredKeys.map(({ fingerprint, expiredAt }) =>
        paint(
          "red",
          `          SIGNED BY A KEY THAT HAD EXPIRED: ${formatFingerprint(fingerprint)}, on ${formatLocalTime(expiredAt)}`,
        ),
      ),
      ...describeOrigin(snapshot.bundle, context),
      `held      ${held}`,
      `verbatim  ${describeVerbatim(verbatim)}`,
    );
  }
  if (status.running !== undefined) lines.push(`fleet     ${describeFleet(status.running, context)}`);
  if (status.snapshots.length > 1)
    lines.push(
      `kept      ${status.snapshots.slice(-4).toReversed().join(", ")}${status.snapshots.length > 4 ? ", …" : ""}`,
    );
  lines.push(...describeDamaged(status.damaged, context));
  lines.push(...describeAlarms(status.alarms ?? [], context), ...describeGone(status.goneUpstream ?? []));
  for (const { bundle, lacking, volumes } of status.waiting) {
    const where = volumes.length === 0 ? "" : `, in volume ${volumes.join(", ")}`;
    lines.push(`waiting   bundle ${bundle}: ${formatCount(lacking, "file")} missing${where}`);
  }
  if (status.partial !== undefined) {
    const { tarballs, bytes } = status.partial;
    const next = status.writer === null ? "the next run resumes with them" : "on their way";
    lines.push(`partial   ${formatCount(tarballs, "tarball")}, ${formatByteSize(bytes)} so far: ${next}`);
  }
  if (status.freeBytes !== null) lines.push(`free      ${formatByteSize(status.freeBytes)}`);
  if (status.writer !== null) {
    const { command, host, pid, since } = status.writer;
    lines.push(
      `writing   ${printable(command)}, process ${pid} on ${printable(host)}, since ${formatLocalTime(since)}`,
    );
  }
  if (status.runs.length > 0) lines.push("", "Last runs:", await runsTable(status.runs));
  for (const name of status.unreadableRuns ?? [])
    lines.push(`The report history/${printable(name)} cannot be read and is not shown.`);
  return `${lines.join("\n")}\n`;
}

function withoutSnapshot(mode: StatusDocument["mode"]): string {
  if (mode === "cache") return "none: no sync, import or jam warm has published one";
  return `none yet: run \`jam ${mode === "offline" ? "bundle import" : "sync"}\``;
}

/** What is offered, and whether upstream answers. */
function describeCache(
  cache: NonNullable<StatusDocument["cache"]>,
  { paint, now }: CommandContext,
): string[] {
  const { upstream, refreshedAt, away, fault, listed, held, cached, offered } = cache;
  const ageOf = (time: string) => formatDuration(now().getTime() - Date.parse(time));
  const asked = refreshedAt === null ? "never asked" : `asked ${ageOf(refreshedAt)} ago`;
  const [only, ...more] = cache.upstreams;
  const nextAt = more.length === 0 ? (only?.nextAt ?? null) : null;
  const next = nextTurn(nextAt, now().getTime());
  const line = {
    answers: `answers, ${asked}${next}`,
    away: paint(
      "red",
      `has been out of reach for ${ageOf(away?.since ?? "")}: ${printable(away?.message ?? "", Infinity)}`,
    ),
    unknown: paint("yellow", `${asked}: is jam serve running?`),
  }[upstream];
  const isPart = listed < held.agents + offered.agents;
  const part = upstream === "away" ? ", only what is held" : ", without what cannot be fetched now";
  return [
    `line      upstream ${line}`,
    ...(cache.upstreams.length > 1
      ? cache.upstreams.map((one) => `          ${describeUpstream(one, { paint, now })}`)
      : []),
    ...(fault === undefined
      ? []
      : [
          paint(
            "red",
            `REFUSED   for ${ageOf(fault.since)}, what was offered before stays: ${printable(fault.message, Infinity)}`,
          ),
        ]),
    `listed    ${formatCount(listed, "agent")}${isPart ? paint("yellow", part) : ""}`,
    `cache     ${formatCount(cached.agents, "agent")}, ${describeQuota(cache)}, requested by clients; ${formatCount(offered.agents, "agent")}, ${formatByteSize(offered.bytes)}, not held`,
  ];
}

/** What was requested, and how much of it counts for `cache.quota`: not what an upstream with its own quota sent. */
function describeQuota(cache: NonNullable<StatusDocument["cache"]>): string {
  const { bytes } = cache.cached;
  const [first, ...more] = quotaUses(cache);
  if (more.length === 0) return formatOf(bytes, first?.quota ?? null);
  const rest = more.find(({ upstream }) => upstream === undefined);
  return rest === undefined
    ? formatByteSize(bytes)
    : `${formatByteSize(bytes)} (${formatOf(rest.used, rest.quota)} without the upstreams that have a quota)`;
}

/** `120 MB of 20 GB` */
function formatOf(bytes: number, quota: number | null): string {
  return quota === null ? formatByteSize(bytes) : `${formatByteSize(bytes)} of ${formatByteSize(quota)}`;
}

function nextTurn(nextAt: string | null, now: number): string {
  return nextAt === null ? "" : `, again in ${formatDuration(Math.max(0, Date.parse(nextAt) - now))}`;
}

/** One of several upstreams, in one line. */
function describeUpstream(
  { name, state, refreshedAt, nextAt, away, staleUntil, fault, offered, cached, quota }: CachedUpstream,
  { paint, now }: Pick<CommandContext, "paint" | "now">,
): string {
  const ms = now().getTime();
  const asked =
    refreshedAt === null ? "never asked" : `asked ${formatDuration(ms - Date.parse(refreshedAt))} ago`;
  const next = nextTurn(nextAt, ms);
  const isListed = staleUntil !== undefined && Date.parse(staleUntil) > ms;
  const until = isListed ? `still listed for ${formatDuration(Date.parse(staleUntil) - ms)}` : "not listed";
  const text = {
    answers: `answers, ${asked}${next}`,
    away: paint(
      "red",
      `has been out of reach for ${formatDuration(ms - Date.parse(away?.since ?? ""))}, what is not held of it is ${until}: ${inLine(away?.message)}`,
    ),
    refused: paint("red", `is refused: ${inLine(fault?.message)}`),
    "not-needed": "not asked: the upstreams before it list something for every rule",
    unknown: paint("yellow", `${asked}: is jam serve running?`),
  }[state];
  const amounts = `${formatCount(cached.agents, "agent")} cached, ${formatOf(cached.bytes, quota)}; ${offered.agents} not held`;
  return `${printable(name)} ${text}${state === "not-needed" ? "" : `; ${amounts}`}`;
}

/** A sentence in the middle of another one. */
function inLine(message = ""): string {
  return printable(message, Infinity).replace(/\.$/, "");
}

type CachedUpstream = NonNullable<StatusDocument["cache"]>["upstreams"][number];

/** Upstream's own signed documents. Most mirrors have a part of what these list, and Juju does without them. */
function describeVerbatim(verbatim: NonNullable<StatusDocument["verbatim"]>): string {
  if (verbatim.complete) return "upstream's own signed index is served, too: /upstream/tools";
  return isPartOfUpstream(verbatim)
    ? "no, which is normal: the mirror has a part of what upstream signed"
    : `NOT served: ${printable(verbatim.reason, Infinity)}`;
}

/** Damaged tarballs that are named one by one. */
const MAX_DAMAGED = 8;

function describeDamaged(damaged: StatusDocument["damaged"], { paint }: CommandContext): string[] {
  const lines = damaged.slice(0, MAX_DAMAGED).map(({ agents, sha256, how }) => {
    const what = agents.length === 0 ? `blob ${sha256.slice(0, 12)}…` : agents.join(", ");
    return `${paint("red", "damaged".padEnd(9))} ${printable(what, 200)}: ${printable(how, 200)}`;
  });
  if (damaged.length > MAX_DAMAGED) lines.push(`          … and ${damaged.length - MAX_DAMAGED} more`);
  if (damaged.length > 0) lines.push("          not listed, not served; `jam sync` fetches them again");
  return lines;
}

/** Both sides of what upstream changed, for whoever compares them. */
function describeAlarms(alarms: NonNullable<StatusDocument["alarms"]>, { paint }: CommandContext): string[] {
  const lines = alarms
    .slice(0, MAX_DAMAGED)
    .flatMap(({ agent, path, since, held, before, other, isKept }) => [
      `${paint("red", "ALARM".padEnd(9))} upstream lists other bytes for ${printable(agent, 200)} since ${formatLocalTime(since)}: ${printable(path, 200)}`,
      `          ${before === undefined ? "held and served" : `listed ${before.listedAt.slice(0, 10)} `.padEnd(15)} ${before?.isHeld === false ? `sha256 ${held.sha256}, not kept` : blobPlace(held.sha256)}`,
      `          upstream's      ${isKept ? blobPlace(other.sha256) : `sha256 ${other.sha256}, not kept`}`,
    ]);
  if (alarms.length > MAX_DAMAGED) lines.push(`          … and ${alarms.length - MAX_DAMAGED} more`);
  return lines;
}

function blobPlace(sha256: string): string {
  return `blobs/sha256/${sha256.slice(0, 2)}/${sha256}`;
}

/** What upstream withdrew and stays: the listed ones, then the others. */
function describeGone(gone: NonNullable<StatusDocument["goneUpstream"]>): string[] {
  return [true, false].flatMap((isListed) => {
    const names = gone.filter(({ listed }) => listed === isListed).map(({ agent }) => agent);
    const end = isListed ? "kept and listed" : "kept, not listed";
    return names.length === 0 ? [] : [`withdrawn by upstream, ${end}: ${nameSome(names, 5)}`];
  });
}

/** What is kept for a fleet, and what of it is not here. */
function describeFleet(
  { from, versions, missing, unknown }: NonNullable<StatusDocument["running"]>,
  { paint }: CommandContext,
): string {
  const place = printable(from, Infinity);
  if (unknown !== undefined)
    return paint("red", `not known what runs, so nothing is removed: ${printable(unknown, Infinity)}`);
  const kept = `runs ${nameSome(versions, 8)} (${place}): kept`;
  return missing.length === 0 ? kept : `${kept}; ${paint("red", `not here: ${nameSome(missing, 8)}`)}`;
}

function describeOrigin(
  bundle: NonNullable<StatusDocument["snapshot"]>["bundle"],
  { paint }: CommandContext,
): string[] {
  if (bundle === null) return [];
  const signer =
    bundle.signedBy === null
      ? paint("red", "SIGNER NOT TRUSTED")
      : `signed by ${formatFingerprint(bundle.signedBy)}`;
  const expired =
    bundle.signerExpiredAt === undefined
      ? ""
      : paint("red", `, WHICH HAD EXPIRED on ${formatLocalTime(bundle.signerExpiredAt)}`);
  return [`bundle    ${bundle.id} of ${formatLocalTime(bundle.createdAt)} (${signer}${expired})`];
}

async function runsTable(runs: readonly SyncReport[]): Promise<string> {
  const table = await formatTable(
    [
      { heading: "STARTED" },
      { heading: "OUTCOME" },
      { heading: "NEW", align: "right" },
      { heading: "REMOVED", align: "right" },
      { heading: "MISSING", align: "right" },
      { heading: "FETCHED", align: "right" },
      { heading: "TOOK", align: "right" },
    ],
    runs.map((run) => [
      formatLocalTime(run.startedAt),
      run.outcome,
      String(countRows(run, "added")),
      String(countRows(run, "removed")),
      String(countFailures(run).missing),
      formatByteSize(run.fetched.bytes),
      run.durationMs === null ? "" : formatDuration(run.durationMs),
    ]),
  );
  const [heading = "", ...rows] = table.trimEnd().split("\n");
  const lines = rows.flatMap((row, index) => {
    const run = runs[index];
    const end = run === undefined ? "" : describeEnd(run) || describeRefused(run);
    // Below its run: a column for sentences would leave no room for the others.
    return end === "" ? [row] : [row, `  ${end}`];
  });
  return [heading, ...lines].join("\n");
}

/** Changes that were refused leave nothing missing. */
function describeRefused(run: SyncReport): string {
  const { refused } = countFailures(run);
  return refused === 0 ? "" : `JAM_METADATA_PATH_REUSED: ${formatCount(refused, "changed agent")} refused`;
}

function parseRuns(text: string): number {
  const runs = Number(text);
  if (Number.isInteger(runs) && runs >= 0 && runs <= 200) return runs;
  throw new InvalidArgumentError("Give a whole number from 0 to 200.");
}

function parseMaxAge(text: string): number {
  const ms = parseDurationMs(text);
  if (ms !== undefined && ms > 0) return ms;
  throw new InvalidArgumentError("Give an ISO 8601 duration above zero: PT36H, P2D, P1W.");
}
