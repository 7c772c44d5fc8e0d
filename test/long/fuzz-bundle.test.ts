import { expect, test } from "vitest";
import { runCampaign, type Failure } from "../../scripts/fuzz-bundle/campaign.ts";

test("some hundred mutants of bundles break nothing: see scripts/fuzz-bundle for more of them", async () => {
  const failures: Pick<Failure, "run" | "faults">[] = [];
  const { tally } = await runCampaign({
    seed: 20_261_127,
    from: 0,
    to: 300,
    importEvery: 6,
    onFailure: ({ run, faults }) => void failures.push({ run, faults }),
  });
  expect(failures).toEqual([]);
  expect(Object.values(tally).reduce((sum, count) => sum + count, 0)).toBe(300);
}, 180_000);
