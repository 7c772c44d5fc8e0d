import { expect, test } from "vitest";
import { plainReport } from "../../../src/mirror/plain-report.ts";
import { syncReport } from "../../../src/mirror/run-document.ts";
import { fc, test as property } from "../../helpers/property.ts";

const REPORT = {
  outcome: "updated",
  snapshot: "20261123T204800Z-1a2b3c4d",
  upstream: "http://sample.invalid/",
  verified: true,
  fetched: { agents: 2, bytes: 10 },
  resumed: 5,
  held: { agents: 3, bytes: 15 },
  tarballs: { fetched: 2, held: 3 },
  added: ["3.6.5-ubuntu-amd64"],
  removed: [{ agent: "3.6.4-ubuntu-amd64", reason: "gone upstream", detail: "not listed" }],
  failed: [{ agent: "3.6.6-ubuntu-amd64", path: "a.tgz", code: "JAM_ITEM_HASH_MISMATCH", message: "no" }],
  warnings: ["a warning"],
  rules: [{ rule: 1, conditions: "released", taken: 3, missing: [{ kind: "versions", message: "no" }] }],
  startedAt: "2026-11-23T20:48:00.000Z",
  durationMs: 12,
};
const CUT_SHORT = {
  ...REPORT,
  command: "jam sync",
  kept: { files: 1, partial: 0, bytes: 5 },
  error: { code: "JAM_CANCELLED", message: "Cancelled." },
};

/** Paths of all fields and rows of a document. */
function pathsOf(value: unknown, at: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== "object" || value === null) return [at];
  const below = Object.entries(value).flatMap(([key, inner]) => pathsOf(inner, [...at, key]));
  return at.length === 0 ? below : [at, ...below];
}

function changed(value: unknown, [key, ...rest]: readonly string[], to: (old: unknown) => unknown): unknown {
  if (key === undefined) return to(value);
  const copy = (Array.isArray(value) ? [...value] : { ...(value as object) }) as Record<string, unknown>;
  const next = changed(copy[key], rest, to);
  if (next === undefined) delete copy[key];
  else copy[key] = next;
  return copy;
}

test("the report of a usual run is recognised without the schema, one that was cut short is left to it", () => {
  expect(plainReport(REPORT)).toEqual(REPORT);
  expect(plainReport({ ...REPORT, sum: "0123456789abcdef" })).toEqual(REPORT);
  expect(syncReport.parse(REPORT)).toEqual(REPORT);
  const { resumed: _r, tarballs: _t, rules: _l, ...least } = REPORT;
  expect(plainReport(least)).toEqual(least);
  expect(plainReport(CUT_SHORT)).toBeUndefined();
  for (const other of [null, [], "text", 1, {}, { ...REPORT, sum: 1 }])
    expect(plainReport(other)).toBeUndefined();
});

const anyChange = fc.tuple(
  fc.constantFrom(...pathsOf(REPORT)),
  fc.oneof(
    fc.constant(undefined),
    fc.constantFrom<unknown>(null, -1, 0, 1.5, 2 ** 60, true, "", "killed", "denied", [], {}, [1], ["x"]),
    fc.jsonValue(),
  ),
);

property.prop([fc.array(anyChange, { minLength: 1, maxLength: 2 })])(
  "whatever is recognised is what the schema accepts, unchanged",
  (changes) => {
    const made = changes.reduce<unknown>((all, [path, to]) => {
      try {
        return changed(all, path, () => to);
      } catch {
        return all;
      }
    }, REPORT);
    // As it is read from a file: lists have no holes.
    const document = JSON.parse(JSON.stringify(made)) as unknown;
    if (plainReport(document) !== undefined) expect(syncReport.parse(document)).toEqual(document);
  },
);

test.for(["extra", "__proto__", "constructor"])(
  "a report with the further field %s is left to the schema",
  (name) => {
    const document = JSON.parse(JSON.stringify(REPORT).replace("{", `{"${name}":1,`)) as unknown;
    expect(plainReport(document)).toBeUndefined();
  },
);
