import { describe, expect, test } from "vitest";
import type { KillPoint } from "../../scripts/crash-sweep/kill-points.ts";
import { CREATE_SCENARIOS, IMPORT_SCENARIOS, type ScenarioName } from "../../scripts/crash-sweep/stage.ts";
import { sweep } from "../../scripts/crash-sweep/sweep.ts";
import { canTrace, chooseSample, WHY_NOT } from "../helpers/crash-sample.ts";

/** Five runs have five times the points. */
const choosers: Partial<Record<ScenarioName, (point: KillPoint, position: number) => boolean>> = {
  "import-volumes": (point, position) => chooseSample(point) && position % 4 === 0,
};

async function trySample(scenario: ScenarioName) {
  const { trials } = await sweep(scenario, { choose: choosers[scenario] ?? chooseSample, lanes: 2 });
  expect(trials.filter(({ faults }) => faults.length > 0)).toEqual([]);
  expect(trials.filter(({ wasKilled }) => wasKilled).length).toBeGreaterThan(10);
  return new Set(trials.map(({ shown }) => shown));
}

describe.runIf(canTrace)(`killed at a system call${WHY_NOT}`, () => {
  test.for(CREATE_SCENARIOS)(
    "jam bundle create (%s) leaves whole volumes, checksums only beside all of them, and the next run ends it",
    async (scenario) => {
      expect(await trySample(scenario)).toContain("old");
    },
  );

  test.for(IMPORT_SCENARIOS)(
    "jam bundle import (%s) leaves the old mirror or the new one, and the next run ends it",
    async (scenario) => {
      expect(await trySample(scenario)).toEqual(new Set(["old", "new"]));
    },
  );
});
