import { JAM } from "./program.ts";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, openSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const TICKS_PER_SECOND = 100;

/** One of two servers over the same files. */
export interface Contender extends AsyncDisposable {
  readonly name: "jam" | "nginx";
  readonly pid: number;
  readonly port: number;
}

/** Where nginx is; undefined when it is not installed. */
export const NGINX_BINARY = ["/usr/sbin/nginx", "/usr/bin/nginx", "/usr/local/sbin/nginx"].find(existsSync);

/** The real command, started once before so that its compiled code is at hand. `log` takes its request log. */
export async function startJam(data: string, log?: string): Promise<Contender> {
  const argv = [JAM, "serve", "--listen", "127.0.0.1:0", "--data", data];
  await promisify(execFile)(process.execPath, [JAM, "--version"]);
  for (const isWarmUp of [true, false]) {
    const stderr = log === undefined ? "inherit" : openSync(log, "a");
    const child = spawn(process.execPath, [...argv, ...(log === undefined ? ["--quiet"] : [])], {
      stdio: ["ignore", "pipe", stderr],
    });
    const [line] = (await once(child.stdout as NodeJS.ReadableStream, "data")) as [Buffer];
    const contender = contend("jam", child, Number(new URL(line.toString().trim()).port));
    if (!isWarmUp) return contender;
    await contender[Symbol.asyncDispose]();
  }
  throw new Error("unreachable");
}

/** nginx with sendfile and two workers. */
export async function startNginx(binary: string, root: string): Promise<Contender> {
  const folder = await mkdtemp(join(tmpdir(), "jam-bench-"));
  const port = await freePort();
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  );
  const configuration = `worker_processes 2; worker_rlimit_nofile 20000; daemon off; pid ${folder}/pid;
error_log stderr crit;
events { worker_connections 8192; }
http { access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000; gzip_static on;
  ${temporary.join(" ")} types { application/json json; }
  server { listen 127.0.0.1:${port} backlog=4096; root ${root}; } }
`;
  const user = process.getuid?.() === 0 ? "user root;\n" : "";
  await writeFile(join(folder, "nginx.conf"), user + configuration);
  const child = spawn(binary, ["-c", join(folder, "nginx.conf")], { stdio: ["ignore", "ignore", "inherit"] });
  await new Promise((resolve) => setTimeout(resolve, 500));
  return contend("nginx", child, port, () => rm(folder, { recursive: true, force: true }));
}

function contend(
  name: Contender["name"],
  child: ChildProcess,
  port: number,
  onEnd?: () => Promise<void>,
): Contender {
  return {
    name,
    pid: child.pid ?? 0,
    port,
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
      await onEnd?.();
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  return port;
}

/** User and system time of a process and its children, in seconds. */
export function cpuSeconds(pid: number): number {
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

/**
 * What the processors did for a process and its threads, in seconds. Finer than `cpuSeconds`, which the kernel counts in
 * hundredths of a second.
 */
export function runSeconds(pid: number): number {
  const folder = `/proc/${pid}/task`;
  const times = readdirSync(folder).map((task) => readFileSync(join(folder, task, "schedstat"), "utf8"));
  return times.reduce((sum, text) => sum + Number(text.split(" ")[0]), 0) / 1e9;
}

/** Resident memory in bytes: now, or the most since `resetPeak`. */
export function residentBytes(pid: number, which: "now" | "peak"): number {
  const key = which === "now" ? "VmRSS" : "VmHWM";
  const kib = new RegExp(`${key}:\\s+(\\d+) kB`).exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kib ?? 0) * 1024;
}

/** Starts a new measurement of the most memory. */
export function resetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, "5");
}
