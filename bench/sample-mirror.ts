import { JAM } from "./program.ts";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { measure, type ProcessFigures } from "./process.ts";

const UPSTREAM = fileURLToPath(new URL("../test/peers/sample-upstream/main.ts", import.meta.url));

/** A sample upstream in a process of its own. */
export interface RunningUpstream extends AsyncDisposable {
  readonly url: string;
}

/** In a process of its own, as a real one is: what it costs is not counted as ours. */
export async function startUpstream(folder: string, flags: readonly string[]): Promise<RunningUpstream> {
  const argv = [UPSTREAM, "--write-key", join(folder, "key.asc"), "--for", "20m", ...flags];
  const child = spawn(process.execPath, argv, { stdio: ["ignore", "pipe", "inherit"] });
  for await (const url of createInterface({ input: child.stdout })) {
    return {
      url,
      async [Symbol.asyncDispose]() {
        child.kill();
        if (child.exitCode === null) await once(child, "exit");
      },
    };
  }
  throw new Error("The sample upstream did not start.");
}

/** Settings in `folder` for that upstream; `arches` is the rest of the one rule. */
export async function writeSettings(folder: string, url: string, arches = ""): Promise<void> {
  const text = `version: 1\nupstreams:\n  - { name: sample, url: ${url}, keyring: key.asc }\nselect:\n  - { stream: released${arches} }\n`;
  await writeFile(join(folder, "jam.yaml"), text);
}

/** Runs `jam sync` in `folder`. */
export async function sync(folder: string, ...flags: string[]): Promise<ProcessFigures> {
  const figures = await measure(process.execPath, [JAM, "sync", "--quiet", ...flags], { cwd: folder });
  if (figures.status !== 0) throw new Error(figures.stderr);
  return figures;
}
