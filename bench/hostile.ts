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
import { JAM } from "./sample-mirror.ts";

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
    const alone = await probeWhile(port, sleep(2_000));
    const one = await probeWhile(port, send(port));
    const some = await probeWhile(port, Promise.all(Array.from({ length: SENDERS }, () => send(port))));
    return [
      figure("`/healthz` beside hostile bodies, one sender", one, alone),
      figure(`… ${SENDERS} senders`, some, alone),
    ];
  } finally {
    server.kill("SIGTERM");
    if (server.exitCode === null) await once(server, "exit");
  }
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

function figure(what: string, delays: readonly number[], alone: readonly number[]): Figure {
  const worst = Math.max(...delays);
  return {
    what,
    value: `median ${median(delays).toFixed(1)} ms`,
    peer: `no load, ${median(alone).toFixed(1)} ms`,
    result: `at most ${worst.toFixed(0)} ms`,
    aim: `< ${AIM_MS} ms`,
    isMet: worst < AIM_MS,
  };
}
