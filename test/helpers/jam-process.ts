import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

/** Compiled code, kept from one start of the program to the next. */
export const TEST_CACHE = join(tmpdir(), "jam-test-cache");

/** The entry of the program in this checkout. */
export const JAM = resolve(import.meta.dirname, "../../bin/jam.js");

/** Whether the tests run another program than this checkout's. */
export const isPackaged = Boolean(process.env["JAM_BIN"]);

/** What starts jam: the program of this checkout, or the executable that `JAM_BIN` names. */
export const JAM_COMMAND: readonly [string, ...string[]] = process.env["JAM_BIN"]
  ? [process.env["JAM_BIN"]]
  : [process.execPath, JAM];

export interface Finished {
  /** Null when a signal ended it. */
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ProcessOptions {
  readonly cwd?: string;
  /** Over an environment that holds PATH, and HOME and XDG_CACHE_HOME in `cwd`. */
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
}

/** The program's answer to `args`. */
export function runJam(args: readonly string[], options: ProcessOptions = {}): Promise<Finished> {
  const [command, ...words] = JAM_COMMAND;
  return runProcess(command, [...words, ...args], options);
}

/** What a program wrote and how it ended. */
export function runProcess(
  command: string,
  args: readonly string[],
  { cwd = tmpdir(), env = {}, input = "" }: ProcessOptions = {},
): Promise<Finished> {
  const child = spawn(command, args, {
    cwd,
    env: { PATH: process.env["PATH"], HOME: cwd, XDG_CACHE_HOME: TEST_CACHE, ...env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  // A program that reads nothing may be gone before its empty input is closed.
  child.stdin.on("error", () => undefined).end(input);
  return new Promise((done, fail) => {
    child.once("error", fail);
    child.once("close", (status, signal) => done({ status, signal, stdout, stderr }));
  });
}

/** A folder that goes when the scope ends: `await using folder = await temporaryFolder()`. */
export async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), "jam-test-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
