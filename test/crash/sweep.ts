import { join } from "node:path";
import { dropFork } from "./invariants.ts";
import { runSteadyJam } from "./jam.ts";
import { killAt, planKills, traceWith, type KillPlan, type KillPoint } from "./kill-points.ts";
import { setStage } from "./scenario.ts";
import type { Finding, ScenarioName, Stage, StagedRun } from "./stage.ts";

/** One kill and what was found after it. */
export interface Trial extends Finding {
  readonly point: KillPoint;
  /** Which run was killed; undefined where there is only one. */
  readonly run: string | undefined;
  /** False where the run was over before the call came. */
  readonly wasKilled: boolean;
}

export interface SweepReport {
  readonly scenario: ScenarioName;
  /** Of all runs together. */
  readonly plan: KillPlan;
  readonly trials: readonly Trial[];
}

export interface SweepOptions {
  /** Which of the kill points to try. Default all. */
  readonly choose?: (point: KillPoint, position: number) => boolean;
  /** Trials at the same time. Default 1. */
  readonly lanes?: number;
  readonly onTrial?: (trial: Trial) => void;
}

/** Kills one system call after the other, each time from the same start, and examines what is left. */
export async function sweep(scenario: ScenarioName, options: SweepOptions = {}): Promise<SweepReport> {
  const { choose = () => true, lanes = 1, onTrial = () => undefined } = options;
  await using first = await setStage(scenario);
  const plans: KillPlan[] = [];
  for (const run of first.runs.keys()) plans.push(await traceRun(first, run));
  const left = plans
    .flatMap(({ points }, run) => points.map((point) => ({ point, run })))
    .filter(({ point }, position) => choose(point, position));
  const trials: Trial[] = [];
  const walk = async (stage: Stage) => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const trial = await tryPoint(stage, next.run, next.point);
      trials.push(trial);
      onTrial(trial);
    }
  };
  const others = Array.from({ length: lanes - 1 }, async () => {
    await using stage = await setStage(scenario);
    await walk(stage);
  });
  await Promise.all([walk(first), ...others]);
  return { scenario, plan: joinPlans(plans), trials };
}

function joinPlans(plans: readonly KillPlan[]): KillPlan {
  return {
    points: plans.flatMap(({ points }) => points),
    states: plans.reduce((sum, { states }) => sum + states, 0),
    reached: plans.reduce((sum, { reached }) => sum + reached, 0),
  };
}

async function traceRun(stage: Stage, run: number): Promise<KillPlan> {
  const { steadyArgs, changes } = stage.runs[run] as StagedRun;
  const folder = await stage.fork(run);
  const file = join(folder, "trace.txt");
  const { status, signal, stderr } = await runSteadyJam(folder, steadyArgs, traceWith(file));
  if (signal !== null || !ENDS_WELL.has(status)) {
    throw new Error(`The traced run ended with ${status ?? signal}: ${stderr}`);
  }
  const plan = await planKills(
    file,
    changes.map((name) => join(folder, name)),
  );
  await dropFork(folder);
  return plan;
}

/** 3: something is still missing. */
const ENDS_WELL: ReadonlySet<number | null> = new Set([0, 3]);

async function tryPoint(stage: Stage, run: number, point: KillPoint): Promise<Trial> {
  const { name, steadyArgs } = stage.runs[run] as StagedRun;
  const folder = await stage.fork(run);
  const { status, signal } = await runSteadyJam(folder, steadyArgs, killAt(point));
  const wasKilled = signal === "SIGKILL" || status === 137;
  const finding = await stage.examine(folder, run);
  await dropFork(folder);
  return { point, run: name, wasKilled, ...finding };
}
