import { expect, test } from "vitest";
import { summarizeRun, type FinishedRun } from "../../../src/sync/summarize-run.ts";
import { mirrored } from "./agents.ts";

test("lists a thousand rows of what came, went, failed and was warned of, and counts the others", () => {
  const numbers = Array.from({ length: 1500 }, (_, index) => index);
  const removal = { reason: "gone upstream", detail: "upstream no longer lists it" } as const;
  const assessment = {
    source: { url: "http://upstream.invalid/", verifies: true },
    plan: { fetch: [], remove: numbers.map((patch) => ({ agent: `2.9.${patch}-ubuntu-amd64`, ...removal })) },
    failed: numbers.map((patch) => ({
      agent: `4.0.${patch}-ubuntu-amd64`,
      path: "x",
      code: "JAM_ITEM_REFUSED" as const,
      message: "bad",
    })),
    warnings: numbers.map(String),
    rules: numbers.map((rule) => ({ rule, conditions: "all", taken: 1, gaps: [] })),
  } as unknown as FinishedRun["assessment"];
  const report = summarizeRun({
    current: undefined,
    snapshot: undefined,
    assessment,
    outcome: { fetched: [], bytes: 0, resumed: 0, failed: new Map() },
    agents: numbers.map((patch) => mirrored(`3.6.${patch}`)),
    gone: { agents: [], proofs: [] },
    alarms: [],
  });
  expect(report.omitted).toEqual({ added: 500, removed: 500, failed: 500, warnings: 500, rules: 500 });
  for (const list of [report.added, report.removed, report.failed, report.warnings])
    expect(list).toHaveLength(1000);
  expect([report.outcome, report.held.agents]).toEqual(["partial", 1500]);
});
