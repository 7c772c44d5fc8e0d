import { describe, expect, test } from "vitest";
import { killCacheAtRandom, sweepCache } from "../crash/cache-sweep.ts";
import { seededRandom } from "../crash/random-kills.ts";
import { chooseSample } from "../crash/sample.ts";
import { peer } from "../helpers/peers.ts";

const strace = peer("strace");
/** Another row of instants every day, the same for everybody on that day. */
const SEED = Math.floor(Date.now() / 86_400_000);

describe.skipIf(strace.isMissing)(`killed at a system call${strace.note}`, () => {
  test("a cache server loses nothing that has come, and nobody gets a wrong tarball", async () => {
    const { trials } = await sweepCache({ choose: chooseSample });
    expect(trials.filter(({ faults }) => faults.length > 0)).toEqual([]);
    expect(trials.filter(({ wasKilled }) => wasKilled).length).toBeGreaterThan(10);
  });
});

test(`a cache server that is killed at random instants (seed ${SEED}) under many clients serves everything afterwards`, async () => {
  const rounds = await killCacheAtRandom({ rounds: 6, kills: 4, random: seededRandom(SEED) });
  expect(rounds.flatMap(({ faults }) => faults)).toEqual([]);
  expect(rounds.reduce((sum, { answers }) => sum + answers, 0)).toBeGreaterThan(0);
});
