import { JamError } from "../../shared/errors.ts";
import { printable } from "../../shared/printable.ts";
import { type PlanDocument, parsePlan } from "../../upgrade/plan/plan-document.ts";
import { judgeReadiness, type Verdict } from "../../upgrade/ready/ready.ts";
import { channelOption, inChannel } from "../input/in-channel.ts";
import type { CommandCall, CommandContext, DefineCommand } from "../command.ts";
import { readInputFile } from "../input/input-files.ts";
import { addExplainFiles, explainFiles } from "../input/explain-files.ts";
import { addPlanFlags, planFromFlags, type PlanFlags } from "../input/plan-flags.ts";
import { renderReady } from "../render/ready.ts";
import { EXIT } from "../exit-status.ts";

const EXIT_STATUS: Readonly<Record<Verdict, number>> = {
  ready: EXIT.ok,
  "not-ready": EXIT.notHeld,
  "not-known": EXIT.partial,
};

interface Flags extends PlanFlags {
  readonly plan?: string;
  readonly deep?: true;
  readonly explainFiles?: true;
  readonly confirm?: readonly string[];
}

export const define: DefineCommand = (command, run) => {
  command
    .option("--plan <file>", "output of jam plan -o json or yaml; - reads standard input")
    .option("--deep", "hash every tarball now, instead of relying on the hash of its download")
    .option("--confirm <check...>", "record that a person checked what jam cannot check");
  addPlanFlags(command);
  addExplainFiles(command);
  command
    .addOption(channelOption(command))
    .addHelpText(
      "after",
      `
Makes no requests. Without --plan, the plan is made from this mirror and the upstream
documents in it. Every check is ok, fail or unknown, with its reason.

Exit status: 0 ready, 5 not ready, 3 not known: something could not be read or decided.
Unknown checks are listed; --confirm NAME counts one as ok and records it in the output.

Examples:
  jam ready --plan plan.json --deep
  jam ready --fleet fleet/ --to 3.6
  jam ready --plan plan.json --confirm mongo-replica-set`,
    )
    .action(run(inChannel(ready)));
};

async function ready(context: CommandContext, call: CommandCall<Flags>): Promise<number> {
  const { options } = call;
  if (options.explainFiles === true) return explainFiles(context, options.fleet, "--fleet");
  const config = await context.config();
  const plan = await readPlan(context, options);
  // What is unclear about the fleet, and how old its files are.
  for (const warning of plan.warnings) await context.output.note(`note: ${printable(warning, Infinity)}`);
  const { composeKnowledge } = await import("../../compose/upgrade.ts");
  const { openStore } = await import("../../compose/store.ts");
  const { listDamaged } = await import("../../mirror/damaged-list.ts");
  const { readServed } = await import("../../compose/served.ts");
  const store = await openStore(config);
  const { readChannelAdvice } = await import("../upstream-agents.ts");
  const served = await readServed(config, store, context.now());
  const document = await judgeReadiness({
    plan,
    ...served,
    channel: await readChannelAdvice(config),
    blobs: store.blobs,
    damaged: await listDamaged(store.documents),
    knowledge: await composeKnowledge(config),
    isDeep: options.deep === true,
    confirmed: options.confirm ?? [],
    now: context.now,
    signal: context.signal,
  });
  await context.output.print(document, () => renderReady(document, context.paint));
  return EXIT_STATUS[document.verdict];
}

function withoutPlan(): JamError {
  return new JamError(
    "JAM_USAGE_INVALID",
    "Give --plan FILE, or --fleet FILE…, or --from VERSION --to VERSION.",
    { hint: "For example: jam ready --plan plan.json, or jam ready --fleet fleet/ --to 3.6" },
  );
}

async function readPlan(context: CommandContext, options: Flags): Promise<PlanDocument> {
  if (options.plan === undefined) {
    if (options.fleet === undefined && options.from === undefined) throw withoutPlan();
    return planFromFlags(context, options, "never");
  }
  if (options.fleet !== undefined || options.from !== undefined) {
    throw new JamError("JAM_USAGE_INVALID", "--plan cannot be combined with --fleet or --from.", {
      hint: "The plan has everything: leave the others out.",
    });
  }
  return parsePlan(await readInputFile(context, options.plan, "--plan"));
}
