import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { publisher } from "../test/helpers/served-mirror.ts";
import { temporaryStore } from "../test/helpers/temporary-store.ts";
import type { Figure } from "./figure.ts";

const SIZE = 60_000_000;
/** Two servers that do the same differ by some percent, by where their memory happens to be: so each pair is a new one. */
const PAIRS = 5;
const ROUNDS = 5;
const SECONDS = 0.6;
const CONNECTIONS = 4;

/**
 * What it costs that no wrong byte is served: a tarball of 60 MB that several fetch, with every piece checked, against
 * the same server that gives out what it reads. Both are measured in turns. What counts is bytes for each second of the
 * server's CPU: that is the throughput of a server that does nothing else, and other work of the machine does not show in it.
 */
export async function benchProven(): Promise<Figure[]> {
  await using store = await temporaryStore();
  await publisher(store)({ agents: [{ version: "3.6.5", size: SIZE, path: "agent/big.tgz" }] });
  const pairs: Pair[] = [];
  for (let pair = 0; pair < PAIRS; pair += 1) pairs.push(await comparePair(store.path));
  const ratio = median(pairs.flatMap(({ ratios }) => ratios));
  const speeds = pairs.flatMap((pair) => pair.speeds);
  const firstMs = median(pairs.map((pair) => pair.firstMs));
  return [
    {
      what: `Serving 60 MB with every piece checked, connections: ${CONNECTIONS}`,
      value: `${(median(speeds) / 1e6).toFixed(0)} MB per CPU second`,
      peer: "the same without the check",
      result: `${Math.abs((1 - ratio) * 100).toFixed(1)} % ${ratio > 1 ? "faster" : "slower"}`,
      aim: "< 3 %",
      isMet: ratio > 0.97,
    },
    {
      what: "… its first byte, which waits for the hash",
      value: `${firstMs.toFixed(0)} ms`,
      peer: "–",
      result: `${firstMs.toFixed(0)} ms`,
      aim: "≤ 500 ms",
      isMet: firstMs <= 500,
    },
  ];
}

interface Pair {
  /** What waits for the hash. */
  readonly firstMs: number;
  /** Bytes per CPU second of the server that checks, by those of the other one. */
  readonly ratios: readonly number[];
  readonly speeds: readonly number[];
}

async function comparePair(data: string): Promise<Pair> {
  await using checked = await startServer(data, "checked");
  await using unchecked = await startServer(data, "unchecked");
  // The first request hashes.
  const firstMs = await timeFirstByte(checked.port);
  await timeFirstByte(unchecked.port);
  const ratios: number[] = [];
  const speeds: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const order = round % 2 === 0 ? [checked, unchecked] : [unchecked, checked];
    const measured = new Map<object, number>();
    for (const server of order) measured.set(server, await throughput(server));
    const [one, other] = [measured.get(checked) ?? NaN, measured.get(unchecked) ?? NaN];
    ratios.push(one / other);
    speeds.push(one);
  }
  return { firstMs, ratios, speeds };
}

async function startServer(data: string, mode: string) {
  const script = join(import.meta.dirname, "proven-server.ts");
  const child = spawn(process.execPath, [script, data, mode], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  return {
    pid: child.pid ?? 0,
    port: Number(line.toString()),
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      if (child.exitCode === null) await once(child, "exit");
    },
  };
}

async function timeFirstByte(port: number): Promise<number> {
  const startedAt = performance.now();
  const answer = await fetch(`http://127.0.0.1:${port}/tools/agent/big.tgz`);
  const elapsedMs = performance.now() - startedAt;
  await answer.arrayBuffer();
  return elapsedMs;
}

/** Bytes in a second of CPU. The client ends itself by a signal. */
async function throughput({ pid, port }: { readonly pid: number; readonly port: number }): Promise<number> {
  const before = cpuSeconds(pid);
  const client = join(import.meta.dirname, "serve-client.ts");
  const parameters = ["/tools/agent/big.tgz", port, CONNECTIONS, SECONDS * 1000, SIZE].map(String);
  const stdout = await promisify(execFile)(process.execPath, [client, ...parameters]).then(
    (done) => done.stdout,
    (error: { stdout: string }) => error.stdout,
  );
  const { received, failed } = JSON.parse(stdout) as { received: number; failed: boolean };
  if (failed) throw new Error("The server did not answer 200");
  return received / (cpuSeconds(pid) - before);
}

/** User and system time of a process with all its threads. */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}
