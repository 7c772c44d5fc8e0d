import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { JAM_COMMAND, TEST_CACHE, type Finished } from "./jam-process.ts";

/** A command under way: it can be sent signals, and its end waited for. */
export interface RunningJam {
  readonly pid: number;
  /** Never rejects: the exit status is part of what is tested. */
  readonly finished: Promise<Finished>;
  kill(signal: NodeJS.Signals): void;
}

export interface StartOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** A program that starts the command, with its own arguments. */
  readonly wrapper?: readonly string[];
  /** Standard input is open and has nothing. Default: it is empty. */
  readonly holdsInput?: boolean;
}

/** Starts `jam` and comes back at once. */
export function startJam(
  args: readonly string[],
  { cwd, env, wrapper = [], holdsInput = false }: StartOptions,
): RunningJam {
  const [program = process.execPath, ...words] = [...wrapper, ...JAM_COMMAND, ...args];
  // Proxy settings of the machine must not reach a test's own servers.
  const base = { PATH: process.env["PATH"], HOME: cwd, XDG_CACHE_HOME: TEST_CACHE };
  const child = spawn(program, words, {
    cwd,
    env: { ...base, ...env },
    stdio: [holdsInput ? "pipe" : "ignore", "pipe", "pipe"],
  });
  child.stdin?.on("error", () => undefined);
  const output = { stdout: "", stderr: "" };
  child.stdout?.on("data", (chunk) => (output.stdout += String(chunk)));
  child.stderr?.on("data", (chunk) => (output.stderr += String(chunk)));
  const finished = once(child, "close").then(() => ({
    status: child.exitCode,
    signal: child.signalCode,
    ...output,
  }));
  return { pid: child.pid ?? 0, finished, kill: (signal) => void child.kill(signal) };
}

/** A running `jam serve`; the end of the scope stops it. */
export interface ServeProcess extends AsyncDisposable {
  /** `http://127.0.0.1:41234`, without a slash at the end. */
  readonly url: string;
  readonly pid: number;
  /** What it wrote to standard error so far: the request log. */
  readonly log: () => string;
}

/**
 * Starts `jam serve` on a free port of 127.0.0.1; `wrapper` is a program that starts it, with its own arguments. Where `onLog`
 * takes the log as it comes, it is not kept.
 */
export async function startServe(
  cwd: string,
  wrapper: readonly string[] = [],
  onLog?: (text: string) => void,
): Promise<ServeProcess> {
  const command = [...wrapper, ...JAM_COMMAND, "serve", "--listen", "127.0.0.1:0"];
  const [program = "", ...args] = command;
  const child = spawn(program, args, { cwd, stdio: ["ignore", "pipe", "pipe"] });
  let log = "";
  child.stderr.setEncoding("utf8").on("data", onLog ?? ((text: string) => (log += text)));
  const exited = once(child, "exit");
  const ended = exited.then(() =>
    Promise.reject(new Error(`jam serve ended with status ${child.exitCode}: ${log}`)),
  );
  ended.catch(() => undefined);
  const lines = createInterface({ input: child.stdout });
  const [url] = (await Promise.race([once(lines, "line"), ended])) as [string];
  return {
    url,
    pid: child.pid ?? 0,
    log: () => log,
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await exited;
    },
  };
}
