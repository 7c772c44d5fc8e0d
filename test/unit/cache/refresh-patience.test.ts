import { expect, test } from "vitest";
import { refreshPatience } from "../../../src/cache/refresh-patience.ts";

const MINUTE = 60_000;
const FETCH = { idleTimeoutMs: 30_000, retries: 4 };

test.for([
  ["the default", [5 * MINUTE], FETCH, [30_000, 2, 30_000]],
  ["a minute", [MINUTE], FETCH, [10_000, 2, 10_000]],
  ["ten seconds", [10_000], FETCH, [5_000, 0, 5_000]],
  ["a second", [1_000], FETCH, [2_000, 0, 5_000]],
  ["two upstreams share the time", [MINUTE, MINUTE], FETCH, [5_000, 2, 5_000]],
  ["the shortest counts", [60 * MINUTE, MINUTE], FETCH, [5_000, 2, 5_000]],
  [
    "the settings' own are not exceeded",
    [60 * MINUTE],
    { idleTimeoutMs: 5_000, retries: 0 },
    [5_000, 0, 30_000],
  ],
] as const)("%s", ([, refreshes, fetch, [idleTimeoutMs, retries, windowMs]]) => {
  const paces = refreshes.map((refreshMs, at) => ({ name: String(at), refreshMs }));
  expect(refreshPatience(fetch, paces)).toMatchObject({
    idleTimeoutMs,
    retries,
    minRate: { windowMs },
  });
});

test("all attempts and the waits for Retry-After end within one refresh, from ten seconds on", () => {
  for (let refreshMs = 10_000; refreshMs < 60 * MINUTE; refreshMs += 7_000)
    for (const upstreams of [1, 2, 3]) {
      const paces = Array.from({ length: upstreams }, (_, at) => ({ name: String(at), refreshMs }));
      const { idleTimeoutMs, retries, maxAskedMs } = refreshPatience(FETCH, paces);
      const longestMs = upstreams * ((retries + 1) * idleTimeoutMs + retries * maxAskedMs);
      expect(longestMs).toBeLessThanOrEqual(refreshMs);
    }
});
