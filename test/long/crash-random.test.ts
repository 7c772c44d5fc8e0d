import { expect, test } from "vitest";
import { randomKills } from "../crash/random-kills.ts";
import { BUNDLE_SCENARIOS, SYNC_SCENARIOS } from "../crash/stage.ts";

/** Another row of instants every day, the same for everybody on that day. */
const SEED = Math.floor(Date.now() / 86_400_000);

test(`killed at 30 random instants (seed ${SEED}), no reader sees a mixture and nothing verified is lost`, async () => {
  const rounds = await randomKills({ kills: 30, seed: SEED, scenarios: SYNC_SCENARIOS });
  expect(rounds.flatMap(({ faults }) => faults)).toEqual([]);
  expect(rounds.reduce((sum, { kills, late }) => sum + kills - late, 0)).toBeGreaterThan(15);
  expect(rounds.reduce((sum, { walks }) => sum + walks, 0)).toBeGreaterThan(100);
});

test(`killed at 30 random instants (seed ${SEED}), bundles are made whole and taken in whole`, async () => {
  const rounds = await randomKills({ kills: 30, seed: SEED, scenarios: BUNDLE_SCENARIOS });
  expect(rounds.flatMap(({ faults }) => faults)).toEqual([]);
  expect(rounds.reduce((sum, { kills, late }) => sum + kills - late, 0)).toBeGreaterThan(15);
  expect(rounds.reduce((sum, { walks }) => sum + walks, 0)).toBeGreaterThan(100);
});
