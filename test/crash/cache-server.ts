import { once } from "node:events";
import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { JAM_COMMAND } from "../helpers/jam-process.ts";

/** What a client got of one tarball. */
export interface Got {
  readonly path: string;
  readonly status: number;
  /** True when the answer ended as its head said. */
  readonly isWhole: boolean;
  readonly bytes: Buffer;
}

/** A `jam serve` under way, below another program where there is a wrapper. */
export interface CacheServer {
  readonly url: string;
  /** Resolves when it has ended, to whether it was killed. */
  readonly wasKilled: Promise<boolean>;
  /** SIGTERM, or SIGKILL, to the server itself. */
  kill(signal: NodeJS.Signals): Promise<void>;
  log(): string;
}

/** Starts the server of a folder; undefined when it ended before it listened. */
export async function startCacheServer(
  folder: string,
  wrapper: readonly string[] = [],
): Promise<CacheServer | undefined> {
  const [program, ...args] = [...wrapper, ...JAM_COMMAND, "serve", "--listen", "127.0.0.1:0"];
  const child = spawn(program, args, {
    cwd: folder,
    env: { PATH: process.env["PATH"], HOME: folder, UV_THREADPOOL_SIZE: "1", NO_PROXY: "127.0.0.1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let log = "";
  child.stderr.on("data", (chunk) => (log += String(chunk)));
  const exited = once(child, "close");
  const wasKilled = exited.then(() => child.signalCode === "SIGKILL" || child.exitCode === 137);
  const line = once(createInterface({ input: child.stdout }), "line") as Promise<[string]>;
  const first = await Promise.race([line, exited.then(() => undefined)]);
  if (first === undefined) {
    if (await wasKilled) return undefined;
    throw new Error(`jam serve ended with ${child.exitCode}: ${log}`);
  }
  const pid = child.pid ?? 0;
  return {
    url: first[0],
    wasKilled,
    log: () => log,
    async kill(signal) {
      const target = wrapper.length === 0 ? pid : await childOf(pid);
      if (target !== undefined) process.kill(target, signal);
      await exited;
    },
  };
}

/** A tracer keeps signals for itself: what is meant for the server has to be sent to it. */
async function childOf(pid: number): Promise<number | undefined> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8").catch(() => "");
  const [first = ""] = children.trim().split(" ");
  return first === "" ? undefined : Number(first);
}

/** Downloads a tarball, or what comes of it before the server is gone. */
export async function download(
  url: string,
  path: string,
  headers: Record<string, string> = {},
): Promise<Got> {
  const pieces: Uint8Array[] = [];
  let status = 0;
  let isWhole = false;
  try {
    const answer = await fetch(`${url}/tools/${path}`, { headers: { connection: "close", ...headers } });
    ({ status } = answer);
    for await (const piece of answer.body ?? []) pieces.push(piece as Uint8Array);
    isWhole = true;
  } catch {
    // The server is gone, or cut this answer off.
  }
  return { path, status, isWhole, bytes: Buffer.concat(pieces) };
}
