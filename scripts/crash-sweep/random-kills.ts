import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { dropFork, examine, wholeBlobs } from "./invariants.ts";
import { runJam, startJam } from "./jam.ts";
import { startServer } from "./serve.ts";
import { SCENARIOS, setStage, type ScenarioName, type Stage } from "./scenario.ts";
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
  /** Downloads that a kill cut off and a later run took up. */
  readonly resumed: number;
  readonly walks: number;
  readonly overtaken: number;
  readonly faults: readonly string[];
}

const SYNC = ["sync", "--quiet", "--progress", "none"];
/** Slow enough that a kill meets downloads in the middle. */
const TARBALL_BYTES = 700_000;
const BYTES_PER_SECOND = 4_000_000;
const MAX_KILLS_A_ROUND = 5;

/**
 * Kills real syncs at random instants while a client reads on disk and over HTTP all the time. Each mirror is
 * killed one to five times in a row, so that recoveries are killed too; then it has to come to its end.
 */
export async function randomKills(options: CampaignOptions): Promise<Round[]> {
  const random = seededRandom(options.seed);
  const rounds: Round[] = [];
  await using watcher = startWatcher();
  const names = options.scenarios ?? SCENARIOS;
  await using stack = new AsyncDisposableStack();
  const stages: { stage: Stage; runMs: number }[] = [];
  for (const name of names) {
    const stage = stack.use(
      await setStage(name, { tarballBytes: TARBALL_BYTES, bytesPerSecondPerConnection: BYTES_PER_SECOND }),
    );
    stages.push({ stage, runMs: await measure(stage) });
  }
  for (let killed = 0; killed < options.kills;) {
    const { stage, runMs } = stages[rounds.length % stages.length] as (typeof stages)[number];
    const wanted = Math.min(1 + Math.floor(random() * MAX_KILLS_A_ROUND), options.kills - killed);
    const delays = Array.from({ length: wanted }, () => runMs * (0.25 + 0.8 * random()));
    const round = await playRound(stage, delays, watcher);
    killed += round.kills;
    rounds.push(round);
    options.onRound?.(round);
  }
  return rounds;
}

async function measure(stage: Stage): Promise<number> {
  const folder = await stage.fork();
  const started = performance.now();
  await runJam(folder, SYNC);
  await dropFork(folder);
  return performance.now() - started;
}

async function playRound(stage: Stage, delays: readonly number[], watcher: Watcher): Promise<Round> {
  const folder = await stage.fork();
  const data = join(folder, "data");
  const server = await startServer(folder);
  const faults: string[] = [];
  const order = { tools: join(data, "tools"), url: `${server.url}/tools`, ...whatMayBeSeen(stage) };
  watcher.start(order);
  let late = 0;
  let resumed = 0;
  let before = await wholeBlobs(data);
  for (const delay of delays) {
    const partial = await partialBytes(data);
    stage.upstream.clearRequests();
    const run = startJam(folder, SYNC);
    await pause(delay);
    run.kill("SIGKILL");
    const { signal } = await run.ended;
    if (signal !== "SIGKILL") late += 1;
    resumed += countResumed(stage, partial);
    const after = await wholeBlobs(data);
    const needed = new Set(stage.next.items.map(({ sha256 }) => sha256));
    for (const sha256 of before) {
      if (needed.has(sha256) && !after.has(sha256)) faults.push(`Blob ${sha256} was here and is lost`);
    }
    before = after;
  }
  const finding = await examine(stage, folder);
  const { walks, overtaken, faults: seen } = await watcher.stop();
  await server.stop();
  await dropFork(folder);
  faults.push(...finding.faults, ...seen);
  return { scenario: stage.scenario, kills: delays.length, late, resumed, walks, overtaken, faults };
}

function whatMayBeSeen(stage: Stage): Pick<WatchOrder, "allowed" | "isGraced"> {
  return {
    allowed: [stage.old.index2Fingerprint, stage.next.index2Fingerprint],
    isGraced: stage.isGraced,
  };
}

/** SHA-256 → bytes of every download that a kill cut off. */
async function partialBytes(data: string): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  for (const name of await readdir(join(data, "partial")).catch(() => [])) {
    const sha256 = /^([0-9a-f]{64})\.part$/.exec(name)?.[1];
    if (sha256 !== undefined) sizes.set(sha256, (await stat(join(data, "partial", name))).size);
  }
  return sizes;
}

function countResumed(stage: Stage, partial: ReadonlyMap<string, number>): number {
  const paths = new Map(stage.next.items.map(({ sha256, path }) => [sha256, path]));
  return [...partial].filter(([sha256, bytes]) =>
    stage.upstream.requests.includes(`GET ${paths.get(sha256)} bytes=${bytes}-`),
  ).length;
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
function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
