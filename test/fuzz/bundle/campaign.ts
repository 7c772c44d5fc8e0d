import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runMutants, type CampaignReport, type MutantFailure, type RunRange } from "../campaign.ts";
import { makeMutant, type Mutant } from "./make-mutant.ts";
import { makeCorpus, type Corpus } from "./seeds.ts";
import { ImportTarget, readMutant, type Outcome } from "./targets.ts";

export interface BundleCampaign extends RunRange {
  /** Every so many runs the mutant is imported; in the others it is only read. */
  readonly importEvery: number;
  readonly onFailure?: (failure: Failure) => void | Promise<void>;
}

/** A mutant that caused faults, and the corpus that it was made from. */
export interface Failure extends MutantFailure<Mutant> {
  readonly corpus: Corpus;
}

/** How long a run may take. */
export const RUN_LIMIT_MS = 5_000;

/** Bytes that the process may use. */
export const RSS_LIMIT = 300 * 2 ** 20;

/** Makes mutants of bundles and passes them to a reader, or to a far side in a folder of its own. */
export async function runCampaign({
  importEvery,
  onFailure,
  ...runs
}: BundleCampaign): Promise<CampaignReport> {
  const folder = await mkdtemp(join(tmpdir(), "jam-fuzz-"));
  try {
    const corpus = await makeCorpus();
    const target = await ImportTarget.open(folder, corpus);
    return await runMutants<Mutant>(runs, {
      rssLimit: RSS_LIMIT,
      tryMutant: async (random, run) => {
        const mutant = await makeMutant(corpus, random);
        const isImport = run % importEvery === 0;
        const work = isImport ? target.import(mutant, random) : readMutant(mutant, random);
        const { code, faults } = await limited(work);
        return { mutant, name: `${isImport ? "import" : "read"} ${code}`, faults };
      },
      onFailure: (failure) => onFailure?.({ ...failure, corpus }),
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
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
