import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { download, startCacheServer, type Got } from "./cache-server.ts";
import { setCacheStage, wrongAnswers, type CacheStage } from "./cache-stage.ts";
import { dropFork } from "./invariants.ts";
import { killAt, planKills, traceWith, type KillPlan, type KillPoint } from "./kill-points.ts";

/** One kill of a cache server, and what was found after it. */
export interface CacheTrial {
  readonly point: KillPoint;
  /** False where the server ended before the call came. */
  readonly wasKilled: boolean;
  readonly faults: readonly string[];
}

export interface CacheSweepOptions {
  /** Which of the kill points to try. Default all. */
  readonly choose?: (point: KillPoint, position: number) => boolean;
  readonly onTrial?: (trial: CacheTrial) => void;
}

/**
 * Kills a cache server at one system call after the other while it fetches tarballs for clients and evicts one, and
 * examines each time what is left and what the next server makes of it.
 */
export async function sweepCache(
  options: CacheSweepOptions = {},
): Promise<{ readonly plan: KillPlan; readonly trials: readonly CacheTrial[] }> {
  const { choose = () => true, onTrial = () => undefined } = options;
  await using stage = await setCacheStage();
  const plan = await traceServer(stage);
  const trials: CacheTrial[] = [];
  for (const [position, point] of plan.points.entries()) {
    if (!choose(point, position)) continue;
    const trial = await tryPoint(stage, point);
    trials.push(trial);
    onTrial(trial);
  }
  return { plan, trials };
}

async function traceServer(stage: CacheStage): Promise<KillPlan> {
  const folder = await stage.fork();
  const file = join(folder, "trace.txt");
  const server = await startCacheServer(folder, traceWith(file));
  if (server === undefined) throw new Error("The traced server ended.");
  const faults = wrongAnswers(stage.listed, await stage.pullAll(server));
  await server.kill("SIGTERM");
  if (faults.length > 0) throw new Error(faults.join(" "));
  const plan = await planKills(file, [join(folder, "data")]);
  await dropFork(folder);
  return plan;
}

async function tryPoint(stage: CacheStage, point: KillPoint): Promise<CacheTrial> {
  const folder = await stage.fork();
  const server = await startCacheServer(folder, killAt(point));
  const got = server === undefined ? [] : await stage.pullAll(server);
  // Who is not killed yet is killed at its end, or ends.
  await server?.kill("SIGTERM").catch(() => undefined);
  const wasKilled = server === undefined || (await server.wasKilled);
  const faults = await stage.examine(folder, got);
  await dropFork(folder);
  return { point, wasKilled, faults };
}

export interface CacheRound {
  readonly kills: number;
  /** Answers that were whole. */
  readonly answers: number;
  readonly faults: readonly string[];
}

export interface CacheKills {
  readonly rounds: number;
  /** In each round, one after the other. */
  readonly kills: number;
  readonly random: () => number;
  /** Rounds at the same time. Default 1. */
  readonly lanes?: number;
  readonly onRound?: (round: CacheRound) => void;
}

const CLIENTS = 8;

/**
 * Kills a cache server at random instants while clients download one tarball after the other, each data directory several
 * times in a row. Upstream is slow enough that a kill meets downloads in the middle, and fast enough that others are over.
 */
export async function killCacheAtRandom(options: CacheKills): Promise<CacheRound[]> {
  const { rounds: wanted, lanes = 1, onRound = () => undefined } = options;
  const rounds: CacheRound[] = [];
  let begun = 0;
  const lane = async () => {
    await using stage = await setCacheStage({
      tarballBytes: 250_000,
      bytesPerSecondPerConnection: 2_500_000,
    });
    while (begun < wanted) {
      begun += 1;
      const round = await playRound(stage, options);
      rounds.push(round);
      onRound(round);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return rounds;
}

async function playRound(stage: CacheStage, { kills, random }: CacheKills): Promise<CacheRound> {
  const folder = await stage.fork();
  const faults: string[] = [];
  let answers = 0;
  for (let kill = 0; kill < kills; kill += 1) {
    const server = await startCacheServer(folder);
    if (server === undefined) throw new Error("The server ended.");
    const over = new AbortController();
    const got: Got[] = [];
    const storm = Array.from({ length: CLIENTS }, async (_, client) => {
      for (let turn = client; !over.signal.aborted; turn += 1) {
        const path = stage.listed[turn % stage.listed.length]?.path ?? "";
        got.push(await download(server.url, path));
      }
    });
    // By what clients have received, and then by time: on a slow machine as on a fast one some have whole answers.
    const wholeBefore = Math.floor(random() * (CLIENTS + 1));
    const latest = Date.now() + 5_000;
    while (countWhole(got) < wholeBefore && Date.now() < latest) await pause(5);
    await pause(300 * random());
    over.abort();
    await server.kill("SIGKILL");
    await Promise.all(storm);
    answers += countWhole(got);
    faults.push(...wrongAnswers(stage.listed, got));
  }
  faults.push(...(await stage.examine(folder, [])));
  await dropFork(folder);
  return { kills, answers, faults };
}

function countWhole(got: readonly Got[]): number {
  return got.filter(({ isWhole, status }) => isWhole && status === 200).length;
}
