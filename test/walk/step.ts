import type { RanHere } from "../helpers/jam-here.ts";
import { ERROR_OUTCOMES, type ErrorCode } from "../../src/shared/errors.ts";
import { checkPools, findLeftovers } from "../crash/invariants.ts";
import { setClockAhead } from "./fake-date.ts";
import { adopt } from "./adopt.ts";
import { checkPlace, countShown, differences, followsHistory, isOfLength, isRightIn } from "./compare.ts";
import { changed, type Model } from "./model.ts";
import { argvOf, versionAt, type Change, type Operation } from "./operations.ts";
import type { Observed } from "./observe.ts";
import { withRules, type Place } from "./place.ts";
import { afterKill, predict, type Prediction } from "./predict.ts";
import { join } from "node:path";

type End = Prediction["ends"][number];

/** Does one operation, and gives the model after it. Throws an error that says what is wrong. */
export async function step(place: Place, before: Model, operation: Operation): Promise<Model> {
  setClockAhead(before.clockAheadMs);
  switch (operation.kind) {
    case "upstream":
      return moveUpstream(place, before);
    case "wait":
      place.log.push(`${operation.ms / 60_000} minutes later`);
      return changed(before, { clockAheadMs: before.clockAheadMs + operation.ms });
    case "damage":
      return damage(place, before, operation);
    case "configure":
      if (!(await place.configure(operation.channels))) return before;
      place.log.push(`jam.yaml has the channels ${operation.channels}`);
      return withRules(before, operation.channels);
    case "verify":
      return verify(place, before, operation.isDeep);
    case "kill":
      return kill(place, before, operation);
    case "race":
      return race(place, before, operation.changes);
    default: {
      const argv = argvOf(operation, before, place.golden);
      const ran = await place.run(argv);
      const end = endOf(ran);
      place.log.push(`jam ${argv.join(" ")} → ${end}`);
      const prediction = predict(operation, before, Date.now());
      requireEnd(end, prediction, ran);
      // Both end with trees of whole tarballs, where these are whole.
      const heals = end === "ok" && ["sync", "repair"].includes(operation.kind);
      return settle(place, before, candidatesOf(before, prediction, end), { heals });
    }
  }
}

function requireEnd(end: End, { ends }: Prediction, { stdout, stderr }: RanHere): void {
  if (!ends.includes(end)) throw new Error(`ended with ${end}, not ${ends.join(" or ")}: ${stdout}${stderr}`);
}

/** The states that a change may leave which ended so. */
function candidatesOf(
  before: Model,
  { ends, steps, finals, whenRefused = [] }: Prediction,
  end: End,
): readonly Model[] {
  if (end === "ok" || end === "partial") return finals ?? steps.slice(-1);
  // Refused after some doubt: nothing has changed.
  return ends.includes(end) ? [before, ...whenRefused] : [];
}

async function moveUpstream(place: Place, model: Model): Promise<Model> {
  const upstream = Math.min(model.upstream + 1, model.trees.length - 1);
  await place.golden.point(join(place.folder, "up"), upstream);
  place.log.push(`upstream lists ${model.trees[upstream]?.join()}`);
  return changed(model, { upstream });
}

async function damage(
  place: Place,
  model: Model,
  { version: number, harm }: Extract<Operation, { kind: "damage" }>,
): Promise<Model> {
  const version = versionAt(model, number);
  if (!(await place.damage(version, harm))) return model;
  place.log.push(`the tarball of ${version}: ${harm}`);
  return changed(model, { damaged: [...new Set([...model.damaged, version])] });
}

async function verify(place: Place, model: Model, isDeep: boolean): Promise<Model> {
  const argv = ["verify", ...(isDeep ? ["--deep"] : []), "--quiet", "--progress", "none", "-o", "json"];
  const ran = await place.run(argv);
  place.log.push(`jam ${argv.join(" ")} → exit status ${ran.status}`);
  const listed = new Set(model.kept.flatMap(({ versions }) => versions));
  const isHurt = model.damaged.some((version) => listed.has(version));
  const isGood = ran.status === 0;
  if (![0, 3, 4].includes(ran.status)) throw new Error(`verify ended with ${ran.status}: ${ran.stdout}`);
  if (!isHurt && !isGood) throw new Error(`verify finds something: ${findingsOf(ran.stdout)}`);
  if (isHurt && isDeep && isGood) throw new Error("verify --deep finds nothing");
  return settle(place, model, [model]);
}

function findingsOf(stdout: string): string {
  const { findings = [] } = JSON.parse(stdout) as { findings?: unknown[] };
  return findings.length === 0 ? stdout : JSON.stringify(findings.slice(0, 5));
}

async function kill(
  place: Place,
  before: Model,
  { change, before: count }: Extract<Operation, { kind: "kill" }>,
): Promise<Model> {
  const argv = argvOf(change, before, place.golden);
  const { folder, workers } = place;
  const ran = await workers.runUntilKilled({
    folder,
    argv,
    clockAheadMs: before.clockAheadMs,
    killBefore: count,
  });
  place.log.push(
    `jam ${argv.join(" ")} → ${ran === undefined ? `killed before change ${count} of the disk` : endOf(ran)}`,
  );
  const prediction = predict(change, before, Date.now());
  if (ran === undefined) {
    const candidates = [...prediction.steps.toReversed(), before];
    return settle(
      place,
      before,
      candidates.map((model) => afterKill(model, change, { before, now: Date.now() })),
    );
  }
  const end = endOf(ran);
  requireEnd(end, prediction, ran);
  return settle(place, before, candidatesOf(before, prediction, end));
}

async function race(place: Place, before: Model, changes: readonly [Change, Change]): Promise<Model> {
  const orders = changes.map((change) => ({
    folder: place.folder,
    argv: argvOf(change, before, place.golden),
    clockAheadMs: before.clockAheadMs,
  }));
  const counts = await countShown(place.folder, before);
  const ran = await place.workers.race(orders as [(typeof orders)[0], (typeof orders)[0]]);
  const ends = ran.map(endOf);
  place.log.push(
    orders.map(({ argv }, at) => `jam ${argv.join(" ")} → ${ends[at]}`).join("   at the same time as   "),
  );
  const outcomes = [
    ...oneAfterTheOther(before, [0, 1], changes, ends),
    ...oneAfterTheOther(before, [1, 0], changes, ends),
  ];
  if (outcomes.length === 0)
    throw new Error(`no order of the two ends like this: ${ran.map(({ stdout }) => stdout).join()}`);
  return settle(place, before, outcomes, { counts });
}

/** What two changes leave in this order, where both ended so; one that found the store locked changed nothing. */
function oneAfterTheOther(
  before: Model,
  order: readonly number[],
  changes: readonly Change[],
  ends: readonly End[],
): Model[] {
  let outcomes: Model[] = [before];
  let hasPruned = false;
  for (const at of order) {
    const [change, end] = [changes[at], ends[at]];
    if (change === undefined || end === undefined) return [];
    if (end === "JAM_STORE_LOCKED") continue;
    outcomes = outcomes.flatMap((model) => {
      if (hasPruned && end === "JAM_SNAPSHOT_NOT_FOUND") return [model];
      // What it asks for was named before the other one ran.
      const prediction = predict(change, model, Date.now(), before);
      return prediction.ends.includes(end) ? candidatesOf(model, prediction, end) : [];
    });
    hasPruned ||= ["sync", "import", "prune", "delete-snapshot"].includes(change.kind);
  }
  return outcomes;
}

/** What a command that fails writes: an error, or what it did and the errors of the rest. */
interface FailedOutput {
  readonly error?: { readonly code: ErrorCode };
  readonly faults?: readonly { readonly error: { readonly code: ErrorCode } }[];
}

function endOf({ status, stdout }: RanHere): End {
  if (status === 0) return "ok";
  const { error: whole, faults = [] } = JSON.parse(stdout) as FailedOutput;
  const error = whole ?? faults[0]?.error;
  // A part is missing, and the result lists it.
  if (error === undefined && status === 3) return "partial";
  if (error === undefined) throw new Error(`exit status ${status} without an error: ${stdout}`);
  if (ERROR_OUTCOMES[error.code].exit !== status) throw new Error(`${error.code} with exit status ${status}`);
  return error.code;
}

interface SettleOptions {
  /** Damaged tarballs come back, in trees as well. */
  readonly heals?: boolean;
  /** How often each channel had shown something else before. */
  readonly counts?: ReadonlyMap<string, number>;
}

/** Which of these models is the case now; throws where none is, or where clients find something wrong. */
async function settle(
  place: Place,
  before: Model,
  candidates: readonly Model[],
  { heals = false, counts }: SettleOptions = {},
): Promise<Model> {
  const observed = await place.observer.look();
  const all = candidates.map((model) => ({ model, faults: differences(model, observed) }));
  const fitting = all.filter(({ faults }) => faults.length === 0);
  const found =
    (fitting.length > 1 && (await firstThatFollows(place, before, { fitting, observed, counts }))) ||
    fitting[0];
  if (found === undefined)
    throw new Error(all.map(({ faults }) => faults.join("; ")).join("\n  or: ") || "nothing was predicted");
  const damaged: string[] = [];
  for (const version of before.damaged)
    if (!(await place.holds(version)) || (!heals && (await isWrongInTree(place, observed, version))))
      damaged.push(version);
  const model = changed(adopt(found.model, observed), { damaged });
  await checkPlace(place, before, { model, observed });
  return model;
}

async function firstThatFollows(
  place: Place,
  before: Model,
  {
    fitting,
    observed,
    counts,
  }: {
    readonly fitting: readonly { readonly model: Model }[];
    readonly observed: Observed;
    readonly counts: SettleOptions["counts"];
  },
): Promise<{ readonly model: Model } | undefined> {
  const following: { readonly model: Model }[] = [];
  for (const one of fitting)
    if (await followsHistory(place, before, { model: one.model, kept: observed.kept })) following.push(one);
  if (counts === undefined) return following[0];
  for (const one of following) if (await isOfLength(place, { model: before, counts }, one.model)) return one;
  return following[0];
}

/** A tarball that has come again is a file of its own; trees have the damaged one until they are built once more. */
async function isWrongInTree(place: Place, observed: Observed, version: string): Promise<boolean> {
  for (const ref of observed.refs.keys())
    if (!(await isRightIn(place, observed, { ref, version }))) return true;
  return false;
}

/** After so long a prune deletes parts of tarballs that no run has resumed. */
const PARTS_KEPT_MS = 8 * 24 * 3_600_000;

/** The end of a walk: a prune and a repair leave nothing unfinished, and every byte is right. */
export async function finish(place: Place, model: Model): Promise<void> {
  const run = async (...argv: string[]) => {
    const ran = await place.run([...argv, "-o", "json"]);
    if (ran.status !== 0)
      throw new Error(`In the end ${argv.join(" ")} ends with ${ran.status}: ${ran.stdout}`);
  };
  const whole = changed(model, { damaged: [] });
  await run("repair", "--deep", "--quiet", "--progress", "none", "--from", place.golden.archive);
  setClockAhead(model.clockAheadMs + PARTS_KEPT_MS);
  await run("prune", "--quiet");
  await settle(place, whole, [whole], { heals: true });
  await run("verify", "--deep", "--quiet", "--progress", "none");
  await checkPools(join(place.folder, "data"));
  await findLeftovers(join(place.folder, "data"));
}
