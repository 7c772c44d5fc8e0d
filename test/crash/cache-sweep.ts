import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { download, startCacheServer } from "./cache-server.ts";
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

/** Kills a cache server at random instants while many clients download, each data directory several times in a row. */
export async function killCacheAtRandom(options: {
  readonly rounds: number;
  readonly kills: number;
  readonly random: () => number;
}): Promise<CacheRound[]> {
  await using stage = await setCacheStage({
    tarballBytes: 1_500_000,
    bytesPerSecondPerConnection: 6_000_000,
  });
  const rounds: CacheRound[] = [];
  for (let round = 0; round < options.rounds; round += 1) {
    const folder = await stage.fork();
    const faults: string[] = [];
    let answers = 0;
    for (let kill = 0; kill < options.kills; kill += 1) {
      const server = await startCacheServer(folder);
      if (server === undefined) throw new Error("The server ended.");
      const storm = Array.from({ length: 12 }, async (_, client) => {
        const listed = stage.listed[client % stage.listed.length];
        return download(server.url, listed?.path ?? "");
      });
      await pause(100 + 2_000 * options.random());
      await server.kill("SIGKILL");
      const got = await Promise.all(storm);
      answers += got.filter(({ isWhole, status }) => isWhole && status === 200).length;
      faults.push(...wrongAnswers(stage.listed, got));
    }
    faults.push(...(await stage.examine(folder, [])));
    await dropFork(folder);
    rounds.push({ kills: options.kills, answers, faults });
  }
  return rounds;
}
