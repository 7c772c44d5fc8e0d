import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SampleUpstream } from "../peers/sample-upstream/server.ts";
import {
  checkSettled,
  compareList,
  Faults,
  lookAt,
  lostBlobs,
  readState,
  wholeBlobs,
  type States,
} from "./invariants.ts";
import { runSteadyJam } from "./jam.ts";
import { forksOf, openMirror, type MirrorPlan, type Retention } from "./mirror.ts";
import type { Finding, Follower, KeptScenario, Stage, StageOptions, SyncScenario } from "./stage.ts";

const PLANS: Readonly<Record<SyncScenario | KeptScenario, MirrorPlan>> = {
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
  rollback: {
    before: [["3.6.25", "3.6.26"], ["3.6.26"]],
    now: ["3.6.26"],
    retention: { snapshots: 20, grace: "PT6H" },
  },
  // What the trees of three snapshots share, of which one stays.
  prune: {
    before: [["3.6.25"], ["3.6.25", "3.6.26"], ["3.6.26"]],
    now: ["3.6.26"],
    retention: { snapshots: 20, grace: "PT6H" },
    retentionNow: { snapshots: 1, grace: "PT0S" },
  },
};

const SYNC = ["sync", "--quiet", "--progress", "none"];

interface SyncStage extends States {
  readonly upstream: SampleUpstream;
  /** What is killed, and run once more. */
  readonly args: readonly string[];
}

/** An upstream of its own, the earlier syncs, and one whole run for comparison. */
export async function setSyncStage(
  scenario: SyncScenario | KeptScenario,
  options: StageOptions,
): Promise<Stage> {
  const plan = PLANS[scenario];
  const home = await mkdtemp(join(tmpdir(), `jam-crash-${scenario}-`));
  const golden = join(home, "golden");
  const mirror = await openMirror(golden, plan, options);
  for (const _tree of plan.before) await mirror.syncNext();
  mirror.publishNext();
  if (plan.retentionNow !== undefined) await setRetention(golden, plan.retentionNow);
  const args = await argsOf(scenario, golden);
  const fork = forksOf(home);
  const reference = await fork(golden);
  await runOnce(reference, args);
  const states = { old: await readState(golden), next: await readState(reference) };
  await rm(reference, { recursive: true });
  const stage = { upstream: mirror.upstream, args, ...states };
  return {
    scenario,
    runs: [
      {
        name: undefined,
        args,
        steadyArgs: args === SYNC ? [...SYNC, "--jobs", "1"] : args,
        changes: ["data"],
      },
    ],
    watched: {
      allowed: [states.old.index2Fingerprint, states.next.index2Fingerprint],
      isGraced: (plan.retentionNow ?? plan.retention).grace !== "PT0S",
    },
    fork: () => fork(golden),
    examine: (folder) => examine(stage, folder),
    follow: (folder) => follow(stage, join(folder, "data")),
    async [Symbol.asyncDispose]() {
      await mirror.upstream.close();
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** The command that is killed. */
async function argsOf(scenario: SyncScenario | KeptScenario, folder: string): Promise<readonly string[]> {
  if (scenario === "prune") return ["prune"];
  if (scenario !== "rollback") return SYNC;
  const [first = ""] = (await readdir(join(folder, "data/snapshots"))).sort();
  return ["snapshot", "switch", first.replace(".json", ""), "--allow", "rollback"];
}

async function setRetention(folder: string, retention: Retention): Promise<void> {
  const file = join(folder, "jam.yaml");
  const settings = JSON.parse(await readFile(file, "utf8")) as Record<string, unknown>;
  await writeFile(file, JSON.stringify({ ...settings, retention: { ...retention, maxRemoval: "100%" } }));
}

async function runOnce(folder: string, args: readonly string[]): Promise<void> {
  const { status, stderr } = await runSteadyJam(folder, args);
  if (status !== 0) throw new Error(`${args.join(" ")} without a kill ended with ${status}: ${stderr}`);
}

/**
 * Looks at a data directory after a kill, runs the command once more and looks again. The first look must find the
 * old publication or the new one, whole blobs only, and `jam list` in agreement with what clients see; the second
 * the new publication, no leftovers, and no tarball fetched again that was here already.
 */
async function examine(stage: SyncStage, folder: string): Promise<Finding> {
  const data = join(folder, "data");
  const faults = new Faults();
  const shown = await faults.of<Finding["shown"]>(lookAt(stage, data), "mixture");
  const held = await faults.of(wholeBlobs(data), new Set<string>());
  await faults.of(compareList(stage, folder, shown), undefined);
  stage.upstream.clearRequests();
  const again = await runSteadyJam(folder, stage.args);
  if (again.status !== 0) faults.note(`The run after the kill ended with ${again.status}: ${again.stderr}`);
  for (const { path, sha256 } of stage.next.items) {
    const wasFetched = stage.upstream.requests.some((request) => request.startsWith(`GET ${path}`));
    if (held.has(sha256) && wasFetched) faults.note(`${path} was fetched again although it was here`);
  }
  await faults.of(checkSettled(stage, data), undefined);
  return { shown, faults: faults.found };
}

async function follow(stage: SyncStage, data: string): Promise<Follower> {
  let before = await wholeBlobs(data);
  let partial: ReadonlyMap<string, number> = new Map();
  return {
    async beforeRun() {
      partial = await partialBytes(data);
      stage.upstream.clearRequests();
    },
    async afterKill() {
      const resumed = countResumed(stage, partial);
      const after = await wholeBlobs(data);
      const faults = lostBlobs(stage, before, after);
      before = after;
      return { resumed, faults };
    },
  };
}

/** SHA-256 → bytes of every download that a kill cut off. */
async function partialBytes(data: string): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  for (const name of await readdir(join(data, "partial")).catch(() => [])) {
    const sha256 = /^([0-9a-f]{64})\.part$/.exec(name)?.[1];
    if (sha256 !== undefined) sizes.set(sha256, (await stat(join(data, "partial", name))).size);
  }
  return sizes;
}

function countResumed({ next, upstream }: SyncStage, partial: ReadonlyMap<string, number>): number {
  const paths = new Map(next.items.map(({ sha256, path }) => [sha256, path]));
  return [...partial].filter(([sha256, bytes]) =>
    upstream.requests.includes(`GET ${paths.get(sha256)} bytes=${bytes}-`),
  ).length;
}
