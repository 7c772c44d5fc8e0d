import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const SCRIPT = fileURLToPath(new URL("store-actor.ts", import.meta.url));

/** A running action; killed when the scope ends. */
export interface Actor extends AsyncDisposable {
  readonly process: ChildProcess;
  /** The first line that it printed, parsed. */
  readonly first: Record<string, unknown>;
  /** Ends it and waits. */
  end(signal: NodeJS.Signals): Promise<void>;
}

/** Starts an action in a process of its own and waits for its first line. */
export async function startActor(action: string, dataDir: string): Promise<Actor> {
  const child = spawn(process.execPath, [SCRIPT, action, dataDir], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(child, "exit");
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    await ended;
  };
  return {
    process: child,
    first: JSON.parse(line.toString()) as Record<string, unknown>,
    end,
    [Symbol.asyncDispose]: () => end("SIGKILL"),
  };
}

/** Runs an action to its end behind `wrapper` (such as strace) and returns what it printed last; undefined if killed. */
export async function runActor(
  action: string,
  dataDir: string,
  wrapper: readonly string[] = [],
): Promise<Record<string, unknown> | undefined> {
  const [command, ...args] = [...wrapper, process.execPath, SCRIPT, action, dataDir] as const;
  const env = { ...process.env, UV_THREADPOOL_SIZE: "1" };
  try {
    const { stdout } = await promisify(execFile)(command, args, { env });
    return JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as Record<string, unknown>;
  } catch (error) {
    if (error instanceof Error && "killed" in error) return undefined;
    throw error;
  }
}

/** Runs an action after `setUp`, shell commands as root of a private mount namespace that see `$DATA`. */
export async function runActorMounted(
  action: string,
  dataDir: string,
  setUp: string,
): Promise<Record<string, unknown>> {
  const script = `set -e; DATA=$1; shift; ${setUp}; exec "$@"`;
  const args = ["-m", "sh", "-c", script, "sh", dataDir, process.execPath, SCRIPT, action, dataDir];
  const { stdout } = await promisify(execFile)("unshare", args);
  return JSON.parse(stdout) as Record<string, unknown>;
}
