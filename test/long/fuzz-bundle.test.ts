import { expect, test } from "vitest";
import { runCampaign, type Failure } from "../fuzz/bundle/campaign.ts";

/** Other mutants every day, the same for everybody on that day. */
const SEED_OF_TODAY = Math.floor(Date.now() / 86_400_000);

test.for([
  [300, 20_261_127, 6],
  [3_000, SEED_OF_TODAY, 4],
] as const)(
  "%i mutants of bundles (seed %i, every %i-th imported) break nothing",
  async ([to, seed, importEvery]) => {
    const failures: Pick<Failure, "run" | "faults">[] = [];
    const onFailure = ({ run, faults }: Failure) => void failures.push({ run, faults });
    const { tally } = await runCampaign({ seed, from: 0, to, importEvery, onFailure });
    expect(failures).toEqual([]);
    expect(Object.values(tally).reduce((sum, count) => sum + count, 0)).toBe(to);
  },
);
