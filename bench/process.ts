import { spawn } from "node:child_process";
import { once } from "node:events";

export interface ProcessFigures {
  readonly wallMs: number;
  /** User and system time of the process and its children. */
  readonly cpuMs: number;
  /** Peak resident memory of the largest process, in bytes. */
  readonly peakRss: number;
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command under GNU time and reads what the kernel accounted for it. */
export async function measure(
  command: string,
  argv: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<ProcessFigures> {
  const started = performance.now();
  const child = spawn("/usr/bin/time", ["-q", "-f", "\n%U %S %M", command, ...argv], {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const [status] = (await once(child, "close")) as [number | null];
  const wallMs = performance.now() - started;
  const lines = stderr.trimEnd().split("\n");
  const [user, system, kib] = (lines.at(-1) ?? "").split(" ").map(Number);
  return {
    wallMs,
    cpuMs: 1000 * ((user ?? 0) + (system ?? 0)),
    peakRss: 1024 * (kib ?? 0),
    status,
    stdout,
    stderr: lines.slice(0, -1).join("\n"),
  };
}

/** The middle value; of an even number the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? Number.NaN)
    : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
}
