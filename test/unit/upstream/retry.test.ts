import type { RetryWait } from "../../../src/upstream/source.ts";
import { expect, test } from "vitest";

import { JamError } from "../../../src/shared/errors.ts";
import { withRetries, RETRY_DEFAULTS } from "../../../src/upstream/retry.ts";

function options(signal = new AbortController().signal) {
  const waits: number[] = [];
  const timing = {
    now: () => 0,
    random: () => 0.5,
    sleep: async (ms: number) => {
      waits.push(ms);
    },
  };
  return { waits, options: { policy: RETRY_DEFAULTS, timing, signal } };
}

const lost = new JamError("JAM_UPSTREAM_UNREACHABLE", "lost");

test("gives the first result that comes, and tells of each failure before it", async () => {
  const { waits, options: given } = options();
  const told: [string, RetryWait][] = [];
  let attempts = 0;
  const attempt = async () => {
    attempts += 1;
    if (attempts < 3) throw lost;
    return "here";
  };

  const result = await withRetries(attempt, {
    ...given,
    onRetry: (error, wait) => told.push([error.message, wait]),
  });

  expect(result).toBe("here");
  expect(waits).toEqual([250, 500]);
  expect(told).toEqual([
    ["lost", { waitMs: 250, askedBy: "jam", attempt: 2, attempts: 5 }],
    ["lost", { waitMs: 500, askedBy: "jam", attempt: 3, attempts: 5 }],
  ]);
});

test("throws the last error itself", async () => {
  const { waits, options: given } = options();
  await expect(withRetries(() => Promise.reject(lost), given)).rejects.toBe(lost);
  expect(waits).toHaveLength(4);
});

test("makes no attempt for a run that was cancelled before", async () => {
  const { options: given } = options(AbortSignal.abort());
  await expect(withRetries(() => Promise.resolve(1), given)).rejects.toMatchObject({ code: "JAM_CANCELLED" });
});

test("counts anew after an attempt that got on", async () => {
  const { options: given } = options();
  let attempts = 0;
  const attempt = async () => {
    attempts += 1;
    if (attempts < 20) throw lost;
    return attempts;
  };

  expect(
    await withRetries(attempt, { ...given, countFailure: (failures) => (failures > 3 ? 1 : failures) }),
  ).toBe(20);
});
