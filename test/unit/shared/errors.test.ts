import { describe, expect, test } from "vitest";
import {
  ERROR_OUTCOMES,
  HttpStatusError,
  isOfFamily,
  JamError,
  reportError,
  type ErrorCode,
} from "../../../src/shared/errors.ts";

const CODES = Object.keys(ERROR_OUTCOMES) as ErrorCode[];

describe("the family of an error", () => {
  test.for<[prefix: string, family: string]>([
    ["JAM_UPSTREAM_", "upstream"],
    ["JAM_METADATA_", "metadata"],
    ["JAM_ITEM_", "item"],
    ["JAM_STORE_", "store"],
    ["JAM_BUNDLE_", "bundle"],
    ["JAM_MEDIUM_", "medium"],
    ["JAM_SIGNATURE_", "trust"],
    ["JAM_SIGNER_", "trust"],
  ])("every code that begins with %s is of the family %s", ([prefix, family]) => {
    const codes = CODES.filter((code) => code.startsWith(prefix));
    expect(codes.length).toBeGreaterThan(0);
    for (const code of codes) expect(new JamError(code, "it failed").family).toBe(family);
  });

  test("is asked for by name, and foreign errors have none", () => {
    const error = new JamError("JAM_STORE_LOCKED", "it is locked");
    expect(isOfFamily(error, "store", "medium")).toBe(true);
    expect(isOfFamily(error, "bundle")).toBe(false);
    expect(isOfFamily(new Error("JAM_STORE_LOCKED"), "store")).toBe(false);
  });
});

describe("an error that another layer reports", () => {
  const cause = new JamError("JAM_CONFIG_INVALID", "jam.yaml: 2 problems", {
    lines: ["mode: unknown\u001b[2J", "data: missing"],
    hint: "Correct these places.",
    details: { file: "jam.yaml" },
  });

  test("keeps what is not named, and the first error as its cause", () => {
    const error = cause.with({ details: { site: "north" } });
    expect(error).toMatchObject({ code: cause.code, message: cause.message, hint: cause.hint, cause });
    expect(error.details).toEqual({ file: "jam.yaml", site: "north" });
  });

  test("keeps the lines of the message behind a prefix, which cannot add lines", () => {
    const error = cause.with({ code: "JAM_USAGE_INVALID", prefix: "question\n2: " });
    expect(error.code).toBe("JAM_USAGE_INVALID");
    expect(error.message.split("\n")).toEqual([
      "question\\u{a}2: jam.yaml: 2 problems",
      "mode: unknown\\u{1b}[2J",
      "data: missing",
    ]);
  });

  test("takes another message and hint", () => {
    const error = cause.with({ message: "The server failed.", hint: "Look at the log." });
    expect(error).toMatchObject({ message: "The server failed.", hint: "Look at the log." });
  });

  test("comes back from a report as it was", () => {
    expect(reportError(JamError.fromReport(reportError(cause)))).toEqual(reportError(cause));
  });
});

test("a status that is of no use stands in the details as well", () => {
  const answer = { status: 429, retryAfterMs: 7000 };
  const error = new HttpStatusError("JAM_UPSTREAM_STATUS", "busy", answer, { details: { url: "http://x/" } });
  expect(error).toMatchObject(answer);
  expect(error.details).toEqual({ url: "http://x/", status: 429, retryAfterMs: 7000 });
  expect(new HttpStatusError("JAM_UPSTREAM_STATUS", "x", { status: 403 }).details).toEqual({ status: 403 });
});
