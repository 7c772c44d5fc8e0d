/** A few kills of each kind of run; test/long sweeps them. */
import { describe, expect, test } from "vitest";
import { sweep } from "../crash/sweep.ts";
import { chooseOneIn } from "../crash/sample.ts";
import { peer } from "../helpers/peers.ts";

const strace = peer("strace");

describe.skipIf(strace.isMissing)(`killed at a system call${strace.note}`, () => {
  test.for([
    ["incremental", 5],
    ["create-over", 5],
    ["import-delta", 10],
    ["promote", 3],
  ] as const)(
    "a run of %s leaves the old state or the new one, and the next run ends it",
    async ([scenario, n]) => {
      const { trials } = await sweep(scenario, { choose: chooseOneIn(n) });
      expect(trials.filter(({ faults }) => faults.length > 0)).toEqual([]);
      expect(trials.filter(({ wasKilled }) => wasKilled).length).toBeGreaterThan(2);
    },
  );
});
