import { spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";

/** The command as a checkout runs it. */
export const JAM = resolve(import.meta.dirname, "../../bin/jam.js");

/** How a run ended. */
export interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A run of `jam` on the way. */
export interface RunningJam {
  readonly pid: number;
  readonly ended: Promise<Ended>;
  kill(signal: NodeJS.Signals): void;
}

/** Starts `jam` in `folder`, below another program where `wrapper` names one. */
export function startJam(
  folder: string,
  args: readonly string[],
  wrapper: readonly string[] = [],
): RunningJam {
  const [program = process.execPath, ...words] = [...wrapper, process.execPath, JAM, ...args];
  // One thread for all file operations makes the order of system calls the same in every run.
  const env = { ...process.env, UV_THREADPOOL_SIZE: "1", NO_PROXY: "127.0.0.1" };
  const child = spawn(program, words, { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
  const output = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk) => (output.stdout += String(chunk)));
  child.stderr.on("data", (chunk) => (output.stderr += String(chunk)));
  const ended = once(child, "close").then(() => ({
    status: child.exitCode,
    signal: child.signalCode,
    ...output,
  }));
  return { pid: child.pid ?? 0, ended, kill: (signal) => child.kill(signal) };
}

/** Runs `jam` to its end. */
export function runJam(
  folder: string,
  args: readonly string[],
  wrapper: readonly string[] = [],
): Promise<Ended> {
  return startJam(folder, args, wrapper).ended;
}
