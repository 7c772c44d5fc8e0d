import { describe, expect, test } from "vitest";
import type { JamError } from "../../../src/shared/errors.ts";
import { sha256Of } from "../../../src/shared/sha256.ts";
import { checkFreshness, type Allowance } from "../../../src/metadata/freshness.ts";
import type { AcceptedDocument } from "../../../src/mirror/upstream-state.ts";

const NOW = new Date("2026-11-23T12:00:00Z");
const DAY_MS = 86_400_000;
const day = (days: number): string => new Date(NOW.getTime() + days * DAY_MS).toISOString();

interface Dates {
  readonly updatedAt?: string;
  readonly signedAt?: string;
}

function document(dates: Dates): AcceptedDocument {
  const path = "streams/v1/index2.sjson";
  return { path, url: `http://sample.invalid/${path}`, sha256: sha256Of("x"), validators: {}, ...dates };
}

function check(received: Dates, known: Dates | undefined, allow: readonly Allowance[] = []): string[] {
  const memory = new Map(known === undefined ? [] : [[document({}).path, document(known)]]);
  return checkFreshness([document(received)], memory, { now: NOW, allow: new Set(allow) });
}

describe("freshness", () => {
  test.for<[what: string, received: Dates, known: Dates | undefined]>([
    ["newer", { updatedAt: day(-1) }, { updatedAt: day(-2) }],
    ["the same", { updatedAt: day(-1), signedAt: day(-1) }, { updatedAt: day(-1), signedAt: day(-1) }],
    ["signed again", { updatedAt: day(-2), signedAt: day(-1) }, { updatedAt: day(-2), signedAt: day(-2) }],
    ["never seen", { updatedAt: day(-1) }, undefined],
    ["undated as ever", {}, {}],
    ["dated for the first time", { updatedAt: day(-1) }, {}],
    ["a few hours ahead of this clock", { updatedAt: day(0.9) }, { updatedAt: day(-1) }],
  ])("takes what is %s", ([, received, known]) => {
    expect(check(received, known)).toEqual([]);
  });

  test.for<[what: string, received: Dates, known: Dates, Allowance, code: string]>([
    ["older", { updatedAt: day(-3) }, { updatedAt: day(-2) }, "rollback", "JAM_METADATA_ROLLBACK"],
    ["undated now", {}, { updatedAt: day(-2) }, "rollback", "JAM_METADATA_ROLLBACK"],
    [
      "signed earlier",
      { updatedAt: day(-2), signedAt: day(-2) },
      { updatedAt: day(-2), signedAt: day(-1) },
      "rollback",
      "JAM_METADATA_ROLLBACK",
    ],
    ["of next week", { updatedAt: day(7) }, { updatedAt: day(-2) }, "future", "JAM_METADATA_FUTURE"],
    ["signed next week", { updatedAt: day(-1), signedAt: day(7) }, {}, "future", "JAM_METADATA_FUTURE"],
  ])("refuses what is %s, unless told to let it pass", ([, received, known, allowance, code]) => {
    expect(() => check(received, known)).toThrow(expect.objectContaining({ code }));
    expect(() => check(received, known, [allowance])).not.toThrow();
  });

  test.for<[what: string, received: Dates, known: Dates, isExplained: boolean]>([
    ["updated some hours earlier", { updatedAt: day(0) }, { updatedAt: day(0.8) }, true],
    [
      "signed some hours earlier",
      { updatedAt: day(-1), signedAt: day(-0.5) },
      { updatedAt: day(-1), signedAt: day(0) },
      true,
    ],
    ["a whole day earlier", { updatedAt: day(-1) }, { updatedAt: day(0) }, true],
    ["more than a day earlier", { updatedAt: day(-1.1) }, { updatedAt: day(0) }, false],
    ["undated now", {}, { updatedAt: day(0) }, false],
  ])("a refusal of what is %s tells whether clocks may be the cause", ([, received, known, isExplained]) => {
    let hint = "";
    try {
      check(received, known);
    } catch (error) {
      hint = (error as JamError).hint ?? "";
    }
    expect(hint).toContain("--allow rollback");
    const accepted = received.updatedAt === known.updatedAt ? known.signedAt : known.updatedAt;
    expect(hint.includes(`what is dated after ${accepted} is accepted again by itself`)).toBe(isExplained);
  });

  test("warns of what is older than two weeks, by its signature where it has one", () => {
    expect(check({ updatedAt: day(-15) }, undefined)).toHaveLength(1);
    expect(check({ updatedAt: day(-15), signedAt: day(-1) }, undefined)).toEqual([]);
  });
});
