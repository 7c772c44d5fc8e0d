import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { seededRandom } from "../../helpers/random.ts";
import type { Tally } from "../lanes.ts";
import { makeMutant, type Mutant } from "./make-mutant.ts";
import { makeCorpus, type Corpus } from "./seeds.ts";
import { ImportTarget, readMutant, type Outcome } from "./targets.ts";

export interface CampaignOptions {
  readonly seed: number;
  /** The first run and the one behind the last; a run depends on its number and the seed alone. */
  readonly from: number;
  readonly to: number;
  /** Every so many runs the mutant is imported, in the others it is only read. */
  readonly importEvery: number;
  /** Told before each run. */
  readonly onRun?: (run: number) => void;
  readonly onFailure?: (failure: Failure) => void | Promise<void>;
}

/** A mutant that did what none may do. */
export interface Failure {
  readonly run: number;
  readonly mutant: Mutant;
  readonly faults: readonly string[];
  readonly corpus: Corpus;
}

export interface CampaignReport {
  /** How many runs ended how: `import JAM_BUNDLE_DAMAGED`, `read whole`. */
  readonly tally: Tally;
  readonly failures: number;
  /** Bytes. */
  readonly peakRss: number;
}

/** How long a run may take. */
export const RUN_LIMIT_MS = 5_000;

/** Bytes that the process may take. */
export const RSS_LIMIT = 300 * 2 ** 20;

/** Makes mutants and brings them to a reader or to a far side in a folder of its own. */
export async function runCampaign(options: CampaignOptions): Promise<CampaignReport> {
  const folder = await mkdtemp(join(tmpdir(), "jam-fuzz-"));
  const corpus = await makeCorpus();
  const target = await ImportTarget.open(folder, corpus);
  const tally: Record<string, number> = {};
  let [failures, peakRss] = [0, 0];
  let stray: string | undefined;
  const onStray = (error: unknown) => (stray ??= inspect(error));
  process.on("unhandledRejection", onStray);
  try {
    for (let run = options.from; run < options.to; run += 1) {
      options.onRun?.(run);
      const random = seededRandom(Math.imul(options.seed, 0x9e3779b1) ^ Math.imul(run + 1, 0x85ebca6b));
      const mutant = await makeMutant(corpus, random);
      const isImport = run % options.importEvery === 0;
      const outcome = await limited(isImport ? target.import(mutant, random) : readMutant(mutant, random));
      const name = `${isImport ? "import" : "read"} ${outcome.code}`;
      tally[name] = (tally[name] ?? 0) + 1;
      const faults = [...outcome.faults];
      if (stray !== undefined) faults.push(`unhandled rejection: ${stray}`);
      stray = undefined;
      const rss = process.memoryUsage.rss();
      if (rss > RSS_LIMIT && peakRss <= RSS_LIMIT) faults.push(`the process takes ${rss} bytes`);
      peakRss = Math.max(peakRss, rss);
      if (faults.length === 0) continue;
      failures += 1;
      await options.onFailure?.({ run, mutant, faults, corpus });
    }
  } finally {
    process.off("unhandledRejection", onStray);
    await rm(folder, { recursive: true, force: true });
  }
  return { tally, failures, peakRss };
}

async function limited(work: Promise<Outcome>): Promise<Outcome> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Outcome>((done) => {
    timer = setTimeout(() => done({ code: "none", faults: ["it hangs"] }), RUN_LIMIT_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
