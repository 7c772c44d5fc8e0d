import { describe, expect, test } from "vitest";
import { CHANNEL_SCENARIOS, SYNC_SCENARIOS } from "../crash/stage.ts";
import { sweep } from "../crash/sweep.ts";
import { chooseOneIn, chooseSample } from "../crash/sample.ts";
import { peer } from "../helpers/peers.ts";

const strace = peer("strace");

describe.skipIf(strace.isMissing)(`killed at a system call${strace.note}`, () => {
  test.for(SYNC_SCENARIOS)(
    "a %s sync leaves the old mirror or the new one, and the next run ends it",
    async (scenario) => {
      const { trials } = await sweep(scenario, { choose: chooseSample, lanes: 2 });
      expect(trials.filter(({ faults }) => faults.length > 0)).toEqual([]);
      expect(trials.filter(({ wasKilled }) => wasKilled).length).toBeGreaterThan(10);
      expect(new Set(trials.map(({ shown }) => shown))).toEqual(new Set(["old", "new"]));
    },
  );

  test.for(["repair", ...CHANNEL_SCENARIOS] as const)(
    "killed at any call, a run of %s leaves every channel whole and its history true, and can be repeated",
    async (scenario) => {
      const { trials } = await sweep(scenario, { choose: chooseOneIn(2), lanes: 2 });
      expect(trials.filter(({ faults }) => faults.length > 0)).toEqual([]);
      expect(trials.filter(({ wasKilled }) => wasKilled).length).toBeGreaterThan(5);
    },
  );
});
