import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startSampleUpstream, type SampleUpstream } from "../sample-upstream/server.ts";
import { buildSampleTree, type SampleTree } from "../sample-upstream/tree.ts";
import { runJam } from "./jam.ts";
import { folderTree, readPublished, walkTree, type Published } from "./published.ts";

export const SCENARIOS = ["fresh", "incremental", "removals"] as const;

/** What the killed run has to do: everything, add a version, or add one and let others go. */
export type ScenarioName = (typeof SCENARIOS)[number];

interface ScenarioPlan {
  /** What upstream had at each earlier sync. */
  readonly before: readonly (readonly string[])[];
  readonly now: readonly string[];
  readonly keep?: number;
  readonly retention: { readonly snapshots: number; readonly grace: string };
}

const PLANS: Readonly<Record<ScenarioName, ScenarioPlan>> = {
  fresh: { before: [], now: ["1.25.13", "3.6.27"], retention: { snapshots: 20, grace: "PT6H" } },
  incremental: {
    before: [["1.25.13", "3.6.26"]],
    now: ["1.25.13", "3.6.26", "3.6.27"],
    retention: { snapshots: 20, grace: "PT6H" },
  },
  // One snapshot is always kept for going back, so it takes two earlier ones for a tarball to be deleted.
  removals: {
    before: [["3.6.25"], ["3.6.25", "3.6.26"]],
    now: ["3.6.25", "3.6.26", "3.6.27"],
    keep: 1,
    retention: { snapshots: 1, grace: "PT0S" },
  },
};

/** A place to try one scenario again and again. */
export interface Stage extends AsyncDisposable {
  readonly scenario: ScenarioName;
  readonly upstream: SampleUpstream;
  /** What clients saw before the run, and what they see after it. */
  readonly old: StagedState;
  readonly next: StagedState;
  /** True where what leaves the index stays reachable for a while. */
  readonly isGraced: boolean;
  /** A folder with settings and the data directory as before the run. Whoever takes it removes it. */
  fork(): Promise<string>;
}

/** What a publication shows, and the part of it that readers of `index2.json` see. */
export interface StagedState extends Published {
  readonly index2Fingerprint: string;
}

export interface StageOptions {
  /** About the size of each tarball. Default 3000. */
  readonly tarballBytes?: number;
  /** How fast upstream sends. Default unlimited. */
  readonly bytesPerSecondPerConnection?: number;
}

/** Sets the stage: an upstream of its own, the earlier syncs, and one whole run for comparison. */
export async function setStage(scenario: ScenarioName, options: StageOptions = {}): Promise<Stage> {
  const plan = PLANS[scenario];
  const { tarballBytes = 3000 } = options;
  const [...trees] = await Promise.all(
    [...plan.before, plan.now].map((releases, at) =>
      buildTree(releases, plan.before.length - at, tarballBytes),
    ),
  );
  const last = trees.pop() as SampleTree;
  const upstream = await startSampleUpstream({ ...options, tree: last });
  const home = await mkdtemp(join(tmpdir(), `jam-crash-${scenario}-`));
  const golden = join(home, "golden");
  await mkdir(golden);
  await writeFile(join(golden, "key.asc"), last.key.publicKeyArmored);
  await writeFile(join(golden, "jam.yaml"), formatSettings(upstream.url, plan));
  for (const tree of trees) {
    upstream.publish(tree);
    await syncOnce(golden);
  }
  upstream.publish(last);
  let forks = 0;
  const fork = async () => {
    const folder = join(home, `fork-${(forks += 1)}`);
    await cp(golden, folder, { recursive: true, verbatimSymlinks: true });
    return folder;
  };
  const reference = await fork();
  await syncOnce(reference);
  const next = await readState(reference);
  await rm(reference, { recursive: true });
  return {
    scenario,
    upstream,
    old: await readState(golden),
    next,
    isGraced: plan.retention.grace !== "PT0S",
    fork,
    async [Symbol.asyncDispose]() {
      await upstream.close();
      await rm(home, { recursive: true, force: true });
    },
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

async function readState(folder: string): Promise<StagedState> {
  const tools = join(folder, "data/tools");
  const { fingerprint } = await walkTree(folderTree(tools), ["streams/v1/index2.json"]);
  return { ...(await readPublished(join(folder, "data"))), index2Fingerprint: fingerprint };
}

function formatSettings(url: string, { keep, retention }: ScenarioPlan): string {
  return JSON.stringify({
    version: 1,
    data: "./data",
    upstreams: [{ name: "sample", url, keyring: "key.asc" }],
    select: [{ stream: "released", ...(keep === undefined ? {} : { keep }) }],
    retention: { ...retention, maxRemoval: "100%" },
  });
}

async function syncOnce(folder: string): Promise<void> {
  const { status, stderr } = await runJam(folder, ["sync", "--quiet", "--progress", "none"]);
  if (status !== 0) throw new Error(`The sync before the crash ended with ${status}: ${stderr}`);
}
