import { expect, test } from "vitest";
import { compareFigures } from "../../../bench/compare.ts";
import { formatFigures, type Figure } from "../../../bench/figure.ts";

function row(what: string, result: string, aim: string): Figure {
  return { what, value: "1 ms", peer: "nginx, 1 ms", result, aim, isMet: true };
}

const KEPT = [
  row("Serving", "1.00 × its speed", "≥ 1.2 ×"),
  row("… CPU per GB", "2.0 × its CPU", "≤ 4 ×"),
  row("… peak memory", "144 MB", "≤ 200 MB"),
  row("Syncing", "1.00 × its time", "≤ 1.1 ×"),
  row("… CPU per GB", "1.0 × its CPU", "≤ 4 ×"),
  row("A new connection", "5 ms, 1.00 × its time", "≤ 250 ms"),
  row("Latency", "4.0 × faster", "≥ 4 ×"),
  row("The log", "5.0 % slower", "< 5 %"),
  row("… CPU per request", "2.0 % more", "< 5 %"),
];

const withRow = (at: number, result: string) =>
  KEPT.map((one, index) => (index === at ? { ...one, result } : one));
const worseThanKept = (figures: readonly Figure[]) =>
  compareFigures(figures, `# A page\n\n${formatFigures(KEPT)}\n\nMore text.`).worse;

test("what is as before is not worse, and every ratio is compared", () => {
  expect(compareFigures(KEPT, formatFigures(KEPT))).toEqual({ worse: [], compared: 8, missing: [] });
});

test.for([
  [0, "0.86 × its speed", "0.84 × its speed", "Serving: 0.84 × its peer, was 1 ×"],
  [1, "2.3 × its CPU", "2.4 × its CPU", "Serving … CPU per GB: 2.4 × its peer, was 2 ×"],
  [3, "1.15 × its time", "1.16 × its time", "Syncing: 1.16 × its peer, was 1 ×"],
  [4, "0.5 × its CPU", "1.2 × its CPU", "Syncing … CPU per GB: 1.2 × its peer, was 1 ×"],
  [5, "9 ms, 1.15 × its time", "4 ms, 1.16 × its time", "A new connection: 1.16 × its peer, was 1 ×"],
  [6, "3.5 × faster", "3.3 × faster", "Latency: 3.3 × its peer, was 4 ×"],
  [7, "20.0 % slower", "21.0 % slower", "The log: 1.21 × its peer, was 1.05 ×"],
  [7, "3.0 % faster", "30.0 % slower", "The log: 1.3 × its peer, was 1.05 ×"],
  [8, "17.0 % more", "18.0 % more", "The log … CPU per request: 1.18 × its peer, was 1.02 ×"],
] as const)("row %i: %s passes, %s does not", ([at, good, bad, line]) => {
  expect(worseThanKept(withRow(at, good))).toEqual([]);
  expect(worseThanKept(withRow(at, bad))).toEqual([line]);
});

test("rows that are new or without a ratio are not compared, and kept ones that are missing are named", () => {
  const [serving, , memory] = KEPT as [Figure, Figure, Figure];
  const figures = [serving, { ...memory, result: "999 MB" }, row("New", "9.00 × its time", "≤ 1 ×")];
  const { worse, compared, missing } = compareFigures(figures, formatFigures(KEPT));
  expect([worse, compared]).toEqual([[], 1]);
  expect(missing).toContain("Serving … CPU per GB");
  expect(missing).toHaveLength(7);
  expect(compareFigures(figures, "an empty page").compared).toBe(0);
});
