import { asSentence } from "../shared/as-sentence.ts";
import { printable } from "../shared/printable.ts";
import { ERROR_OUTCOMES, JamError } from "../shared/errors.ts";
import type { Config } from "../config/config.ts";
import type { Allowance } from "../metadata/freshness.ts";
import type { PlanWishes } from "../mirror/kept-plans.ts";
import { tellRemovals } from "./render/removals.ts";
import { isRefusedChange } from "../mirror/refused-changes.ts";
import type { SyncReport } from "../mirror/run-report.ts";
import type { CommandContext } from "./command.ts";
import { formatCount, nameSome } from "../shared/listed.ts";
import { formatAgentName } from "../juju/agent.ts";
import type { AskedRun } from "./render/warmed.ts";
import { readRunning } from "./input/read-running.ts";
import { createProgress } from "./progress.ts";
import { planDocument, renderPlan, type PlannedSync } from "./render/sync-plan.ts";
import { renderReport, reportDocument } from "./render/run-report.ts";
import { userAgent } from "./program-info.ts";
import { EXIT } from "./exit-status.ts";

/** A run that fetches from upstream: `jam sync`, `jam warm`. */
export interface SyncRun {
  readonly config: Config;
  /** What to fetch, and nothing else; undefined where the rules decide. */
  readonly asked?: AskedRun;
  readonly forgetsPlans?: boolean;
  readonly allow: ReadonlySet<Allowance>;
  readonly dryRun: boolean;
  /** Where to write the plan of the run as well. */
  readonly savePlan?: string | undefined;
  /** Exit with 10 where something changed or would change. */
  readonly detailedExitcode: boolean;
}

/** Runs it, or prints its plan. The result is the exit status. */
export async function runSync(context: CommandContext, run: SyncRun): Promise<number> {
  const { config, forgetsPlans = false } = run;
  const wishes = run.asked?.wishes;
  const { composeSync } = await import("../compose/sync.ts");
  const { planMirrorSync, syncMirror } = await import("../sync/sync-mirror.ts");
  const progress = createProgress(context);
  const promoted: string[] = [];
  try {
    const running = await readRunning(context, config);
    const composed = await composeSync(config, {
      running,
      onPromoted: (message) => promoted.push(message),
      env: context.io.env,
      userAgent: userAgent(),
      observe: progress.observe,
      signal: context.signal,
      allow: run.allow,
      writes: !run.dryRun,
    });
    const options = { ...composed.options, ...(wishes && { wishes }), forgetsPlans, running };
    if (run.dryRun || run.savePlan !== undefined) {
      const planned = await planMirrorSync(options, composed.work);
      if (run.savePlan !== undefined) await savePlan(run.savePlan, planned, context);
      if (run.dryRun) {
        await progress.close();
        return await printPlan(context, planned, run);
      }
    }
    const report = await syncMirror(options, composed.work);
    await progress.close();
    for (const message of promoted) await context.output.note(message);
    return await printReport(context, report, run);
  } catch (error) {
    throw wishes === undefined ? error : await sayWhatIsHeld(config, wishes, error);
  } finally {
    await progress.close();
  }
}

/** While upstream cannot be read, the question is whether what was asked for is here already. */
async function sayWhatIsHeld(config: Config, { agents }: PlanWishes, error: unknown): Promise<unknown> {
  if (!(error instanceof JamError) || error.family !== "upstream" || agents.size === 0) return error;
  const { openKnown } = await import("../compose/known.ts");
  const { readKnownAgents } = await import("../upgrade/known-agents.ts");
  const known = await openKnown(config).then(readKnownAgents, () => undefined);
  if (known === undefined) return error;
  const held = new Set(known.held.map(formatAgentName));
  const missing = [...agents.keys()].filter((name) => !held.has(name));
  const state =
    missing.length === 0
      ? `The mirror has ${agents.size === 1 ? "the requested agent" : `the ${agents.size} requested agents`} already.`
      : `Not held, of ${formatCount(agents.size, "requested agent")}: ${nameSome(missing, 4)}.`;
  return error.with({ message: `${asSentence(error.message)} ${state}` });
}

async function savePlan(file: string, planned: PlannedSync, context: CommandContext): Promise<void> {
  const { writeFile } = await import("node:fs/promises");
  const { resolve } = await import("node:path");
  const path = resolve(context.io.cwd, file);
  try {
    await writeFile(path, `${JSON.stringify(planDocument(planned), null, 2)}\n`);
  } catch (cause) {
    throw new JamError("JAM_USAGE_INVALID", `The plan cannot be written to ${file}.`, {
      cause,
      hint: "Name a file in a folder that exists and that you may write to.",
      details: { file },
    });
  }
  await context.output.note(`Wrote ${printable(path, Infinity)}`);
}

async function printPlan(context: CommandContext, planned: PlannedSync, flags: SyncRun): Promise<number> {
  const { plan, refusal } = planned;
  await context.output.print(planDocument(planned), () => renderPlan(planned, context.width, flags.asked));
  if (refusal !== undefined) {
    const { renderError } = await import("./output/error-text.ts");
    await context.output.warn(renderError(refusal, context.paintError, false));
    return ERROR_OUTCOMES[refusal.code].exit;
  }
  if (planned.failed.some(isRefusedChange)) return EXIT.untrusted;
  if (flags.asked !== undefined && planned.failed.length > 0) return EXIT.partial;
  const isPending = plan.fetch.length > 0 || plan.remove.length > 0;
  return isPending && flags.detailedExitcode ? EXIT.changes : 0;
}

async function printReport(context: CommandContext, report: SyncReport, flags: SyncRun): Promise<number> {
  const isGood = report.outcome === "unchanged" || report.outcome === "updated";
  const isSilent = context.globals.isQuiet && isGood && context.output.format === "table";
  if (isSilent) await tellRemovals(context, report);
  else await context.output.print(reportDocument(report), () => renderReport(report, context, flags.asked));
  if (report.failed.some(isRefusedChange)) return EXIT.untrusted;
  if (!isGood) return EXIT.partial;
  return report.outcome === "updated" && flags.detailedExitcode ? EXIT.changes : 0;
}
