import { join } from "node:path";
import { compareWithNode } from "./against-node.ts";
import { startJam } from "./contenders.ts";
import type { Figure } from "./figure.ts";
import { median } from "./process.ts";
import { sync } from "./sample-mirror.ts";

const ROUNDS = 9;
const MAX_RATIO = 3;
const MAX_RSS = 150e6;
const MAX_SYNC_MS = 500;
const MAX_ANSWER_MS = 250;

const COMMANDS = [["list"], ["list", "3.2"], ["status"], ["which", "3.2.5"], ["snapshot", "list"]] as const;

/** What commands and a server cost in a mirror of ten thousand agents with some snapshots before the current one. */
export async function benchCommands(folder: string): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const argv of COMMANDS) figures.push(...(await benchCommand(argv, folder)));
  return [...figures, ...(await benchUnchangedSync(folder)), await benchUnknownPath(folder)];
}

async function benchCommand(argv: readonly string[], cwd: string): Promise<Figure[]> {
  const { wallMs, ratio, peakRss } = await compareWithNode(argv, cwd, { rounds: ROUNDS, warmUps: 1 });
  return [
    {
      what: `\`jam ${argv.join(" ")}\`, 10,000 agents`,
      value: `${wallMs.toFixed(0)} ms`,
      peer: "`node -e 0`",
      result: `${ratio.toFixed(2)} × its time`,
      aim: `≤ ${MAX_RATIO} ×`,
      isMet: ratio <= MAX_RATIO,
    },
    memoryOf(peakRss),
  ];
}

async function benchUnchangedSync(folder: string): Promise<Figure[]> {
  // The first one after a publication looks at everything.
  await sync(folder);
  const runs = [];
  for (let round = 0; round < ROUNDS; round += 1) runs.push(await sync(folder));
  const wallMs = median(runs.map((run) => run.wallMs));
  return [
    {
      what: "Sync without changes, 10,000 agents",
      value: `${wallMs.toFixed(0)} ms`,
      peer: "–",
      result: `${(wallMs / 1000).toFixed(2)} s`,
      aim: `≤ ${MAX_SYNC_MS / 1000} s`,
      isMet: wallMs <= MAX_SYNC_MS,
    },
    memoryOf(median(runs.map((run) => run.peakRss))),
  ];
}

/** The first answer that is not in the current snapshot: the server looks at what earlier ones have in addition. */
async function benchUnknownPath(folder: string): Promise<Figure> {
  await using server = await startJam(join(folder, "mirror-data"), join(folder, "serve.log"));
  const url = `http://127.0.0.1:${server.port}/tools`;
  await (await fetch(`${url}/streams/v1/index2.json`)).arrayBuffer();
  const started = performance.now();
  const { status } = await fetch(`${url}/agent/9.9.9/juju-9.9.9-linux-amd64.tgz`);
  const ms = performance.now() - started;
  if (status !== 404) throw new Error(`expected 404, got ${status}`);
  return {
    what: "First request for an unknown path, 20 earlier snapshots of 10,000 agents",
    value: `${ms.toFixed(0)} ms`,
    peer: "–",
    result: `${ms.toFixed(0)} ms`,
    aim: `≤ ${MAX_ANSWER_MS} ms`,
    isMet: ms <= MAX_ANSWER_MS,
  };
}

function memoryOf(peak: number): Figure {
  const result = `${(peak / 1e6).toFixed(0)} MB`;
  return {
    what: "… peak memory",
    value: result,
    peer: "–",
    result,
    aim: `≤ ${MAX_RSS / 1e6} MB`,
    isMet: peak <= MAX_RSS,
  };
}
