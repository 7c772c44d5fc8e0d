import { expect, test } from "vitest";
import { readMutant, runCampaign, type Failure } from "../fuzz/text/campaign.ts";
import { JamError } from "../../src/shared/errors.ts";
import { byTier } from "../helpers/tier.ts";

test("some hundred texts break no reader: see npm run fuzz:text for more of them", async () => {
  const failures: Pick<Failure, "run" | "reader" | "faults">[] = [];
  const to = byTier({ quick: 1_000, all: 20_000 });
  const { tally } = await runCampaign({
    seed: 20_261_129,
    from: 0,
    to,
    onFailure: ({ run, reader, faults }) => void failures.push({ run, reader, faults }),
  });
  expect(failures).toEqual([]);
  expect(Object.values(tally).reduce((sum, count) => sum + count, 0)).toBe(to);
  // Each reader had mutants to refuse and mutants to take.
  const outcomes = Map.groupBy(Object.keys(tally), (name) => name.split(" ")[0]);
  expect(outcomes.size).toBe(17);
});

test.for<[what: string, read: () => unknown, fault: string]>([
  ["breaks", () => JSON.parse("{"), "not refused but broken: SyntaxError"],
  ["breaks later", () => Promise.reject(new TypeError("x")), "not refused but broken: TypeError"],
  [
    "calls it a bug of its own",
    () => Promise.reject(new JamError("JAM_INTERNAL", "x")),
    "not refused but broken",
  ],
  ["works for more than a second", () => spin(1_100), "it takes 1"],
  [
    "says more than anybody reads",
    () => {
      throw new JamError("JAM_USAGE_INVALID", "x", { details: { deep: Array(900).fill("y".repeat(2_000)) } });
    },
    "its error has 1",
  ],
])("a reader that %s is told of", async ([, read, fault]) => {
  const { faults } = await readMutant({ name: "words", seeds: [], share: 1, read }, "text");
  expect(faults).toEqual([expect.stringContaining(fault)]);
});

test("a reader that takes or refuses a text by a code is not", async () => {
  for (const read of [() => 1, () => Promise.reject(new JamError("JAM_USAGE_INVALID", "x"))])
    expect((await readMutant({ name: "words", seeds: [], share: 1, read }, "text")).faults).toEqual([]);
});

/** Keeps the processor busy for so many milliseconds of its time. */
function spin(ms: number): void {
  const before = process.cpuUsage();
  for (;;) {
    const { user, system } = process.cpuUsage(before);
    if (user + system > ms * 1000) return;
  }
}
