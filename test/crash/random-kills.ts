import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { dropFork } from "./invariants.ts";
import { startSteadyJam } from "./jam.ts";
import { setStage } from "./scenario.ts";
import { startServe } from "../helpers/running-jam.ts";
import { CHANNEL_SCENARIOS, SCENARIOS, type ScenarioName, type Stage, type StagedRun } from "./stage.ts";
import type { WatchOrder, WatchReport } from "./watch.ts";

export interface CampaignOptions {
  readonly kills: number;
  /** Decides every instant; the same seed asks for the same ones. */
  readonly seed: number;
  /** Default all, in turn. */
  readonly scenarios?: readonly ScenarioName[];
  readonly onRound?: (round: Round) => void;
}

/** One mirror that is killed several times, its recoveries included, before it may end. */
export interface Round {
  readonly scenario: ScenarioName;
  readonly kills: number;
  /** Kills that found the run over already. */
  readonly late: number;
  /** What a kill cut off or spared and a later run took up: downloads, volumes, files of a bundle. */
  readonly resumed: number;
  readonly walks: number;
  readonly overtaken: number;
  readonly faults: readonly string[];
}

/** Slow enough that a kill meets downloads in the middle. */
const TARBALL_BYTES = 700_000;
const BYTES_PER_SECOND = 4_000_000;
/** Runs that cannot be repeated, or whose start is a damaged mirror. */
const AT_CALLS_ONLY: ReadonlySet<ScenarioName> = new Set(["repair", ...CHANNEL_SCENARIOS]);
const MAX_KILLS_A_ROUND = 5;

/**
 * Kills real runs at random instants while a client reads on disk and over HTTP all the time. Each mirror is
 * killed one to five times in a row, so that recoveries are killed too; then it has to come to its end.
 */
export async function randomKills(options: CampaignOptions): Promise<Round[]> {
  const random = seededRandom(options.seed);
  const rounds: Round[] = [];
  await using watcher = startWatcher();
  const names = options.scenarios ?? SCENARIOS.filter((name) => !AT_CALLS_ONLY.has(name));
  await using stack = new AsyncDisposableStack();
  const stages: { stage: Stage; runMs: readonly number[] }[] = [];
  for (const name of names) {
    const stage = stack.use(
      await setStage(name, { tarballBytes: TARBALL_BYTES, bytesPerSecondPerConnection: BYTES_PER_SECOND }),
    );
    stages.push({ stage, runMs: await measure(stage) });
  }
  for (let killed = 0; killed < options.kills;) {
    const { stage, runMs } = stages[rounds.length % stages.length] as (typeof stages)[number];
    const wanted = Math.min(1 + Math.floor(random() * MAX_KILLS_A_ROUND), options.kills - killed);
    const delays = Array.from({ length: wanted }, () => 0.25 + 0.8 * random());
    const first = Math.floor(rounds.length / stages.length) % stage.runs.length;
    const round = await playRound({ stage, runMs, first, delays }, watcher);
    killed += round.kills;
    rounds.push(round);
    options.onRound?.(round);
  }
  return rounds;
}

/** How long each run of a stage takes. */
async function measure(stage: Stage): Promise<number[]> {
  const times: number[] = [];
  for (const [at, { args }] of stage.runs.entries()) {
    const folder = await stage.fork(at);
    const started = performance.now();
    await startSteadyJam(folder, args).finished;
    times.push(performance.now() - started);
    await dropFork(folder);
  }
  return times;
}

interface RoundPlan {
  readonly stage: Stage;
  readonly runMs: readonly number[];
  /** The run that is killed first; those behind it have their turn when a kill comes too late. */
  readonly first: number;
  /** As parts of what a run takes. */
  readonly delays: readonly number[];
}

async function playRound({ stage, runMs, first, delays }: RoundPlan, watcher: Watcher): Promise<Round> {
  const folder = await stage.fork(first);
  const server = await startServe(folder);
  const faults: string[] = [];
  watcher.start({ tools: join(folder, "data/tools"), url: `${server.url}/tools`, ...stage.watched });
  let at = first;
  let late = 0;
  let resumed = 0;
  const follower = await stage.follow(folder);
  for (const delay of delays) {
    await follower.beforeRun();
    const run = startSteadyJam(folder, (stage.runs[at] as StagedRun).args);
    await pause(delay * (runMs[at] as number));
    run.kill("SIGKILL");
    const { signal } = await run.finished;
    const followed = await follower.afterKill();
    resumed += followed.resumed;
    faults.push(...followed.faults);
    if (signal === "SIGKILL") continue;
    late += 1;
    at = Math.min(at + 1, stage.runs.length - 1);
  }
  const finding = await stage.examine(folder, at);
  const { walks, overtaken, faults: seen } = await watcher.stop();
  await server[Symbol.asyncDispose]();
  await dropFork(folder);
  faults.push(...finding.faults, ...seen);
  return { scenario: stage.scenario, kills: delays.length, late, resumed, walks, overtaken, faults };
}

interface Watcher extends AsyncDisposable {
  start(order: WatchOrder): void;
  stop(): Promise<WatchReport>;
}

function startWatcher(): Watcher {
  const child: ChildProcess = fork(join(import.meta.dirname, "watch.ts"), { stdio: "inherit" });
  return {
    start: (order) => void child.send(order),
    async stop() {
      const answer = once(child, "message") as Promise<[WatchReport]>;
      child.send("stop");
      return (await answer)[0];
    },
    async [Symbol.asyncDispose]() {
      const exited = once(child, "exit");
      child.disconnect();
      await exited;
    },
  };
}

/** 0 ≤ x < 1, the same row for the same seed. Source: mulberry32, public domain. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
