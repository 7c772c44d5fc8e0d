import { fc } from "../helpers/property.ts";
import { prepareGolden, type Golden } from "./golden.ts";
import type { Model } from "./model.ts";
import { operation, type Operation } from "./operations.ts";
import { CHANNELS, openPlace, type Place, type WalkSettings } from "./place.ts";
import { formatReplay, type OneWalk } from "./replay.ts";
import { finish, step } from "./step.ts";
import { startWorkers, type Workers } from "./workers.ts";

export interface CampaignOptions {
  /** Operations, about; a walk that has begun comes to its end. */
  readonly steps: number;
  readonly seed: number;
  /** Operations in a walk, at most. */
  readonly length: number;
  readonly onBatch?: (done: WalkCounts) => void;
}

export interface WalkCounts {
  steps: number;
  walks: number;
  readonly kinds: Record<string, number>;
}

export interface WalkReport extends WalkCounts {
  /** Undefined where nothing is wrong. */
  readonly failure: WalkFailure | undefined;
}

export interface WalkFailure {
  /** For `--replay`: this walk alone. */
  readonly replay: string;
  /** The walk before it was shortened, which may have failed for another reason. */
  readonly whole?: string;
  readonly message: string;
}

/** The changing part of what fast-check calls the model; each operation replaces it. */
interface State {
  model: Model;
  readonly done: Operation[];
}

class WalkCommand implements fc.AsyncCommand<State, Place> {
  readonly operation: Operation;

  constructor(one: Operation) {
    this.operation = one;
  }

  check(): boolean {
    return true;
  }

  async run(state: State, place: Place): Promise<void> {
    state.done.push(this.operation);
    state.model = await step(place, state.model, this.operation);
  }

  toString(): string {
    return JSON.stringify(this.operation);
  }
}

const settings: fc.Arbitrary<WalkSettings> = fc.record({
  keep: fc.constantFrom(undefined, 2, 3),
  retention: fc.record({
    snapshots: fc.constantFrom(1, 2, 20),
    grace: fc.constantFrom("PT0S" as const, "PT1H" as const),
    age: fc.constantFrom(undefined, "P2D" as const),
    quota: fc.constantFrom(undefined, undefined, "6kB" as const),
  }),
  channels: fc.constantFrom(...(Object.keys(CHANNELS) as (keyof typeof CHANNELS)[])),
});

/** Walks of a batch; each begins with another setting. */
const BATCH = 10;
const SHRINK_MS = 90_000;

/** Random walks until there were so many steps, or until one fails, which is shortened then. */
export async function walk({ steps, seed, length, onBatch }: CampaignOptions): Promise<WalkReport> {
  await using golden = await prepareGolden();
  await using workers = startWorkers();
  const counts: WalkCounts = { steps: 0, walks: 0, kinds: {} };
  for (let batch = seed; counts.steps < steps; batch += 1) {
    const failure = await runBatch({ golden, workers, counts, length, seed: batch });
    onBatch?.(counts);
    if (failure !== undefined) return { ...counts, failure };
  }
  return { ...counts, failure: undefined };
}

/** One walk again, as it was printed. */
export async function replay({ settings, operations }: OneWalk): Promise<WalkReport> {
  await using golden = await prepareGolden();
  await using workers = startWorkers();
  const counts: WalkCounts = { steps: 0, walks: 0, kinds: {} };
  const commands = operations.map((one) => new WalkCommand(one));
  const failure = await runOne({ golden, workers, counts }, settings, commands);
  return { ...counts, failure };
}

interface Surroundings {
  readonly golden: Golden;
  readonly workers: Workers;
  readonly counts: WalkCounts;
}

interface Batch extends Surroundings {
  readonly length: number;
  readonly seed: number;
}

async function runBatch({ length, seed, ...surroundings }: Batch): Promise<WalkFailure | undefined> {
  let last: WalkFailure | undefined;
  let shrinksUntil = Infinity;
  const commands = fc.commands([operation.map((one) => new WalkCommand(one))], {
    maxCommands: length,
    size: "max",
    disableReplayLog: true,
  });
  const property = fc.asyncProperty(settings, commands, async (set, chosen) => {
    // Not by the date, which walks move.
    if (performance.now() > shrinksUntil) return;
    const failure = await runOne(surroundings, set, chosen);
    if (failure === undefined) return;
    last = { ...failure, whole: last?.whole ?? failure.replay };
    if (shrinksUntil === Infinity) shrinksUntil = performance.now() + SHRINK_MS;
    throw new Error(failure.message);
  });
  const result = await fc.check(property, { seed, numRuns: BATCH });
  if (result.failed && last === undefined) throw result.errorInstance;
  return last;
}

/** Opens a place, walks in it, and closes it. */
async function runOne(
  { golden, workers, counts }: Surroundings,
  set: WalkSettings,
  commands: Iterable<fc.AsyncCommand<State, Place>>,
): Promise<WalkFailure | undefined> {
  counts.walks += 1;
  const opened = await openPlace(golden, workers, set);
  await using place = opened.place;
  const state: State = { model: opened.model, done: [] };
  try {
    await fc.asyncModelRun(() => ({ model: state, real: place }), commands);
    await finish(place, state.model);
    return undefined;
  } catch (error) {
    return {
      replay: formatReplay({ settings: set, operations: state.done }),
      message: `${JSON.stringify(set)}\n  ${place.log.join("\n  ")}\n${error instanceof Error ? error.message : String(error)}`,
    };
  } finally {
    for (const { kind } of state.done) counts.kinds[kind] = (counts.kinds[kind] ?? 0) + 1;
    counts.steps += state.done.length;
  }
}
