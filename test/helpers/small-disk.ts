/**
 * A small file system over a folder, in a mount namespace of its own, that tests fill to the last byte. Root only:
 * `peer("mounts")` tells.
 *
 * ```ts
 * await using disk = await smallDisk(mirror.data, "90m");
 * const sync = mirror.start(["sync"], { wrapper: disk.wrapper });   // sees the small file system
 * await disk.fill(1_000_000);                                       // leaves that many bytes
 * await disk.empty();                                               // the space comes back
 * await readPublished(disk.path);                                   // as the namespace sees it
 * ```
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, rm, statfs } from "node:fs/promises";
import { join } from "node:path";
import { runProcess } from "./jam-process.ts";

export interface SmallDisk extends AsyncDisposable {
  /** Starts a program inside the namespace, in the folder that HOME names: the one of `startJam`. */
  readonly wrapper: readonly string[];
  /** The folder as processes outside of the namespace reach it. */
  readonly path: string;
  /** Another process writes until only `left` bytes are free. */
  fill(left: number): Promise<void>;
  /** Deletes what `fill` wrote. */
  empty(): Promise<void>;
}

const BLOCK = 4096;

/** Mounts a tmpfs of `size`, as mount writes it, over `folder`. It goes with the scope, after ten minutes at most. */
export async function smallDisk(folder: string, size: string): Promise<SmallDisk> {
  await mkdir(folder, { recursive: true });
  const script = 'set -e; mount -t tmpfs -o "size=$1" tmpfs "$2"; echo mounted; exec sleep 600';
  const holder = spawn("unshare", ["-m", "sh", "-c", script, "sh", size, folder], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(holder, "exit");
  await Promise.race([
    once(holder.stdout, "data"),
    ended.then(() => Promise.reject(new Error("The file system could not be mounted."))),
  ]);
  const path = `/proc/${holder.pid}/root${folder}`;
  const filler = join(path, "filler");
  return {
    wrapper: ["nsenter", "-t", String(holder.pid), "-m", "sh", "-c", 'cd "$HOME" && exec "$@"', "sh"],
    path,
    async fill(left) {
      const { bavail, bsize } = await statfs(path);
      const count = Math.floor((bavail * bsize - left) / BLOCK);
      const args = ["if=/dev/zero", `of=${filler}`, `bs=${BLOCK}`, `count=${count}`];
      const { status, stderr } = await runProcess("dd", args);
      if (status !== 0) throw new Error(stderr);
    },
    empty: () => rm(filler, { force: true }),
    async [Symbol.asyncDispose]() {
      holder.kill("SIGKILL");
      await ended;
    },
  };
}
