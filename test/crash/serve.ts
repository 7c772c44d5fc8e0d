import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { JAM } from "./jam.ts";

/** A running `jam serve`. */
export interface RunningServer {
  /** `http://127.0.0.1:41234`. */
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts `jam serve` for the mirror in `folder` on a free port. */
export async function startServer(folder: string): Promise<RunningServer> {
  const words = [JAM, "serve", "--listen", "127.0.0.1:0"];
  const child = spawn(process.execPath, words, { cwd: folder, stdio: ["ignore", "pipe", "ignore"] });
  const exited = once(child, "exit");
  const ended = exited.then(() => Promise.reject(new Error(`jam serve ended with ${child.exitCode}`)));
  // Whoever waits for the first line hears of it; afterwards the end is expected.
  ended.catch(() => undefined);
  const [url] = (await Promise.race([once(createInterface({ input: child.stdout }), "line"), ended])) as [
    string,
  ];
  return {
    url,
    async stop() {
      child.kill("SIGTERM");
      await exited;
    },
  };
}
