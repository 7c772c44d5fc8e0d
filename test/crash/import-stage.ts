import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createArgs,
  importArgs,
  needJam,
  openMakingSide,
  openTakingSide,
  volumeSizeFor,
  type MakingSide,
} from "./bundles.ts";
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
import { forksOf, type MirrorPlan, type Retention } from "./mirror.ts";
import type { Finding, Follower, ImportScenario, Stage, StagedRun, StageOptions } from "./stage.ts";

const KEPT_LONG: Retention = { snapshots: 20, grace: "PT6H" };
const KEPT_SHORT: Retention = { snapshots: 1, grace: "PT0S" };

const PLANS: Readonly<Record<ImportScenario, MirrorPlan>> = {
  "import-full": { before: [], now: ["1.25.13", "3.6.27"], retention: KEPT_LONG },
  "import-volumes": { before: [], now: ["1.25.13", "3.6.27"], retention: KEPT_LONG },
  // As for `removals`: two earlier publications, so that tarballs are deleted.
  "import-delta": {
    before: [["3.6.25"], ["3.6.25", "3.6.26"]],
    now: ["3.6.25", "3.6.26", "3.6.27"],
    keep: 1,
    retention: KEPT_SHORT,
  },
};
const VOLUMES = 5;
const NONE: ReadonlyMap<string, bigint> = new Map();

interface ImportStage extends States {
  readonly runs: readonly StagedRun[];
  /** Names of what the data directory holds in the end. */
  readonly names: readonly string[];
  /** Blobs that were here before the first run. */
  readonly blobs: ReadonlySet<string>;
}

/** A far side that knows its maker, and the volumes that it is to take in. */
export async function setImportStage(scenario: ImportScenario, options: StageOptions): Promise<Stage> {
  const plan = PLANS[scenario];
  const home = await mkdtemp(join(tmpdir(), `jam-crash-${scenario}-`));
  const near = await openMakingSide(join(home, "near"), plan, options);
  const far = join(home, "far");
  await openTakingSide(far, near, plan.retention);
  const since = await bringEarlier(near, { far, count: plan.before.length, stick: join(home, "earlier") });
  await near.syncNext();
  const stick = join(home, "stick");
  await makeVolumes(near, stick, since);
  const runs = (await argsOf(scenario, stick)).map((args, at, all) => ({
    name: all.length === 1 ? undefined : `import ${at + 1}`,
    args,
    steadyArgs: args,
    changes: ["data"],
  }));
  const fork = forksOf(home);
  const goldens = [far];
  const old = await readState(far);
  const blobs = await wholeBlobs(join(far, "data"));
  for (const [at, { args }] of runs.entries()) {
    const folder = await fork(goldens[at] as string);
    await endRun(folder, args, at === runs.length - 1);
    goldens.push(folder);
  }
  const reference = goldens.at(-1) as string;
  const stage: ImportStage = {
    runs,
    old,
    next: await readState(reference),
    names: await lastingNames(join(reference, "data")),
    blobs,
  };
  if (scenario === "import-delta" && blobs.isSubsetOf(await wholeBlobs(join(reference, "data")))) {
    throw new Error("The delta was to delete tarballs");
  }
  return {
    scenario,
    runs,
    watched: {
      allowed: [old.index2Fingerprint, stage.next.index2Fingerprint],
      isGraced: plan.retention.grace !== "PT0S",
    },
    fork: (run) => fork(goldens[run] as string),
    examine: (folder, run) => examine(stage, folder, run),
    follow: (folder) => follow(stage, join(folder, "data")),
    async [Symbol.asyncDispose]() {
      await near.upstream.close();
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** Carries every earlier state over; gives the snapshot that the far side shows then. */
async function bringEarlier(
  near: MakingSide,
  { far, count, stick }: { readonly far: string; readonly count: number; readonly stick: string },
): Promise<string | undefined> {
  let since: string | undefined;
  for (let turn = 0; turn < count; turn += 1) {
    await near.syncNext();
    const folder = `${stick}-${turn}`;
    const made = JSON.parse(await needJam(near.folder, [...createArgs(folder), "-o", "json"])) as {
      bundle: { snapshot: string };
    };
    await needJam(far, importArgs(folder));
    since = made.bundle.snapshot;
  }
  return since;
}

async function makeVolumes(near: MakingSide, stick: string, since: string | undefined): Promise<void> {
  const size = since === undefined ? await volumeSizeFor(near.folder, VOLUMES) : undefined;
  const more = size === undefined ? ["--since", `${since}`] : ["--volume-size", `${size}`];
  await needJam(near.folder, createArgs(stick, ...more));
}

/** Volumes of their own come in an order that nobody would choose: every second one, then the others. */
async function argsOf(scenario: ImportScenario, stick: string): Promise<string[][]> {
  if (scenario !== "import-volumes") return [importArgs(stick)];
  const volumes = (await readdir(stick)).filter((name) => name.endsWith(".tar")).sort();
  const order = [...volumes.filter((_, at) => at % 2 === 1), ...volumes.filter((_, at) => at % 2 === 0)];
  return order.map((name) => importArgs(join(stick, name)));
}

/** The last run brings what is missing; until then something is. */
async function endRun(folder: string, args: readonly string[], isLast: boolean): Promise<void> {
  const { status, stdout, stderr } = await runSteadyJam(folder, args);
  if (status !== (isLast ? 0 : 3)) throw new Error(`An import ended with ${status}: ${stdout}${stderr}`);
}

/**
 * Looks at the far side after a kill, imports again, with the volumes behind that one, and looks again. The first look
 * must find the old publication or the new one, whole blobs only, and no pin without the bundle that it is for; the
 * second what undisturbed runs leave, and every blob that was here still the same file.
 */
async function examine(stage: ImportStage, folder: string, run: number): Promise<Finding> {
  const data = join(folder, "data");
  const faults = new Faults();
  const shown = await faults.of<Finding["shown"]>(lookAt(stage, data), "mixture");
  const isLast = run === stage.runs.length - 1;
  if (shown === "new" && !isLast) faults.note("Published although something was missing");
  const held = await faults.of(inodesOf(data), NONE);
  await faults.of(checkPins(data), undefined);
  await faults.of(compareList(stage, folder, shown), undefined);
  for (const [at, { args }] of stage.runs.entries()) {
    if (at < run) continue;
    await faults.of(endRun(folder, args, at === stage.runs.length - 1), undefined);
  }
  await faults.of(checkSettled(stage, data), undefined);
  await faults.of(checkNames(stage, data), undefined);
  const settled = await faults.of(inodesOf(data), NONE);
  for (const [sha256, inode] of held) {
    if ((settled.get(sha256) ?? inode) !== inode)
      faults.note(`Blob ${sha256} was here and was written again`);
  }
  return { shown, faults: faults.found };
}

/** SHA-256 → inode of every blob, each of which is whole. */
async function inodesOf(data: string): Promise<ReadonlyMap<string, bigint>> {
  const inodes = new Map<string, bigint>();
  for (const sha256 of await wholeBlobs(data)) {
    const path = join(data, "blobs/sha256", sha256.slice(0, 2), sha256);
    inodes.set(sha256, (await stat(path, { bigint: true })).ino);
  }
  return inodes;
}

/** What is pinned for a bundle that nobody remembers would be kept for ever. */
async function checkPins(data: string): Promise<void> {
  const names: string[] = await readdir(join(data, "state")).catch(() => []);
  for (const name of names) {
    const id = /^(?:pins-bundle|pending-parts)-(.+?)(?:-parts)?\.json$/.exec(name)?.[1];
    if (id !== undefined && !names.includes(`pending-bundle-${id}.json`)) {
      throw new Error(`${name} is for a bundle that is not remembered`);
    }
  }
}

/** What does not bear the name of a run: blobs, proofs, notes. */
async function lastingNames(data: string): Promise<string[]> {
  const names = await readdir(data, { recursive: true });
  return names.filter((name) => /^(blobs|upstream|state|quarantine|partial)\//.test(name)).sort();
}

async function checkNames(stage: ImportStage, data: string): Promise<void> {
  const names = await lastingNames(data);
  const missing = stage.names.filter((name) => !names.includes(name));
  if (missing.length > 0) throw new Error(`Not there in the end: ${missing.join(", ")}`);
  const more = names.filter((name) => !stage.names.includes(name) && !isOrphan(stage, name));
  if (more.length > 0) throw new Error(`There in the end: ${more.join(", ")}`);
}

/** A tarball of an earlier snapshot, whose deletion a kill put off: retention lets go of it some days later. */
function isOrphan({ blobs }: ImportStage, name: string): boolean {
  return /^blobs\/sha256\/[0-9a-f]{2}(\/|$)/.test(name) && (blobs.has(name.slice(-64)) || name.length < 20);
}

async function follow(stage: ImportStage, data: string): Promise<Follower> {
  let before = await inodesOf(data);
  return {
    beforeRun: async () => undefined,
    async afterKill() {
      const faults = new Faults();
      const after = await faults.of(inodesOf(data), NONE);
      const kept = [...before].filter(([sha256, inode]) => after.get(sha256) === inode);
      const resumed = kept.filter(([sha256]) => !stage.blobs.has(sha256)).length;
      await faults.of(checkPins(data), undefined);
      const lost = lostBlobs(stage, new Set(before.keys()), new Set(after.keys()));
      before = after;
      return { resumed, faults: [...faults.found, ...lost] };
    },
  };
}
