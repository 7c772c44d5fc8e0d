import { describe, expect, test } from "vitest";
import { CREATE_SCENARIOS, IMPORT_SCENARIOS, type ScenarioName } from "../crash/stage.ts";
import { sweep } from "../crash/sweep.ts";
import { chooseOneIn } from "../crash/sample.ts";
import { peer } from "../helpers/peers.ts";

const strace = peer("strace");

/** How few of the sampled points are tried: an import has several times as many as a sync. */
const ONE_IN: Readonly<Partial<Record<ScenarioName, number>>> = {
  "import-full": 4,
  "import-volumes": 4,
  "import-delta": 2,
};

async function trySample(scenario: ScenarioName): Promise<void> {
  const { trials } = await sweep(scenario, { choose: chooseOneIn(ONE_IN[scenario] ?? 1), lanes: 2 });
  expect(trials.filter(({ faults }) => faults.length > 0)).toEqual([]);
  expect(trials.filter(({ wasKilled }) => wasKilled).length).toBeGreaterThan(10);
}

describe.skipIf(strace.isMissing)(`killed at a system call${strace.note}`, () => {
  test.for(CREATE_SCENARIOS)(
    "jam bundle create (%s) leaves whole volumes, checksums only beside all of them, and the next run ends it",
    trySample,
  );

  test.for(IMPORT_SCENARIOS)(
    "jam bundle import (%s) leaves the old mirror or the new one, and the next run ends it",
    trySample,
  );
});
