/**
 * Serving one 100 MB tarball from the page cache, compared with nginx (sendfile, 2 workers) over the same file in
 * the same minute. Usage: node bench/serve.ts [--rounds 5] [--seconds 1] [--connections 1,16,64] [--json]
 */
import { JAM } from "../test/helpers/jam-process.ts";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs, promisify } from "node:util";
import { publisher } from "../test/helpers/served-mirror.ts";
import { temporaryStore } from "../test/helpers/temporary-store.ts";
import type { ServeRow } from "./serve-row.ts";

const SIZE = 100_000_000;
const TICKS_PER_SECOND = 100;

interface Contender {
  readonly name: "jam" | "nginx";
  readonly pid: number;
  readonly port: number;
  readonly path: string;
}

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
const nginxBinary = ["/usr/sbin/nginx", "/usr/bin/nginx", "/usr/local/sbin/nginx"].find(existsSync);
if (nginxBinary === undefined) {
  process.stderr.write(
    "nginx is not installed, so there is nothing to compare with: apt-get install nginx\n",
  );
  process.exitCode = 3;
} else await main(nginxBinary);

async function main(binary: string): Promise<void> {
  await using store = await temporaryStore();
  await publisher(store)({ agents: [{ version: "3.6.5", size: SIZE, path: "agent/big.tgz" }] });
  const { child: jamChild, contender: jam } = await startJam(store.path);
  const { child: nginxChild, contender: nginx, folder } = await startNginx(binary, store.path);
  try {
    const rows: ServeRow[] = [];
    for (const connections of values.connections.split(",").map(Number)) {
      rows.push(await compare(jam, nginx, connections));
    }
    process.stdout.write(values.json ? `${JSON.stringify({ sizeBytes: SIZE, rows })}\n` : formatTable(rows));
  } finally {
    nginxChild.kill("SIGTERM");
    jamChild.kill("SIGTERM");
    await Promise.all([ended(nginxChild), ended(jamChild)]);
    await rm(folder, { recursive: true, force: true });
  }
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
    jamPeakRssMiB: peakRssMiB(jam.pid),
  };
}

async function run(contender: Contender, connections: number): Promise<Run> {
  const cpuBefore = cpuSeconds(contender.pid);
  const client = join(import.meta.dirname, "serve-client.ts");
  const ms = Number(values.seconds) * 1000;
  const stdout = await runClient(client, [contender.path, contender.port, connections, ms, SIZE]);
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

/** The real command, started once before so that its compiled code is at hand. */
async function startJam(data: string): Promise<{ child: ChildProcess; contender: Contender }> {
  const argv = [JAM, "serve", "--quiet", "--listen", "127.0.0.1:0", "--data", data];
  await promisify(execFile)(process.execPath, [JAM, "--version"]);
  for (const isWarmUp of [true, false]) {
    const child = spawn(process.execPath, argv, { stdio: ["ignore", "pipe", "inherit"] });
    const [line] = (await once(child.stdout, "data")) as [Buffer];
    const { port } = new URL(line.toString().trim());
    if (!isWarmUp) {
      return {
        child,
        contender: { name: "jam", pid: child.pid ?? 0, port: Number(port), path: "/tools/agent/big.tgz" },
      };
    }
    child.kill("SIGTERM");
    await ended(child);
  }
  throw new Error("unreachable");
}

async function startNginx(
  binary: string,
  root: string,
): Promise<{ child: ChildProcess; contender: Contender; folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), "jam-bench-"));
  const port = await freePort();
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  );
  const configuration = `worker_processes 2; daemon off; pid ${folder}/pid; error_log stderr crit;
events { worker_connections 1024; }
http { access_log off; sendfile on; tcp_nopush on; ${temporary.join(" ")}
  server { listen 127.0.0.1:${port}; root ${root}; } }
`;
  await writeFile(
    join(folder, "nginx.conf"),
    `${process.getuid?.() === 0 ? "user root;\n" : ""}${configuration}`,
  );
  const child = spawn(binary, ["-c", join(folder, "nginx.conf")], { stdio: ["ignore", "ignore", "inherit"] });
  await new Promise((resolve) => setTimeout(resolve, 500));
  return {
    child,
    folder,
    contender: { name: "nginx", pid: child.pid ?? 0, port, path: "/tools/agent/big.tgz" },
  };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  return port;
}

/** User and system time of a process and its children. */
function cpuSeconds(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8")
    .trim()
    .split(" ")
    .filter(Boolean);
  const ticks = [String(pid), ...children].map((one) => {
    const fields = readFileSync(`/proc/${one}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
    return Number(fields[11]) + Number(fields[12]);
  });
  return ticks.reduce((sum, one) => sum + one, 0) / TICKS_PER_SECOND;
}

function peakRssMiB(pid: number): number {
  const kib = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kib ?? 0) / 1024;
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
