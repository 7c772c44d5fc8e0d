import { createHash } from "node:crypto";
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { runJam } from "./jam.ts";
import { readPublished } from "./published.ts";
import type { Stage } from "./scenario.ts";

/** What was found after a kill, and after the run that followed it. */
export interface Finding {
  /** What clients saw right after the kill. */
  readonly shown: "old" | "new" | "mixture";
  /** What is wrong; empty where all is well. */
  readonly faults: readonly string[];
}

/**
 * Looks at a data directory after a kill, runs `jam sync` once more and looks again. The first look must find the
 * old publication or the new one, whole blobs only, and `jam list` in agreement with what clients see; the second
 * the new publication, no leftovers, and no tarball fetched again that was here already.
 */
export async function examine(stage: Stage, folder: string): Promise<Finding> {
  const data = join(folder, "data");
  const faults: string[] = [];
  const note = (error: unknown) => faults.push(error instanceof Error ? error.message : String(error));
  const shown = await lookAt(stage, data).catch((error: unknown) => {
    note(error);
    return "mixture" as const;
  });
  const held = await wholeBlobs(data).catch((error: unknown) => {
    note(error);
    return new Set<string>();
  });
  await compareList(stage, folder, shown).catch(note);
  stage.upstream.clearRequests();
  const again = await runJam(folder, ["sync", "--quiet", "--progress", "none"]);
  if (again.status !== 0) note(`The run after the kill ended with ${again.status}: ${again.stderr}`);
  for (const { path, sha256 } of stage.next.items) {
    const wasFetched = stage.upstream.requests.some((request) => request.startsWith(`GET ${path}`));
    if (held.has(sha256) && wasFetched) note(`${path} was fetched again although it was here`);
  }
  await checkSettled(stage, data).catch(note);
  return { shown, faults };
}

async function lookAt(stage: Stage, data: string): Promise<"old" | "new"> {
  const { fingerprint, agents } = await readPublished(data);
  if (fingerprint === stage.next.fingerprint) return "new";
  if (fingerprint === stage.old.fingerprint) return "old";
  throw new Error(`A third state is published: ${agents.join(", ")}`);
}

/** The SHA-256 of every blob. Throws where one is not what its name says. */
export async function wholeBlobs(data: string): Promise<Set<string>> {
  const root = join(data, "blobs/sha256");
  const names = await readdir(root, { recursive: true }).catch(() => []);
  const held = new Set<string>();
  for (const name of names) {
    const sha256 = /^[0-9a-f]{2}\/([0-9a-f]{64})$/.exec(name)?.[1];
    if (sha256 === undefined) continue;
    const actual = createHash("sha256")
      .update(await readFile(join(root, name)))
      .digest("hex");
    if (actual !== sha256) throw new Error(`Blob ${sha256} holds bytes of ${actual}`);
    held.add(sha256);
  }
  return held;
}

async function compareList(stage: Stage, folder: string, shown: Finding["shown"]): Promise<void> {
  if (shown === "mixture") return;
  const expected = shown === "new" ? stage.next.agents : stage.old.agents;
  const { status, stdout } = await runJam(folder, ["list", "-o", "json"]);
  const document = JSON.parse(stdout) as { agents?: { version: string; release: string; arch: string }[] };
  const listed = (document.agents ?? []).map(({ version, release, arch }) => `${version}-${release}-${arch}`);
  if (status !== (expected.length === 0 ? 5 : 0)) throw new Error(`jam list ended with ${status}: ${stdout}`);
  if (listed.sort().join() !== expected.join()) {
    throw new Error(`jam list says ${listed.join()}, clients see ${expected.join()}`);
  }
}

async function checkSettled(stage: Stage, data: string): Promise<void> {
  const { fingerprint } = await readPublished(data);
  if (fingerprint !== stage.next.fingerprint)
    throw new Error("The run after the kill published something else");
  await wholeBlobs(data);
  const names = await readdir(data, { recursive: true });
  const leftovers = names.filter((name) => /\.tmp-|^partial\/|^lock\.json$/.test(name));
  if (leftovers.length > 0) throw new Error(`Left behind: ${leftovers.join(", ")}`);
}

/** Removes a fork whose trial is over. */
export async function dropFork(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}
