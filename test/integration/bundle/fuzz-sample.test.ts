import { expect, test } from "vitest";
import { runCampaign, type Failure } from "../../fuzz/bundle/campaign.ts";

test("40 mutants of bundles break nothing: test/long has more of them, and `npm run fuzz` any number", async () => {
  const failures: Pick<Failure, "run" | "faults">[] = [];
  const { tally } = await runCampaign({
    seed: 20_261_127,
    from: 0,
    to: 40,
    importEvery: 6,
    onFailure: ({ run, faults }) => void failures.push({ run, faults }),
  });
  expect(failures).toEqual([]);
  expect(Object.values(tally).reduce((sum, count) => sum + count, 0)).toBe(40);
});
