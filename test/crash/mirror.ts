import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { startSampleUpstream, type SampleUpstream } from "../peers/sample-upstream/server.ts";
import { buildSampleTree, type SampleTree } from "../peers/sample-upstream/tree.ts";
import { runSteadyJam } from "./jam.ts";
import type { StageOptions } from "./stage.ts";

/** What a mirror saw of its upstream, and how it is set. */
export interface MirrorPlan {
  /** What upstream had at each earlier sync. */
  readonly before: readonly (readonly string[])[];
  readonly now: readonly string[];
  readonly keep?: number;
  readonly retention: Retention;
  /** What the killed run keeps. Default the same. */
  readonly retentionNow?: Retention;
}

export interface Retention {
  readonly snapshots: number;
  readonly grace: string;
}

/** A mirror with an upstream of its own; whoever opens it closes the upstream. */
export interface StagedMirror {
  readonly upstream: SampleUpstream;
  /** Upstream has what it had next. */
  publishNext(): void;
  /** Upstream has what it had next, and the mirror syncs. */
  syncNext(): Promise<void>;
  sync(folder: string): Promise<void>;
  /** Makes a folder for another mirror that believes the same upstream. */
  makeFolder(folder: string, settings: { readonly retention: Retention }): Promise<void>;
}

/** Makes a mirror in `folder`, which shows nothing yet. */
export async function openMirror(
  folder: string,
  plan: MirrorPlan,
  options: StageOptions,
): Promise<StagedMirror> {
  const { tarballBytes = 3000 } = options;
  const trees = await Promise.all(
    [...plan.before, plan.now].map((releases, at) =>
      buildTree(releases, plan.before.length - at, tarballBytes),
    ),
  );
  const last = trees.at(-1) as SampleTree;
  const upstream = await startSampleUpstream({ ...options, tree: last });
  const makeFolder = async (place: string, settings: Pick<MirrorPlan, "keep" | "retention">) => {
    await mkdir(place);
    await writeFile(join(place, "key.asc"), last.key.publicKeyArmored);
    await writeFile(join(place, "jam.yaml"), formatSettings(upstream.url, settings));
  };
  await makeFolder(folder, plan);
  const publishNext = () => {
    const [tree] = trees.splice(0, 1);
    if (tree !== undefined) upstream.publish(tree);
  };
  return {
    upstream,
    publishNext,
    async syncNext() {
      publishNext();
      await syncOnce(folder);
    },
    sync: syncOnce,
    makeFolder,
  };
}

/** Makes copies of folders, each under a name of its own in `home`. */
export function forksOf(home: string): (folder: string) => Promise<string> {
  let forks = 0;
  return async (golden) => {
    const folder = join(home, `fork-${(forks += 1)}`);
    // With its hard links: what trees share counts as the same file as the blob.
    await promisify(execFile)("cp", ["-a", golden, folder]);
    return folder;
  };
}

/** What upstream published some hours ago. */
function buildTree(releases: readonly string[], hoursAgo: number, tarballBytes: number): Promise<SampleTree> {
  const now = new Date(Date.now() - hoursAgo * 3_600_000);
  return buildSampleTree({
    releases,
    arches: ["amd64"],
    oses: ["ubuntu"],
    streams: ["released"],
    tarballBytes,
    now,
  });
}

function formatSettings(url: string, { keep, retention }: Pick<MirrorPlan, "keep" | "retention">): string {
  return JSON.stringify({
    version: 1,
    data: "./data",
    upstreams: [{ name: "sample", url, keyring: "key.asc" }],
    select: [{ stream: "released", ...(keep === undefined ? {} : { keep }) }],
    retention: { ...retention, maxRemoval: "100%" },
  });
}

async function syncOnce(folder: string): Promise<void> {
  const { status, stderr } = await runSteadyJam(folder, ["sync", "--quiet", "--progress", "none"]);
  if (status !== 0) throw new Error(`The sync before the crash ended with ${status}: ${stderr}`);
}
