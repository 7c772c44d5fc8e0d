import { expect, test } from "vitest";
import { JamError, reportError } from "../../../src/shared/errors.ts";
import { countRows, cutLists, formatCount } from "../../../src/shared/listed.ts";

const rows = (count: number) => Array.from({ length: count }, (_, index) => index);

test("leaves a document alone whose lists are short", () => {
  const document = { failed: rows(1000), other: rows(5000) };
  expect(cutLists(document, ["failed"])).toBe(document);
});

test("cuts long lists and counts what each left out", () => {
  const cut = cutLists({ failed: rows(1500), removed: rows(3), added: rows(2000), other: rows(5000) }, [
    "failed",
    "removed",
    "added",
  ]);
  expect(cut).toEqual({
    failed: rows(1000),
    removed: rows(3),
    added: rows(1000),
    other: rows(5000),
    omitted: { failed: 500, added: 1000 },
  });
  expect([countRows(cut, "failed"), countRows(cut, "removed"), countRows(cut, "added")]).toEqual([
    1500, 3, 2000,
  ]);
});

test("counts on when a list is cut once more", () => {
  const once = cutLists({ failed: rows(1500) }, ["failed"]);
  expect(cutLists(once, ["failed"], 10)).toEqual({ failed: rows(10), omitted: { failed: 1490 } });
});

test("an error is reported with bounded lists and texts, whatever its details hold", () => {
  const details = {
    problems: rows(200_000).map((index) => ({ path: `x${index}`, message: "y".repeat(3000) })),
    missing: rows(1001),
    text: "z".repeat(1_000_000),
    count: 7,
    omitted: { missing: 2 },
  };
  const report = reportError(new JamError("JAM_USAGE_INVALID", "m".repeat(1_000_000), { details }));
  expect(report.details["problems"]).toHaveLength(1000);
  expect(report.details["missing"]).toHaveLength(1000);
  expect(report.details.omitted).toEqual({ problems: 199_000, missing: 3 });
  expect(report.details["count"]).toBe(7);
  expect(report.message.length).toBeLessThan(10_000);
  expect(JSON.stringify(report).length).toBeLessThan(3_000_000);
});

test("an error of many lines shows the first ones", () => {
  const { message } = new JamError("JAM_USAGE_INVALID", "Many:", { lines: rows(50_000).map(String) });
  expect(message.split("\n")).toHaveLength(1001);
});

test("writes a number with its word in the singular or the plural", () => {
  expect([0, 1, 2].map((count) => formatCount(count, "agent"))).toEqual(["0 agents", "1 agent", "2 agents"]);
});
