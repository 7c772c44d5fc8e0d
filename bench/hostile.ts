import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { publisher } from "../test/helpers/served-mirror.ts";
import { temporaryStore } from "../test/helpers/temporary-store.ts";
import type { Figure } from "./figure.ts";
import { median } from "./process.ts";
import { JAM } from "./program.ts";

const SENDERS = 4;
const MS = 10_000;
const PAUSE_MS = 5;
const AIM_MS = 250;

/** What `/healthz` waits for while others post the most laborious questions that the limits allow. */
export async function benchHostile(): Promise<Figure[]> {
  await using store = await temporaryStore();
  await publisher(store)({ agents: [{ version: "3.6.5" }, { version: "3.6.9" }] });
  const argv = [JAM, "serve", "--quiet", "--listen", "127.0.0.1:0", "--data", store.path];
  const server = spawn(process.execPath, argv, { stdio: ["ignore", "pipe", "ignore"] });
  try {
    const [line] = (await once(server.stdout, "data")) as [Buffer];
    const port = Number(new URL(line.toString().trim()).port);
    const figures: Figure[] = [];
    for (const senders of [1, SENDERS]) {
      // What the machine alone costs: the same number of processes that only compute.
      const busy = await probeWhile(port, times(senders, spin));
      const hostile = await probeWhile(
        port,
        times(senders, () => send(port)),
      );
      figures.push(figure(senders, hostile, busy));
    }
    return figures;
  } finally {
    server.kill("SIGTERM");
    if (server.exitCode === null) await once(server, "exit");
  }
}

function times(count: number, start: () => Promise<unknown>): Promise<unknown> {
  return Promise.all(Array.from({ length: count }, start));
}

function spin(): Promise<unknown> {
  const loop = `const end = Date.now() + ${MS}; while (Date.now() < end);`;
  return promisify(execFile)(process.execPath, ["-e", loop]);
}

function send(port: number): Promise<unknown> {
  const script = join(import.meta.dirname, "hostile-bodies.ts");
  return promisify(execFile)(process.execPath, [script, String(port), String(MS)]);
}

/** Milliseconds of every request for `/healthz` while the work goes on. */
async function probeWhile(port: number, work: Promise<unknown>): Promise<number[]> {
  const ended = new AbortController();
  const done = work.finally(() => ended.abort());
  done.catch(() => undefined);
  const delays: number[] = [];
  while (!ended.signal.aborted) {
    delays.push(await probe(port));
    await sleep(PAUSE_MS);
  }
  await done;
  return delays;
}

async function probe(port: number): Promise<number> {
  const started = performance.now();
  const [answer] = (await once(
    get({ port, host: "127.0.0.1", path: "/healthz", agent: false }),
    "response",
  )) as [IncomingMessage];
  await once(answer.resume(), "end");
  return performance.now() - started;
}

function figure(senders: number, delays: readonly number[], busy: readonly number[]): Figure {
  const worst = Math.max(...delays);
  return {
    what: `\`/healthz\` under hostile bodies, senders: ${senders}`,
    value: `median ${median(delays).toFixed(1)} ms`,
    peer: `busy loops, at most ${Math.max(...busy).toFixed(0)} ms`,
    result: `at most ${worst.toFixed(0)} ms`,
    aim: `< ${AIM_MS} ms`,
    isMet: worst < AIM_MS,
  };
}
