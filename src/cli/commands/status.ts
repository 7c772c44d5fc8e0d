import { printable } from "../../shared/printable.ts";
import { InvalidArgumentError } from "commander";
import { formatByteSize } from "../../shared/byte-size.ts";
import { formatDuration } from "../../shared/duration.ts";
import { countRows } from "../../shared/listed.ts";
import { listStreams, sumTarballBytes } from "../../juju/agent.ts";
import type { Config } from "../../config/config.ts";
import type { Store } from "../../store/store.ts";
import { listSnapshotIds, readCurrentSnapshot } from "../../mirror/current.ts";
import { readReports } from "../../mirror/run-history.ts";
import type { SyncReport } from "../../mirror/run-report.ts";
import { isVerified, proofsOf, type Snapshot } from "../../mirror/snapshot.ts";
import type { CommandCall, CommandContext, DefineCommand } from "../command.ts";
import { formatTable } from "../output/table.ts";

export const define: DefineCommand = (command, run) => {
  command
    .option("--runs <n>", "how many of the last runs to show", parseRuns, 5)
    .addHelpText("after", "\nThe reports of the last runs lie in the data directory under history/.")
    .action(run(status));
};

interface Status {
  readonly data: string;
  readonly mode: Config["mode"];
  readonly snapshot: object | null;
  readonly held: { readonly agents: number; readonly bytes: number };
  readonly streams: Readonly<Record<string, number>>;
  readonly verified: boolean | null;
  readonly verbatim: Snapshot["verbatim"] | null;
  /** Ids of all that are kept, oldest first: what --since and --snapshot take. */
  readonly snapshots: readonly string[];
  /** Bundles of which something has not come yet. */
  readonly waiting: readonly WaitingBundle[];
  readonly writer: object | null;
  readonly freeBytes: number | null;
  readonly runs: readonly SyncReport[];
}

async function status(context: CommandContext, call: CommandCall<{ runs: number }>): Promise<void> {
  const config = await context.config();
  const { openStore } = await import("../../compose/store.ts");
  const store = await openStore(config);
  const snapshot = await readCurrentSnapshot(store);
  const writer = await store.currentWriter();
  const document: Status = {
    data: config.data,
    mode: config.mode,
    ...describeSnapshot(snapshot),
    snapshots: await listSnapshotIds(store.documents),
    waiting: await readWaiting(store),
    writer: writer ?? null,
    freeBytes: await store.freeBytes().catch(() => null),
    runs: await readReports(store.documents, call.options.runs),
  };
  await context.output.print(document, () => render(document, snapshot, context));
}

interface WaitingBundle {
  readonly bundle: string;
  readonly createdAt: string;
  /** Files that have not come yet. */
  readonly lacking: number;
  /** Numbers of its volumes that hold them. */
  readonly volumes: readonly number[];
}

async function readWaiting(store: Store): Promise<WaitingBundle[]> {
  const notes = await store.documents.list("state");
  // What reads manifests is worth loading only where there is one.
  if (!notes.some((name) => name.startsWith("pending-bundle-"))) return [];
  const { readPending } = await import("../../bundle/import/pending.ts");
  const { describeLacking, lackingContents } = await import("../../bundle/import/lacking.ts");
  const waiting: WaitingBundle[] = [];
  for (const pending of await readPending(store.documents)) {
    const { id: bundle, createdAt } = pending.manifest;
    const lacking = await lackingContents(store, pending.manifest);
    const volumes = describeLacking(pending, lacking).flatMap((one) => one.volumes ?? []);
    waiting.push({
      bundle,
      createdAt,
      lacking: lacking.length,
      volumes: [...new Set(volumes)].sort((a, b) => a - b),
    });
  }
  return waiting;
}

function describeSnapshot(
  snapshot: Snapshot | undefined,
): Pick<Status, "snapshot" | "held" | "streams" | "verified" | "verbatim"> {
  const agents = snapshot?.agents ?? [];
  const streams: Record<string, number> = {};
  for (const agent of agents)
    for (const stream of listStreams(agent)) streams[stream] = (streams[stream] ?? 0) + 1;
  return {
    snapshot:
      snapshot === undefined
        ? null
        : {
            id: snapshot.id,
            createdAt: snapshot.createdAt,
            upstream: snapshot.upstream.url,
            bundle: snapshot.bundle ?? null,
            expiredKeys: expiredKeysOf(snapshot),
          },
    held: { agents: agents.length, bytes: sumTarballBytes(agents) },
    streams,
    verified: snapshot === undefined ? null : isVerified(snapshot),
    verbatim: snapshot?.verbatim ?? null,
  };
}

interface ExpiredKey {
  readonly fingerprint: string;
  readonly expiredAt: string;
}

/** Keys that had expired when what they signed was accepted (`--allow expired-key`). */
function expiredKeysOf(snapshot: Snapshot): ExpiredKey[] {
  const documents = proofsOf(snapshot).flatMap((proof) => proof.documents);
  const expired = documents.flatMap(({ signedBy, keyExpiredAt }) =>
    signedBy === undefined || keyExpiredAt === undefined ? [] : [[signedBy, keyExpiredAt] as const],
  );
  return [...new Map(expired)].map(([fingerprint, expiredAt]) => ({ fingerprint, expiredAt }));
}

async function render(
  status: Status,
  snapshot: Snapshot | undefined,
  context: CommandContext,
): Promise<string> {
  const { paint } = context;
  const lines = [`data      ${printable(status.data, Infinity)} (${status.mode})`];
  if (snapshot === undefined) {
    lines.push(`snapshot  none yet: run \`jam ${status.mode === "offline" ? "bundle import" : "sync"}\``);
  } else {
    const age = formatDuration(context.now().getTime() - Date.parse(snapshot.createdAt));
    const verified = isVerified(snapshot) ? paint("green", "verified") : paint("red", "NOT VERIFIED");
    const streams = Object.entries(status.streams).map(([stream, count]) => `${stream} ${count}`);
    const { verbatim } = snapshot;
    lines.push(
      `snapshot  ${snapshot.id}, published ${age} ago`,
      `upstream  ${printable(snapshot.upstream.url, Infinity)} (${verified})`,
      ...expiredKeysOf(snapshot).map(({ fingerprint, expiredAt }) =>
        paint("red", `          SIGNED BY A KEY THAT HAD EXPIRED: ${fingerprint}, on ${expiredAt}`),
      ),
      ...describeOrigin(snapshot, context),
      `held      ${status.held.agents} agent(s), ${formatByteSize(status.held.bytes)}: ${streams.join(", ")}`,
      `verbatim  ${verbatim.complete ? "complete: /upstream/tools is served" : `not served: ${printable(verbatim.reason, Infinity)}`}`,
    );
  }
  if (status.snapshots.length > 1)
    lines.push(
      `kept      ${status.snapshots.slice(-4).toReversed().join(", ")}${status.snapshots.length > 4 ? ", …" : ""}`,
    );
  for (const { bundle, lacking, volumes } of status.waiting) {
    const where = volumes.length === 0 ? "" : `, in volume ${volumes.join(", ")}`;
    lines.push(`waiting   bundle ${bundle}: ${lacking} file(s) have not come yet${where}`);
  }
  if (status.freeBytes !== null) lines.push(`free      ${formatByteSize(status.freeBytes)}`);
  if (status.writer !== null) lines.push(`writing   ${JSON.stringify(status.writer)}`);
  if (status.runs.length > 0) lines.push("", "Last runs:", await runsTable(status.runs));
  return `${lines.join("\n")}\n`;
}

function describeOrigin({ bundle }: Snapshot, { paint }: CommandContext): string[] {
  if (bundle === undefined) return [];
  const signer =
    bundle.signedBy === null ? paint("red", "SIGNER NOT TRUSTED") : `signed by ${bundle.signedBy}`;
  const expired =
    bundle.signerExpiredAt === undefined
      ? ""
      : paint("red", `, WHICH HAD EXPIRED on ${bundle.signerExpiredAt}`);
  return [`bundle    ${bundle.id} of ${bundle.createdAt} (${signer}${expired})`];
}

function runsTable(runs: readonly SyncReport[]): Promise<string> {
  return formatTable(
    [
      { heading: "STARTED" },
      { heading: "OUTCOME" },
      { heading: "NEW", align: "right" },
      { heading: "REMOVED", align: "right" },
      { heading: "MISSING", align: "right" },
      { heading: "FETCHED", align: "right" },
      { heading: "TOOK", align: "right" },
      { heading: "ERROR" },
    ],
    runs.map((run) => [
      run.startedAt.slice(0, 19),
      run.outcome,
      String(countRows(run, "added")),
      String(countRows(run, "removed")),
      String(countRows(run, "failed")),
      formatByteSize(run.fetched.bytes),
      formatDuration(run.durationMs),
      run.error === undefined ? "" : `${run.error.code}: ${run.error.message}`,
    ]),
  );
}

function parseRuns(text: string): number {
  const runs = Number(text);
  if (Number.isInteger(runs) && runs >= 0 && runs <= 200) return runs;
  throw new InvalidArgumentError("Give a whole number from 0 to 200.");
}
