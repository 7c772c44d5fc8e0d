import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createArgs, needJam, openMakingSide, volumeSizeFor } from "./bundles.ts";
import { isUntouched, readFiles, type SeenFile } from "./files.ts";
import { Faults, readState } from "./invariants.ts";
import { runSteadyJam } from "./jam.ts";
import { forksOf, type MirrorPlan } from "./mirror.ts";
import type { CreateScenario, Finding, Follower, Stage, StageOptions } from "./stage.ts";

const PLAN: MirrorPlan = {
  before: [["3.6.26"]],
  now: ["1.25.13", "3.6.26", "3.6.27"],
  retention: { snapshots: 20, grace: "PT6H" },
};
const VOLUMES = 5;
const SUMS = "SHA256SUMS";
const PROGRESS = ".jam-bundle-progress.json";
/** Also one that looks unfinished and one that looks like a volume: none of them is ours. */
const FOREIGN = ["photo.jpg", ".tmp-of-somebody", "other.001.tar", "letters/a.txt"];

type Files = ReadonlyMap<string, SeenFile>;

/** What the medium of one scenario must hold. */
interface MediumStage {
  readonly args: readonly string[];
  /** Before the run, after a run that nothing disturbed. */
  readonly old: Files;
  readonly whole: Files;
}

/** A mirror that makes a bundle of several volumes on a medium where other files lie, too. */
export async function setCreateStage(scenario: CreateScenario, options: StageOptions): Promise<Stage> {
  const home = await mkdtemp(join(tmpdir(), `jam-crash-${scenario}-`));
  const golden = join(home, "golden");
  const near = await openMakingSide(golden, PLAN, options);
  const fork = forksOf(home);
  await near.syncNext();
  await putForeign(join(golden, "medium"));
  const makeArgs = async (volumes: number) => {
    const size = await volumeSizeFor(golden, volumes);
    return createArgs("medium/b.tar", "--force", "--volume-size", `${size}`);
  };
  if (scenario === "create-over") await needJam(golden, await makeArgs(VOLUMES - 2));
  await near.syncNext();
  const args = (await makeArgs(VOLUMES)).filter((word) => scenario === "create-over" || word !== "--force");
  if (scenario === "create-again") await needJam(golden, args);
  const reference = await fork(golden);
  await needJam(reference, args);
  const stage = {
    args,
    old: await readFiles(join(golden, "medium")),
    whole: await readFiles(join(reference, "medium")),
  };
  const volumes = [...stage.whole.keys()].filter((name) => /^b\.\d{3}\.tar$/.test(name));
  if (volumes.length < VOLUMES - 1) throw new Error(`Only ${volumes.length} volumes were made`);
  const state = await readState(golden);
  return {
    scenario,
    runs: [{ name: undefined, args, steadyArgs: args, changes: ["data", "medium"] }],
    // What is shown does not change by being carried away.
    watched: { allowed: [state.index2Fingerprint], isGraced: true },
    fork: () => fork(golden),
    examine: (folder) => examine(stage, folder),
    follow: (folder) => follow(stage, folder),
    async [Symbol.asyncDispose]() {
      await near.upstream.close();
      await rm(home, { recursive: true, force: true });
    },
  };
}

async function putForeign(medium: string): Promise<void> {
  await mkdir(join(medium, "letters"), { recursive: true });
  for (const name of FOREIGN) await writeFile(join(medium, name), `${name} is none of ours`);
}

/**
 * Looks at a medium after a kill, runs the command once more and looks again. The first look must find whole files
 * only, checksums only beside all that they speak of, and nobody else's file touched; the second what a run leaves
 * that nothing disturbed, and every volume that was noted still the same file.
 */
async function examine(stage: MediumStage, folder: string): Promise<Finding> {
  const faults = new Faults();
  const medium = join(folder, "medium");
  const killed = await readFiles(medium);
  const shown = await faults.of<Finding["shown"]>(lookAtMedium(stage, killed), "mixture");
  const again = await runSteadyJam(folder, stage.args);
  if (again.status !== 0) faults.note(`The run after the kill ended with ${again.status}: ${again.stderr}`);
  const settled = await readFiles(medium);
  await faults.of(checkMedium(stage, settled), undefined);
  for (const fault of touched(killed, settled)) faults.note(fault);
  return { shown, faults: faults.found };
}

/** What a run must not touch, and did: files of others, and volumes that were noted as finished. */
function touched(before: Files, after: Files): string[] {
  return [...FOREIGN, ...notedVolumes(before)]
    .filter((name) => {
      const file = before.get(name);
      return file !== undefined && !isUntouched(file, after.get(name));
    })
    .map((name) => `${name} was to be left alone and was touched`);
}

/** `new` is sealed, and sealed means whole. */
async function lookAtMedium({ old, whole }: MediumStage, files: Files): Promise<"old" | "new"> {
  for (const name of FOREIGN) {
    if (files.get(name)?.bytes.equals(old.get(name)?.bytes as Buffer) !== true)
      throw new Error(`${name} is not ours and was changed`);
  }
  for (const [name, { bytes }] of files) {
    if (FOREIGN.includes(name) || name === PROGRESS || /^\.tmp-\d+-/.test(name)) continue;
    const isWhole = [old, whole].some((state) => state.get(name)?.bytes.equals(bytes));
    if (!isWhole) throw new Error(`${name} is neither what it was nor what it shall be`);
  }
  const sums = files.get(SUMS)?.bytes;
  if (sums === undefined) return "old";
  for (const line of sums.toString().trimEnd().split("\n")) {
    const [sha256, name = ""] = line.split("  ");
    const file = files.get(name);
    if (file === undefined) throw new Error(`Sealed, and ${name} is not there`);
    const actual = createHash("sha256").update(file.bytes).digest("hex");
    if (actual !== sha256) throw new Error(`Sealed, and ${name} is not what the checksums say`);
  }
  return whole.get(SUMS)?.bytes.equals(sums) === true ? "new" : "old";
}

/** The volumes that the run which was killed had noted as finished. */
function notedVolumes(files: Files): string[] {
  const bytes = files.get(PROGRESS)?.bytes;
  if (bytes === undefined) return [];
  const { volumes } = JSON.parse(bytes.toString()) as {
    volumes: readonly { name: string; sha256: string }[];
  };
  return volumes
    .filter(({ name, sha256 }) => {
      const file = files.get(name);
      return file !== undefined && createHash("sha256").update(file.bytes).digest("hex") === sha256;
    })
    .map(({ name }) => name);
}

async function checkMedium({ whole }: MediumStage, files: Files): Promise<void> {
  const expected = [...whole.keys()].sort();
  const names = [...files.keys()].sort();
  if (names.join() !== expected.join()) {
    throw new Error(`The medium holds ${names.join(", ")}, expected are ${expected.join(", ")}`);
  }
  for (const [name, { bytes }] of files) {
    if (whole.get(name)?.bytes.equals(bytes) !== true) throw new Error(`${name} is not what it shall be`);
  }
}

async function follow(stage: MediumStage, folder: string): Promise<Follower> {
  const medium = join(folder, "medium");
  let before = new Map<string, SeenFile>();
  return {
    async beforeRun() {
      before = await readFiles(medium);
    },
    async afterKill() {
      const faults = new Faults();
      const after = await readFiles(medium);
      await faults.of(lookAtMedium(stage, after), undefined);
      const wrong = touched(before, after);
      const resumed = notedVolumes(before).filter((name) => after.has(name)).length;
      return { resumed, faults: [...faults.found, ...wrong] };
    },
  };
}
