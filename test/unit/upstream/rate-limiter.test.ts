import { expect, test } from "vitest";

import { createRateLimiter } from "../../../src/upstream/waiting.ts";

/** A clock that sleeping moves; sleepers wake in the order of their time. */
function fakeClock() {
  const clock = {
    at: 0,
    now: () => clock.at,
    sleep: async (ms: number) => {
      const until = clock.at + ms;
      await Promise.resolve();
      clock.at = Math.max(clock.at, until);
    },
  };
  return clock;
}

const SIGNAL = new AbortController().signal;

test("lets the first bytes pass at once", () => {
  const limiter = createRateLimiter(1000, fakeClock());
  expect(limiter.take(500, SIGNAL)).toBeUndefined();
});

test("keeps the rate over a long transfer", async () => {
  const clock = fakeClock();
  const limiter = createRateLimiter(1_000_000, clock);
  for (let count = 0; count < 1000; count += 1) await limiter.take(65_536, SIGNAL);
  const bytesPerSecond = (1000 * 65_536 * 1000) / clock.at;
  expect(bytesPerSecond).toBeGreaterThan(990_000);
  expect(bytesPerSecond).toBeLessThan(1_010_000);
});

test("keeps one rate over all connections together", async () => {
  const clock = fakeClock();
  const limiter = createRateLimiter(1_000_000, clock);
  const connection = async () => {
    for (let count = 0; count < 100; count += 1) await limiter.take(65_536, SIGNAL);
  };
  await Promise.all([connection(), connection(), connection(), connection()]);
  expect((400 * 65_536 * 1000) / clock.at).toBeLessThan(1_020_000);
});

test("saves up a tenth of a second at most", async () => {
  const clock = fakeClock();
  const limiter = createRateLimiter(1000, clock);
  await limiter.take(1, SIGNAL);
  clock.at = 3_600_000;
  expect(limiter.take(100, SIGNAL)).toBeUndefined();
  expect(limiter.take(1, SIGNAL)).toBeUndefined();
  await limiter.take(1, SIGNAL);
  expect(clock.at).toBe(3_600_001);
});
