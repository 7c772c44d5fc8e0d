import { printable } from "../../shared/printable.ts";
import { JamError } from "../../shared/errors.ts";
import type { PlanDocument } from "../../upgrade/plan/plan-document.ts";
import { parsePlan } from "../../upgrade/plan/plan-document.ts";
import { judgeReadiness, type ReadyReport } from "../../upgrade/ready.ts";
import type { CommandCall, CommandContext, DefineCommand } from "../command.ts";
import { formatTable } from "../output/table.ts";
import { readInputFile } from "../upgrade/input-files.ts";
import { addExplainFiles, explainFiles } from "../upgrade/explain-files.ts";
import { renderUnread } from "../upgrade/render-unread.ts";
import { addPlanFlags, planFromFlags, type PlanFlags } from "../upgrade/plan-flags.ts";

/** Exit status when something of a plan cannot be served. */
const EXIT_NOT_HELD = 5;

/** Exit status when all that is known can be served, and a part of the fleet's files could not be read. */
const EXIT_PARTIAL = 3;

interface Flags extends PlanFlags {
  readonly plan?: string;
  readonly deep?: true;
  readonly explainFiles?: true;
}

export const define: DefineCommand = (command, run) => {
  command
    .option("--plan <file>", "a plan that jam plan -o json or yaml wrote; - reads standard input")
    .option("--deep", "hash every tarball now, rather than trust the hash of its arrival");
  addPlanFlags(command);
  addExplainFiles(command);
  command
    .addHelpText(
      "after",
      `
Asks no network. Ends with 0 when every hop can be served from here, with 5 when something is missing.
Without --plan, the plan is made here, from what is held and the upstream documents that are kept.

Examples:
  jam ready --plan plan.json --deep
  jam ready --fleet fleet/ --to 3.6`,
    )
    .action(run(ready));
};

async function ready(context: CommandContext, call: CommandCall<Flags>): Promise<number> {
  const { options } = call;
  if (options.explainFiles === true) return explainFiles(context, options.fleet, "--fleet");
  const config = await context.config();
  const plan = await readPlan(context, options);
  const { composeKnowledge, openStore } = await import("../../compose.ts");
  const { requireCurrentSnapshot } = await import("../../sync/current.ts");
  const store = await openStore(config);
  const snapshot = await requireCurrentSnapshot(store, config.data);
  const report = await judgeReadiness({
    plan,
    held: snapshot.agents,
    blobs: store.blobs,
    knowledge: await composeKnowledge(config),
    isDeep: options.deep === true,
    now: context.now,
    signal: context.signal,
  });
  // A controller that no way leads from is not ready, whatever is held.
  const stuck = plan.controllers.filter(({ outcome }) => outcome === "none");
  const isServed = report.ready && stuck.length === 0;
  // Nobody knows what the rest of the fleet needs.
  const isReady = isServed && plan.unread.length === 0;
  const document = {
    ...report,
    ready: isReady,
    snapshot: snapshot.id,
    plannedAt: plan.createdAt,
    controllers: plan.controllers,
    unread: plan.unread,
  };
  await context.output.print(document, () => render(report, { context, stuck, unread: plan.unread }));
  return isReady ? 0 : isServed ? EXIT_PARTIAL : EXIT_NOT_HELD;
}

async function readPlan(context: CommandContext, options: Flags): Promise<PlanDocument> {
  if (options.plan === undefined) return planFromFlags(context, options, "never");
  if (options.fleet !== undefined || options.from !== undefined) {
    throw new JamError("JAM_USAGE_INVALID", "--plan goes with neither --fleet nor --from.", {
      hint: "The plan says it all: leave the others out.",
    });
  }
  return parsePlan(await readInputFile(context, options.plan, "--plan"));
}

interface View {
  readonly context: CommandContext;
  readonly stuck: PlanDocument["controllers"];
  readonly unread: PlanDocument["unread"];
}

async function render(report: ReadyReport, { context, stuck, unread }: View): Promise<string> {
  const { paint } = context;
  const parts: string[] = [];
  if (report.rows.length > 0) {
    const table = await formatTable(
      ["HOP", "CONTROLLER", "MODEL", "FROM", "TO", "ARCH", "READY", "REASON"].map((heading) => ({ heading })),
      report.rows.map((row) => [
        String(row.hop),
        row.controller ?? "-",
        row.model ?? "-",
        row.from,
        row.to,
        row.arch,
        row.ready ? "pass" : "FAIL",
        row.reason,
      ]),
    );
    parts.push(
      table
        .replaceAll(/ FAIL /g, ` ${paint("red", "FAIL")} `)
        .replaceAll(/ pass /g, ` ${paint("green", "pass")} `),
    );
  }
  const lines = [
    ...stuck.map(
      ({ name, from, reason }) =>
        `${paint("red", "no way")}: ${printable(name ?? "")} (${from}): ${printable(reason ?? "", Infinity)}`,
    ),
    ...report.warnings.map((warning) => `${paint("yellow", "note")}: ${printable(warning, Infinity)}`),
    ...renderUnread(unread, paint),
    unread.length > 0 && report.ready && stuck.length === 0
      ? "NOT known to be ready: what is known can be served from here, but not all of the fleet's files could be read."
      : summary(report, stuck.length > 0),
  ];
  parts.push(`${lines.join("\n")}\n`);
  return parts.join("\n");
}

function summary(report: ReadyReport, isStuck: boolean): string {
  const times = report.agents.flatMap(({ verifiedAt }) => verifiedAt ?? []).sort();
  const when = report.deep
    ? "every tarball hashed just now"
    : `hashed on arrival, the oldest ${times[0]?.slice(0, 10) ?? "-"}; --deep hashes again`;
  if (report.ready && !isStuck) {
    return report.rows.length === 0
      ? "Ready: there is nothing to do."
      : `Ready: every hop can be served from here (${when}).`;
  }
  if (report.missing.length === 0) return "NOT ready.";
  return `NOT ready: ${report.missing.length} agent(s) cannot be served: ${printable(report.missing.join(", "), Infinity)}\nWhere upstream can be reached: jam sync --plan plan.json, then carry it over.`;
}
