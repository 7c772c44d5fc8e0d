import { InvalidArgumentError } from "commander";
import { formatByteSize } from "../../shared/byte-size.ts";
import { formatDuration } from "../../shared/duration.ts";
import { countRows, formatCount } from "../../shared/listed.ts";
import { printable } from "../../shared/printable.ts";
import type { SyncReport } from "../../mirror/run-report.ts";
import type { StatusDocument } from "../../mirror/status-document.ts";
import type { CommandCall, CommandContext, DefineCommand } from "../command.ts";
import { formatTable } from "../output/table.ts";

export const define: DefineCommand = (command, run) => {
  command
    .option("--runs <n>", "number of last runs to show", parseRuns, 5)
    .addHelpText("after", "\nThe reports of the last runs are in history/ in the data directory.")
    .action(run(status));
};

async function status(context: CommandContext, call: CommandCall<{ runs: number }>): Promise<void> {
  const config = await context.config();
  const { composeStatus } = await import("../../compose/status.ts");
  const document = await composeStatus(config, call.options);
  await context.output.print(document, () => render(document, context));
}

async function render(status: StatusDocument, context: CommandContext): Promise<string> {
  const { paint } = context;
  const { snapshot, verbatim } = status;
  const lines = [`data      ${printable(status.data, Infinity)} (${status.mode})`];
  if (snapshot === null || verbatim === null) {
    lines.push(`snapshot  none yet: run \`jam ${status.mode === "offline" ? "bundle import" : "sync"}\``);
  } else {
    const age = formatDuration(context.now().getTime() - Date.parse(snapshot.createdAt));
    const verified = status.verified === true ? paint("green", "verified") : paint("red", "NOT VERIFIED");
    const streams = Object.entries(status.streams).map(([stream, count]) => `${stream} ${count}`);
    lines.push(
      `snapshot  ${snapshot.id}, published ${age} ago`,
      `upstream  ${printable(snapshot.upstream, Infinity)} (${verified})`,
      ...snapshot.expiredKeys.map(({ fingerprint, expiredAt }) =>
        paint("red", `          SIGNED BY A KEY THAT HAD EXPIRED: ${fingerprint}, on ${expiredAt}`),
      ),
      ...describeOrigin(snapshot.bundle, context),
      `held      ${formatCount(status.held.agents, "agent")}, ${formatByteSize(status.held.bytes)}: ${streams.join(", ")}`,
      `verbatim  ${verbatim.complete ? "complete: /upstream/tools is served" : `not served: ${printable(verbatim.reason, Infinity)}`}`,
    );
  }
  if (status.snapshots.length > 1)
    lines.push(
      `kept      ${status.snapshots.slice(-4).toReversed().join(", ")}${status.snapshots.length > 4 ? ", …" : ""}`,
    );
  for (const { bundle, lacking, volumes } of status.waiting) {
    const where = volumes.length === 0 ? "" : `, in volume ${volumes.join(", ")}`;
    lines.push(`waiting   bundle ${bundle}: ${formatCount(lacking, "file")} missing${where}`);
  }
  if (status.freeBytes !== null) lines.push(`free      ${formatByteSize(status.freeBytes)}`);
  if (status.writer !== null) lines.push(`writing   ${JSON.stringify(status.writer)}`);
  if (status.runs.length > 0) lines.push("", "Last runs:", await runsTable(status.runs));
  return `${lines.join("\n")}\n`;
}

function describeOrigin(
  bundle: NonNullable<StatusDocument["snapshot"]>["bundle"],
  { paint }: CommandContext,
): string[] {
  if (bundle === null) return [];
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
