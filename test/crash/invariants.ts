import { createHash } from "node:crypto";
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { readFiles } from "./files.ts";
import { runSteadyJam } from "./jam.ts";
import { folderTree, readPublished, walkTree } from "../helpers/published.ts";
import type { Finding, StagedState } from "./stage.ts";

/** What clients see before the killed run, and after the last. */
export interface States {
  readonly old: StagedState;
  readonly next: StagedState;
}

/** What a mirror shows. */
export async function readState(folder: string): Promise<StagedState> {
  const { fingerprint } = await walkTree(folderTree(join(folder, "data/tools")), ["streams/v1/index2.json"]);
  return { ...(await readPublished(join(folder, "data"))), index2Fingerprint: fingerprint };
}

/** Collects what is wrong: a check throws at the first fault that it finds, and the next check goes on. */
export class Faults {
  readonly found: string[] = [];

  note(error: unknown): void {
    this.found.push(error instanceof Error ? error.message : String(error));
  }

  /** The result of a check; `otherwise` where it found a fault. */
  async of<T>(check: Promise<T>, otherwise: T): Promise<T> {
    try {
      return await check;
    } catch (error) {
      this.note(error);
      return otherwise;
    }
  }
}

/** Which publication clients of a data directory see. Throws where it is neither. */
export async function lookAt({ old, next }: States, data: string): Promise<"old" | "new"> {
  const { fingerprint, agents } = await readPublished(data);
  if (fingerprint === next.fingerprint) return "new";
  if (fingerprint === old.fingerprint) return "old";
  throw new Error(`A third state is published: ${agents.join(", ")}`);
}

/** The SHA-256 of every blob. Throws where one does not match its hash. */
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

/** Throws where `jam list` and clients do not agree. */
export async function compareList(
  { old, next }: States,
  folder: string,
  shown: Finding["shown"],
): Promise<void> {
  if (shown === "mixture") return;
  const expected = shown === "new" ? next.agents : old.agents;
  const { status, stdout } = await runSteadyJam(folder, ["list", "-o", "json"]);
  const document = JSON.parse(stdout) as { agents?: { version: string; release: string; arch: string }[] };
  const listed = (document.agents ?? []).map(({ version, release, arch }) => `${version}-${release}-${arch}`);
  if (status !== (expected.length === 0 ? 5 : 0)) throw new Error(`jam list ended with ${status}: ${stdout}`);
  if (listed.sort().join() !== expected.join()) {
    throw new Error(`jam list says ${listed.join()}, clients see ${expected.join()}`);
  }
}

/** Throws where the last run did not end in the new publication, or left something unfinished behind. */
export async function checkSettled({ next }: States, data: string): Promise<void> {
  const { fingerprint } = await readPublished(data);
  if (fingerprint !== next.fingerprint) throw new Error("The run after the kill published something else");
  await wholeBlobs(data);
  await checkPools(data);
  await findLeftovers(data);
}

/** Throws where something unfinished is left. */
export async function findLeftovers(data: string): Promise<void> {
  const names = await readdir(data, { recursive: true });
  const leftovers = names.filter((name) => /\.tmp-|^partial\/|^lock\.json$/.test(name));
  if (leftovers.length > 0) throw new Error(`Left behind: ${leftovers.join(", ")}`);
}

/** Throws where a pool has something that no published tree needs, or has not got what one needs. */
export async function checkPools(data: string): Promise<void> {
  const needed = new Set<string>();
  const folders: string[] = [];
  for (const id of await readdir(join(data, "published")).catch(() => [])) {
    const bytes = await readFile(join(data, "published", id, "shares.json.gz"));
    const shares = JSON.parse(gunzipSync(bytes).toString()) as {
      pool: string;
      files: string[];
      folders: { path: string }[];
    };
    for (const path of shares.files) needed.add(`${shares.pool}/${path}`);
    for (const { path } of shares.folders) folders.push(`${shares.pool}/${path}/`);
  }
  const found = await readFiles(join(data, "pools"));
  const missing = [...needed].filter((path) => !found.has(path));
  const left = [...found.keys()].filter(
    (path) => !needed.has(path) && !folders.some((one) => path.startsWith(one)),
  );
  if (missing.length > 0) throw new Error(`Missing in pools: ${missing.join(", ")}`);
  if (left.length > 0) throw new Error(`Left in pools: ${left.join(", ")}`);
}

/** Needed blobs that were here before and are here no more. */
export function lostBlobs(
  { next }: States,
  before: ReadonlySet<string>,
  after: ReadonlySet<string>,
): string[] {
  const needed = new Set(next.items.map(({ sha256 }) => sha256));
  return [...before]
    .filter((sha256) => needed.has(sha256) && !after.has(sha256))
    .map((sha256) => `Blob ${sha256} was here and is lost`);
}

/** Removes a fork whose trial is over. */
export async function dropFork(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}
