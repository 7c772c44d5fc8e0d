import { fc } from "../helpers/property.ts";
import { prepareGolden, type Golden } from "./golden.ts";
import type { Model } from "./model.ts";
import { operation, type Operation } from "./operations.ts";
import { CHANNELS, openPlace, type Place, type WalkSettings } from "./place.ts";
import { finish, step } from "./step.ts";
import { startWorkers, type Workers } from "./workers.ts";

export interface CampaignOptions {
  /** Operations, about; a walk that has begun comes to its end. */
  readonly steps: number;
  readonly seed: number;
  /** Where in the walks of the seed a failure is, as it was printed; tries this alone. */
  readonly path?: string | undefined;
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
  readonly seed: number;
  readonly path: string;
  readonly message: string;
}

/** The changing part of what fast-check calls the model; each operation replaces it. */
interface State {
  model: Model;
}

class WalkCommand implements fc.AsyncCommand<State, Place> {
  readonly operation: Operation;
  readonly #counts: WalkCounts;

  constructor(one: Operation, counts: WalkCounts) {
    this.operation = one;
    this.#counts = counts;
  }

  check(): boolean {
    return true;
  }

  async run(state: State, place: Place): Promise<void> {
    const { kind } = this.operation;
    this.#counts.steps += 1;
    this.#counts.kinds[kind] = (this.#counts.kinds[kind] ?? 0) + 1;
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
export async function walk({ steps, seed, path, length, onBatch }: CampaignOptions): Promise<WalkReport> {
  await using golden = await prepareGolden();
  await using workers = startWorkers();
  const counts: WalkCounts = { steps: 0, walks: 0, kinds: {} };
  for (let batch = seed; counts.steps < steps; batch += 1) {
    const failure = await runBatch({ golden, workers, counts, length, seed: batch, path });
    onBatch?.(counts);
    if (failure !== undefined || path !== undefined) return { ...counts, failure };
  }
  return { ...counts, failure: undefined };
}

interface Batch {
  readonly golden: Golden;
  readonly workers: Workers;
  readonly counts: WalkCounts;
  readonly length: number;
  readonly seed: number;
  readonly path: string | undefined;
}

async function runBatch(batch: Batch): Promise<WalkFailure | undefined> {
  const { golden, workers, counts, length, seed, path } = batch;
  let last = "";
  let shrinksUntil = Infinity;
  const commands = fc.commands([operation.map((one) => new WalkCommand(one, counts))], {
    maxCommands: length,
    size: "max",
    // The walk itself says where it failed; so it can be tried again by seed and path.
    disableReplayLog: true,
  });
  const property = fc.asyncProperty(settings, commands, async (set, chosen) => {
    if (Date.now() > shrinksUntil) return;
    counts.walks += 1;
    const opened = await openPlace(golden, workers, set);
    await using place = opened.place;
    const state: State = { model: opened.model };
    try {
      await fc.asyncModelRun(() => ({ model: state, real: place }), chosen);
      await finish(place, state.model);
    } catch (error) {
      last = `${JSON.stringify(set)}\n  ${place.log.join("\n  ")}\n${error instanceof Error ? error.message : String(error)}`;
      if (shrinksUntil === Infinity) shrinksUntil = Date.now() + SHRINK_MS;
      throw error;
    }
  });
  const result = await fc.check(property, {
    seed,
    numRuns: BATCH,
    ...(path === undefined ? {} : { path }),
  });
  if (!result.failed) return undefined;
  return {
    seed: result.seed,
    path: result.counterexamplePath ?? "",
    message: last || String(result.errorInstance),
  };
}
