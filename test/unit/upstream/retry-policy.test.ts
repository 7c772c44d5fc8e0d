import { describe, expect, test } from "vitest";

import { HttpStatusError, JamError, type ErrorCode } from "../../../src/shared/errors.ts";
import { mayPass, parseRetryAfterMs, planRetry, RETRY_DEFAULTS } from "../../../src/upstream/retry.ts";

const NOW = Date.parse("2026-11-23T12:00:00Z");

type Answer = Partial<ConstructorParameters<typeof HttpStatusError>[2]>;

function failure(code: ErrorCode, { status, retryAfterMs }: Answer = {}): JamError {
  return status === undefined
    ? new JamError(code, "it failed")
    : new HttpStatusError(code, "it failed", { status, retryAfterMs });
}

function date(ms: number): string {
  return new Date(NOW + ms).toUTCString();
}

describe("mayPass", () => {
  test.for<[ErrorCode, Answer, boolean]>([
    ["JAM_UPSTREAM_UNREACHABLE", {}, true],
    ["JAM_UPSTREAM_TIMEOUT", {}, true],
    ["JAM_UPSTREAM_TRUNCATED", {}, true],
    ["JAM_UPSTREAM_PROXY", {}, true],
    ["JAM_UPSTREAM_PROXY", { status: 407 }, false],
    ["JAM_UPSTREAM_STATUS", { status: 503 }, true],
    ["JAM_UPSTREAM_STATUS", { status: 403 }, false],
    ["JAM_UPSTREAM_NOT_FOUND", { status: 404 }, false],
    ["JAM_UPSTREAM_TLS", {}, false],
    ["JAM_UPSTREAM_REDIRECT", {}, false],
    ["JAM_UPSTREAM_NOT_SIMPLESTREAMS", {}, false],
    ["JAM_METADATA_SIGNATURE_INVALID", {}, false],
    ["JAM_ITEM_HASH_MISMATCH", {}, false],
    ["JAM_STORE_NO_SPACE", {}, false],
    ["JAM_CANCELLED", {}, false],
  ])("%s %j: %s", ([code, answer, expected]) => {
    expect(mayPass(failure(code, answer))).toBe(expected);
  });

  test("is false for what is not ours", () => {
    expect(mayPass(new Error("x"))).toBe(false);
  });
});

describe("planRetry", () => {
  const lost = failure("JAM_UPSTREAM_UNREACHABLE");

  test("doubles the bound of the wait with each failure, up to the longest", () => {
    const bounds = [1, 2, 3, 4, 5, 6, 7, 8].map((failures) =>
      planRetry(lost, failures, { ...RETRY_DEFAULTS, retries: 10 }, 1),
    );
    expect(bounds).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
  });

  test("spreads the waits over the whole span", () => {
    expect([0, 0.25, 0.999].map((random) => planRetry(lost, 2, RETRY_DEFAULTS, random))).toEqual([
      0, 250, 999,
    ]);
  });

  test("ends when the retries are used up, or at once without any", () => {
    expect(planRetry(lost, 4, RETRY_DEFAULTS, 0)).toBe(0);
    expect(planRetry(lost, 5, RETRY_DEFAULTS, 0)).toBeUndefined();
    expect(planRetry(lost, 1, { ...RETRY_DEFAULTS, retries: 0 }, 0)).toBeUndefined();
  });

  test("waits at least as long as the server asks", () => {
    const busy = failure("JAM_UPSTREAM_STATUS", { status: 429, retryAfterMs: 7000 });
    expect(planRetry(busy, 1, RETRY_DEFAULTS, 1)).toBe(7000);
    expect(
      planRetry(failure("JAM_UPSTREAM_STATUS", { status: 429, retryAfterMs: 0 }), 1, RETRY_DEFAULTS, 1),
    ).toBe(500);
  });

  test("gives up when the server asks for a longer wait than the caller has", () => {
    const busy = failure("JAM_UPSTREAM_STATUS", { status: 503, retryAfterMs: 7000 });
    const wait = (maxAskedMs: number) => planRetry(busy, 1, { ...RETRY_DEFAULTS, maxAskedMs }, 0);
    expect([wait(7000), wait(6999)]).toEqual([7000, undefined]);
  });
});

describe("parseRetryAfterMs", () => {
  test.for<[string, string | undefined, string | undefined, number | undefined]>([
    ["no header", undefined, undefined, undefined],
    ["seconds", "120", undefined, 120_000],
    ["zero", "0", undefined, 0],
    ["negative seconds", "-5", undefined, 0],
    ["very many seconds", "1000000000", undefined, 300_000],
    ["more digits than a number holds", "9".repeat(400), undefined, 300_000],
    ["a date", date(30_000), undefined, 30_000],
    ["a date in the past", date(-30_000), undefined, 0],
    ["a date far away", date(1e10), undefined, 300_000],
    ["a date by a server whose clock differs", date(3_630_000), date(3_600_000), 30_000],
    ["a date beside a broken Date header", date(30_000), "yesterday-ish", 30_000],
    ["nonsense", "soon", undefined, undefined],
    ["nothing", "", undefined, undefined],
  ])("%s", ([, header, servedAt, expected]) => {
    expect(parseRetryAfterMs(header, servedAt, NOW)).toBe(expected);
  });
});
