/**
 * Serving one 60 MB tarball from the page cache, compared with nginx (sendfile, 2 workers) over the same file in
 * the same minute. Usage: node bench/serve.ts [--rounds 5] [--seconds 1] [--connections 1,16,64] [--json]
 */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { parseArgs, promisify } from "node:util";
import { publisher } from "../test/helpers/served-mirror.ts";
import { temporaryStore } from "../test/helpers/temporary-store.ts";
import {
  type Contender,
  NGINX_BINARY,
  cpuSeconds,
  residentBytes,
  startJam,
  startNginx,
} from "./contenders.ts";
import type { ServeRow } from "./serve-row.ts";

const SIZE = 60_000_000;
const PATH = "/tools/agent/big.tgz";

interface Run {
  readonly bytesPerSecond: number;
  readonly cpuPerGb: number;
}

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "1" },
    connections: { type: "string", default: "1,16,64" },
    json: { type: "boolean", default: false },
  },
});
if (NGINX_BINARY === undefined) {
  process.stderr.write(
    "nginx is not installed, so there is nothing to compare with: apt-get install nginx\n",
  );
  process.exitCode = 3;
} else await main(NGINX_BINARY);

async function main(binary: string): Promise<void> {
  await using store = await temporaryStore();
  await publisher(store)({ agents: [{ version: "3.6.5", size: SIZE, path: "agent/big.tgz" }] });
  await using jam = await startJam(store.path);
  await using nginx = await startNginx(binary, store.path);
  // A tarball is hashed before it is first served; what that costs is a row of its own.
  await fetch(`http://127.0.0.1:${jam.port}${PATH}`, { method: "HEAD" });
  const rows: ServeRow[] = [];
  for (const connections of values.connections.split(",").map(Number)) {
    rows.push(await compare(jam, nginx, connections));
  }
  process.stdout.write(values.json ? `${JSON.stringify({ sizeBytes: SIZE, rows })}\n` : formatTable(rows));
}

async function compare(jam: Contender, nginx: Contender, connections: number): Promise<ServeRow> {
  const rounds: { jam: Run; nginx: Run }[] = [];
  for (let round = 0; round < Number(values.rounds); round++) {
    // Alternate who goes first: the first one finds the colder caches.
    const first = round % 2 === 0 ? jam : nginx;
    const second = first === jam ? nginx : jam;
    const runs = {
      [first.name]: await run(first, connections),
      [second.name]: await run(second, connections),
    };
    rounds.push(runs as { jam: Run; nginx: Run });
  }
  const of = (pick: (round: { jam: Run; nginx: Run }) => number) => median(rounds.map(pick));
  return {
    connections,
    jamMBps: of((round) => round.jam.bytesPerSecond / 1e6),
    nginxMBps: of((round) => round.nginx.bytesPerSecond / 1e6),
    speedRatio: of((round) => round.jam.bytesPerSecond / round.nginx.bytesPerSecond),
    jamCpuPerGb: of((round) => round.jam.cpuPerGb),
    nginxCpuPerGb: of((round) => round.nginx.cpuPerGb),
    cpuRatio: of((round) => round.jam.cpuPerGb / round.nginx.cpuPerGb),
    jamPeakRssMiB: residentBytes(jam.pid, "peak") / (1 << 20),
  };
}

async function run(contender: Contender, connections: number): Promise<Run> {
  const cpuBefore = cpuSeconds(contender.pid);
  const client = join(import.meta.dirname, "serve-client.ts");
  const ms = Number(values.seconds) * 1000;
  const stdout = await runClient(client, [PATH, contender.port, connections, ms, SIZE]);
  const { received, seconds, failed } = JSON.parse(stdout) as {
    received: number;
    seconds: number;
    failed: boolean;
  };
  if (failed) throw new Error(`${contender.name} did not answer 200`);
  return {
    bytesPerSecond: received / seconds,
    cpuPerGb: (cpuSeconds(contender.pid) - cpuBefore) / (received / 1e9),
  };
}

/** The client ends itself by a signal, which leaves no time for goodbyes that would count as load. */
async function runClient(script: string, parameters: readonly (string | number)[]): Promise<string> {
  try {
    return (await promisify(execFile)(process.execPath, [script, ...parameters.map(String)])).stdout;
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}

function formatTable(rows: readonly ServeRow[]): string {
  const head = [
    "connections",
    "jam MB/s",
    "nginx MB/s",
    "× nginx",
    "jam CPU s/GB",
    "nginx CPU s/GB",
    "× nginx",
    "jam peak MiB",
  ];
  const lines = rows.map((row) => [
    String(row.connections),
    row.jamMBps.toFixed(0),
    row.nginxMBps.toFixed(0),
    row.speedRatio.toFixed(2),
    row.jamCpuPerGb.toFixed(2),
    row.nginxCpuPerGb.toFixed(2),
    row.cpuRatio.toFixed(2),
    row.jamPeakRssMiB.toFixed(0),
  ]);
  const rule = head.map(() => "---");
  return [head, rule, ...lines].map((cells) => `| ${cells.join(" | ")} |\n`).join("");
}
