import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { needJam } from "./bundles.ts";
import { checkPools, Faults, findLeftovers, wholeBlobs } from "./invariants.ts";
import { runSteadyJam } from "./jam.ts";
import { forksOf, openMirror, type MirrorPlan } from "./mirror.ts";
import { NOT_FOLLOWED, type ChannelScenario, type Finding, type Stage, type StageOptions } from "./stage.ts";
import { folderTree, walkTree, type Published } from "../helpers/published.ts";

/** What leads to the run that is killed, and what that run is. */
interface ChannelPlan {
  /** Commands after each sync. */
  readonly before: readonly (readonly (readonly string[])[])[];
  readonly run: readonly string[];
  readonly retentionNow?: MirrorPlan["retention"];
}

const because = (...words: string[]) => ["channel", ...words, "--reason", "sweep"];
const BOTH = [because("promote", "lab"), because("promote", "prod")];
const CREATED = [
  ["channel", "create", "lab", "--from", "mirror"],
  ["channel", "create", "prod", "--from", "lab"],
];
const TREES = [["3.6.25"], ["3.6.25", "3.6.26"], ["3.6.25", "3.6.26", "3.6.27", "3.6.28"]];

const PLANS: Readonly<Record<ChannelScenario, ChannelPlan>> = {
  // What is held makes the channel's snapshot one of its own.
  promote: {
    before: [
      [...CREATED, ...BOTH],
      BOTH,
      [because("hold", "lab", "3.6.26"), because("hold", "lab", "3.6.27")],
    ],
    run: because("promote", "lab"),
  },
  // The version that is withdrawn is in what is shown again, so that this is a snapshot of its own.
  "channel-rollback": {
    before: [[...CREATED, ...BOTH], BOTH, [...BOTH, because("withdraw", "lab", "3.6.25")]],
    run: because("rollback", "lab"),
  },
  withdraw: { before: [[...CREATED, ...BOTH], BOTH, BOTH], run: because("withdraw", "lab", "3.6.26") },
  "channel-prune": {
    before: [
      [...CREATED, ...BOTH],
      [because("promote", "lab"), because("withdraw", "lab", "3.6.26")],
      [because("promote", "lab"), because("rollback", "lab"), because("promote", "lab")],
    ],
    run: ["prune"],
    retentionNow: { snapshots: 1, grace: "PT0S" },
  },
};

const REFS = ["mirror", "lab", "prod"] as const;
type RefStates = Readonly<Record<(typeof REFS)[number], Published>>;

interface ChannelStage {
  readonly args: readonly string[];
  readonly old: RefStates;
  readonly next: RefStates;
  /** Entries in the history of the channel when the run is over. */
  readonly entries: number;
}

/** A mirror with two channels, one behind the other. */
export async function setChannelStage(scenario: ChannelScenario, options: StageOptions): Promise<Stage> {
  const { before, run: args, retentionNow } = PLANS[scenario];
  const home = await mkdtemp(join(tmpdir(), `jam-crash-${scenario}-`));
  const golden = join(home, "golden");
  const retention = { snapshots: 20, grace: "PT6H" };
  const [first, second, third] = TREES as [string[], string[], string[]];
  const mirror = await openMirror(golden, { before: [first, second], now: third, retention }, options);
  for (const commands of before) {
    await mirror.syncNext();
    for (const command of commands) await needJam(golden, command);
  }
  if (retentionNow !== undefined) await retain(golden, retentionNow);
  const fork = forksOf(home);
  const reference = await fork(golden);
  await needJam(reference, args);
  const next = await readRefs(reference);
  const stage = { args, old: await readRefs(golden), next, entries: await countEntries(reference) };
  await rm(reference, { recursive: true });
  return {
    scenario,
    runs: [{ name: undefined, args, steadyArgs: args, changes: ["data"] }],
    watched: { allowed: [], isGraced: retentionNow === undefined },
    fork: () => fork(golden),
    examine: (folder) => examine(stage, folder),
    // Only a promotion can be repeated: these are killed at system calls, and at random in the walk.
    follow: async () => NOT_FOLLOWED,
    async [Symbol.asyncDispose]() {
      await mirror.upstream.close();
      await rm(home, { recursive: true, force: true });
    },
  };
}

async function retain(folder: string, retention: MirrorPlan["retention"]): Promise<void> {
  const file = join(folder, "jam.yaml");
  const settings = JSON.parse(await readFile(file, "utf8")) as Record<string, unknown>;
  await writeFile(file, JSON.stringify({ ...settings, retention: { ...retention, maxRemoval: "100%" } }));
}

/** What clients of each ref see; the folder of a channel is not that of the mirror. */
async function readRefs(folder: string): Promise<RefStates> {
  const data = join(folder, "data");
  const read = (place: string) => walkTree(folderTree(join(data, place, "tools")));
  return { mirror: await read(""), lab: await read("channels/lab"), prod: await read("channels/prod") };
}

async function countEntries(folder: string): Promise<number> {
  const text = await needJam(folder, ["channel", "history", "lab", "-o", "json"]);
  return (JSON.parse(text) as { history: unknown[] }).history.length;
}

/**
 * Looks at every ref after a kill, runs the command once more where it had not happened, and looks again. The mirror and the
 * other channel may not have changed; the channel shows the old state or the new one, its history and `list` say the same,
 * and no blob that a snapshot needs is lost.
 */
async function examine(stage: ChannelStage, folder: string): Promise<Finding> {
  const data = join(folder, "data");
  const faults = new Faults();
  const shown = await faults.of<Finding["shown"]>(lookAt(stage, folder), "mixture");
  const held = await faults.of(wholeBlobs(data), new Set<string>());
  await faults.of(compareWithHistory(stage, folder, shown), undefined);
  const isOver = shown === "new" && !isRepeatable(stage.args);
  // Who repeats what has happened goes back a second time.
  await faults.of(needJam(folder, isOver ? ["prune"] : stage.args), "");
  if ((await faults.of<Finding["shown"]>(lookAt(stage, folder), "mixture")) !== "new")
    faults.note("The run after the kill did not end in the new state");
  await faults.of(compareWithHistory(stage, folder, "new"), undefined);
  await faults.of(checkPools(data), undefined);
  await faults.of(findLeftovers(data), undefined);
  const whole = await runSteadyJam(folder, ["verify", "--deep", "-o", "json"]);
  if (whole.status !== 0) faults.note(`The mirror is not whole in the end: ${whole.stdout}`);
  const left = await faults.of(wholeBlobs(data), held);
  const needed = new Set(Object.values(stage.next).flatMap(({ items }) => items.map(({ sha256 }) => sha256)));
  for (const sha256 of held.difference(left))
    if (needed.has(sha256) || stage.args[0] !== "prune") faults.note(`Blob ${sha256} was here and is lost`);
  return { shown, faults: faults.found };
}

/** What has nothing to do the second time. */
function isRepeatable([first, second]: readonly string[]): boolean {
  return first === "prune" || second === "promote";
}

async function lookAt({ old, next }: ChannelStage, folder: string): Promise<"old" | "new"> {
  const found = await readRefs(folder);
  for (const name of ["mirror", "prod"] as const)
    if (found[name].fingerprint !== old[name].fingerprint) throw new Error(`What ${name} shows has changed`);
  const { fingerprint, agents } = found.lab;
  if (fingerprint === next.lab.fingerprint) return "new";
  if (fingerprint === old.lab.fingerprint) return "old";
  throw new Error(`A third state is shown: ${agents.join(", ")}`);
}

async function compareWithHistory(
  { old, next, entries, args }: ChannelStage,
  folder: string,
  shown: Finding["shown"],
): Promise<void> {
  if (shown === "mixture") return;
  const text = await needJam(folder, ["list", "--channel", "lab", "-o", "json"]);
  const { agents } = JSON.parse(text) as { agents: { version: string; release: string; arch: string }[] };
  const listed = agents.map(({ version, release, arch }) => `${version}-${release}-${arch}`).sort();
  const expected = (shown === "new" ? next : old).lab.agents;
  if (listed.join() !== expected.join()) throw new Error(`jam list says ${listed.join()}`);
  const happened = await countEntries(folder);
  const before = args[0] === "prune" ? entries : entries - 1;
  if (happened !== (shown === "new" ? entries : before))
    throw new Error(`The history has ${happened} entries and the channel shows the ${shown} state`);
}
