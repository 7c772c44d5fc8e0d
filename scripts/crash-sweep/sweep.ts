import { join } from "node:path";
import { dropFork, examine, type Finding } from "./invariants.ts";
import { runJam } from "./jam.ts";
import { killAt, planKills, traceWith, type KillPlan, type KillPoint } from "./kill-points.ts";
import { setStage, type ScenarioName, type Stage } from "./scenario.ts";

/** One kill and what was found after it. */
export interface Trial extends Finding {
  readonly point: KillPoint;
  /** False where the run was over before the call came. */
  readonly wasKilled: boolean;
}

export interface SweepReport {
  readonly scenario: ScenarioName;
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

const SYNC = ["sync", "--quiet", "--progress", "none", "--jobs", "1"];

/** Kills `jam sync` at one system call after the other, each time from the same start, and examines what is left. */
export async function sweep(scenario: ScenarioName, options: SweepOptions = {}): Promise<SweepReport> {
  const { choose = () => true, lanes = 1, onTrial = () => undefined } = options;
  await using first = await setStage(scenario);
  const plan = await traceRun(first);
  const points = plan.points.filter(choose);
  const trials: Trial[] = [];
  const walk = async (stage: Stage) => {
    for (let point = points.shift(); point !== undefined; point = points.shift()) {
      const trial = await tryPoint(stage, point);
      trials.push(trial);
      onTrial(trial);
    }
  };
  const others = Array.from({ length: lanes - 1 }, async () => {
    await using stage = await setStage(scenario);
    await walk(stage);
  });
  await Promise.all([walk(first), ...others]);
  return { scenario, plan, trials };
}

async function traceRun(stage: Stage): Promise<KillPlan> {
  const folder = await stage.fork();
  const file = join(folder, "trace.txt");
  const { status, stderr } = await runJam(folder, SYNC, traceWith(file));
  if (status !== 0) throw new Error(`The traced run ended with ${status}: ${stderr}`);
  const plan = await planKills(file, join(folder, "data"));
  await dropFork(folder);
  return plan;
}

async function tryPoint(stage: Stage, point: KillPoint): Promise<Trial> {
  const folder = await stage.fork();
  const { status, signal } = await runJam(folder, SYNC, killAt(point));
  const wasKilled = signal === "SIGKILL" || status === 137;
  const finding = await examine(stage, folder);
  await dropFork(folder);
  return { point, wasKilled, ...finding };
}
