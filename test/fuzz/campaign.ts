import { inspect } from "node:util";
import { seededRandom, type Random } from "../helpers/random.ts";
import type { Tally } from "./lanes.ts";

/** The runs of a campaign: a run depends only on its number and the seed. */
export interface RunRange {
  readonly seed: number;
  /** The first run, and the one after the last. */
  readonly from: number;
  readonly to: number;
  /** Called before each run. */
  readonly onRun?: (run: number) => void;
}

/** What became of one mutant. */
export interface MutantOutcome<Mutant> {
  readonly mutant: Mutant;
  /** Target and result, for the tally: `import JAM_BUNDLE_DAMAGED`. */
  readonly name: string;
  /** What the program did and must not do; none for a good run. */
  readonly faults: readonly string[];
}

/** A mutant that caused faults. */
export interface MutantFailure<Mutant> {
  readonly run: number;
  readonly mutant: Mutant;
  readonly faults: readonly string[];
}

/** A campaign: how its mutants are made and tried. */
export interface Campaign<Mutant> {
  /** Bytes that the process may use. */
  readonly rssLimit: number;
  readonly tryMutant: (random: Random, run: number) => Promise<MutantOutcome<Mutant>>;
  readonly onFailure?: (failure: MutantFailure<Mutant>) => void | Promise<void>;
}

export interface CampaignReport {
  /** Number of runs by outcome. */
  readonly tally: Tally;
  readonly failures: number;
  /** Bytes. */
  readonly peakRss: number;
}

/** Tries the mutants of these runs one after the other. Unhandled rejections and memory above the limit are faults. */
export async function runMutants<Mutant>(
  { seed, from, to, onRun }: RunRange,
  { rssLimit, tryMutant, onFailure }: Campaign<Mutant>,
): Promise<CampaignReport> {
  const tally: Record<string, number> = {};
  let [failures, peakRss] = [0, 0];
  let stray: string | undefined;
  const onStray = (error: unknown) => (stray ??= inspect(error));
  process.on("unhandledRejection", onStray);
  try {
    for (let run = from; run < to; run += 1) {
      onRun?.(run);
      const random = seededRandom(Math.imul(seed, 0x9e3779b1) ^ Math.imul(run + 1, 0x85ebca6b));
      const { mutant, name, faults: found } = await tryMutant(random, run);
      tally[name] = (tally[name] ?? 0) + 1;
      const faults = [...found];
      if (stray !== undefined) faults.push(`unhandled rejection: ${stray}`);
      stray = undefined;
      const rss = process.memoryUsage.rss();
      if (rss > rssLimit && peakRss <= rssLimit) faults.push(`the process uses ${rss} bytes`);
      peakRss = Math.max(peakRss, rss);
      if (faults.length === 0) continue;
      failures += 1;
      await onFailure?.({ run, mutant, faults });
    }
  } finally {
    process.off("unhandledRejection", onStray);
  }
  return { tally, failures, peakRss };
}
