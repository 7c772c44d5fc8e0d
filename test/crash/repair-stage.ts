import { chmod, mkdtemp, readdir, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkSettled, Faults, readState, type States } from "./invariants.ts";
import { readPublished } from "../helpers/published.ts";
import { runSteadyJam } from "./jam.ts";
import { forksOf, openMirror } from "./mirror.ts";
import { NOT_FOLLOWED, type Finding, type Stage, type StageOptions } from "./stage.ts";

const REPAIR = ["repair", "--quiet", "--progress", "none"];

/** A mirror with damage of many kinds: the run that is killed repairs it. */
export async function setRepairStage(options: StageOptions): Promise<Stage> {
  const home = await mkdtemp(join(tmpdir(), "jam-crash-repair-"));
  const golden = join(home, "golden");
  const plan = {
    before: [["3.6.25", "3.6.26"]],
    now: ["3.6.25", "3.6.26"],
    retention: { snapshots: 20, grace: "PT6H" },
  };
  const mirror = await openMirror(golden, plan, options);
  await mirror.syncNext();
  const whole = await readState(golden);
  await damage(join(golden, "data"));
  const fork = forksOf(home);
  const states: States = { old: whole, next: whole };
  return {
    scenario: "repair",
    runs: [{ name: undefined, args: REPAIR, steadyArgs: REPAIR, changes: ["data"] }],
    watched: { allowed: [whole.index2Fingerprint], isGraced: true },
    fork: () => fork(golden),
    examine: (folder) => examine(states, folder),
    follow: async () => NOT_FOLLOWED,
    async [Symbol.asyncDispose]() {
      await mirror.upstream.close();
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** A cut tarball, a missing document, a damaged note, a wrong link, a wrong mode, a foreign file in the tree. */
async function damage(data: string): Promise<void> {
  const [tarball = ""] = await listFiles(join(data, "blobs/sha256"), /[0-9a-f]{64}$/);
  await chmod(tarball, 0o644);
  await truncate(tarball, 100);
  const [document = ""] = await listFiles(join(data, "upstream"), /[0-9a-f]{64}$/);
  await rm(document);
  await writeFile(join(data, "state/kept-plans.json"), "{");
  await writeFile(join(data, "tools/streams/v1/mirrors.json"), "{}");
  await rm(join(data, "tools"));
  await symlink("/nowhere", join(data, "tools"));
  await chmod(join(data, "snapshots"), 0o700);
}

async function listFiles(folder: string, pattern: RegExp): Promise<string[]> {
  const names = await readdir(folder, { recursive: true });
  return names
    .filter((name) => pattern.test(name))
    .sort()
    .map((name) => join(folder, name));
}

/**
 * What clients find through the ref has to be complete after each kill, apart from the tarball that is damaged until it is
 * withdrawn. The repair after it has to end in the whole mirror.
 */
async function examine(states: States, folder: string): Promise<Finding> {
  const data = join(folder, "data");
  const faults = new Faults();
  const again = await runSteadyJam(folder, REPAIR);
  if (again.status !== 0)
    faults.note(`The repair after the kill ended with ${again.status}: ${again.stderr}`);
  // A repair that finds nothing to do takes no lock, and leaves the note of who had it.
  await runSteadyJam(folder, ["prune", "--quiet"]);
  await faults.of(checkSettled(states, data), undefined);
  const verified = await runSteadyJam(folder, ["verify", "--deep", "-o", "json"]);
  if (verified.status !== 0) faults.note(`The mirror is not whole after the repair: ${verified.stdout}`);
  const shown = await faults.of(
    readPublished(data).then(({ fingerprint }) =>
      fingerprint === states.next.fingerprint ? "new" : "mixture",
    ),
    "mixture" as const,
  );
  return { shown, faults: faults.found };
}
