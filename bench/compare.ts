import type { Figure } from "./figure.ts";

/** A row may be so much worse than the one that was kept. */
const TOLERANCE = 0.15;

/** A ratio to a peer, and whether more of it is better. */
interface Ratio {
  readonly value: number;
  readonly isMoreBetter: boolean;
}

/** What came of a comparison with the kept figures. */
export interface Comparison {
  /** Rows that are worse than the kept ones. */
  readonly worse: readonly string[];
  /** How many rows were compared. */
  readonly compared: number;
  /** Rows with a ratio that were kept and are not among the new ones: a part that was not run, or a peer that is missing. */
  readonly missing: readonly string[];
}

/**
 * Compares figures with the kept ones, as ratios to their peers: machines differ, ratios hardly do. Rows without a ratio are
 * not compared.
 * @param kept a Markdown table as `formatFigures` writes it
 */
export function compareFigures(figures: readonly Figure[], kept: string): Comparison {
  const before = keptRatios(kept);
  const names = new Set(namesOf(figures).map(([name]) => name));
  const pairs = namesOf(figures).flatMap(([name, { result, aim }]) => {
    const [old, now] = [before.get(name), ratioOf(result, aim)];
    return old === undefined || now === undefined ? [] : [{ name, old, now }];
  });
  return {
    worse: pairs.flatMap(({ name, old, now }) =>
      isWorse(old, now) ? [`${name}: ${now.value} × its peer, was ${old.value} ×`] : [],
    ),
    compared: pairs.length,
    missing: [...before.keys()].filter((name) => !names.has(name)),
  };
}

function isWorse(old: Ratio, now: Ratio): boolean {
  return now.isMoreBetter ? now.value < old.value * (1 - TOLERANCE) : now.value > old.value * (1 + TOLERANCE);
}

function keptRatios(table: string): Map<string, Ratio> {
  const rows = table.split("\n").flatMap((line) => {
    const [what, , , result, aim, isMet] = line.replaceAll(/^\| | \|$/g, "").split(" | ");
    if (what === undefined || result === undefined || aim === undefined || isMet === undefined) return [];
    return [{ what, result, aim }];
  });
  return new Map(
    namesOf(rows).flatMap(([name, { result, aim }]) => {
      const ratio = ratioOf(result, aim);
      return ratio === undefined ? [] : [[name, ratio] as const];
    }),
  );
}

/** A row that begins with dots belongs to the last one that does not. */
function namesOf<Row extends { readonly what: string }>(rows: readonly Row[]): [string, Row][] {
  let last = "";
  return rows.map((row) => {
    if (!row.what.startsWith("…")) last = row.what;
    return [row.what.startsWith("…") ? `${last} ${row.what}` : row.what, row];
  });
}

/** `1.25 × its speed`, `4.1 × faster`, `6.1 % slower`, `7.5 % more`. */
function ratioOf(result: string, aim: string): Ratio | undefined {
  const [, times] = /(\d+(?:\.\d+)?) × (?:its|faster)/.exec(result) ?? [];
  if (times !== undefined) return { value: Number(times), isMoreBetter: aim.startsWith("≥") };
  const [, percent, way] = /(\d+(?:\.\d+)?) % (slower|faster|more|less)/.exec(result) ?? [];
  if (percent === undefined) return undefined;
  const share = Number(percent) / 100;
  const isDearer = way === "slower" || way === "more";
  return { value: Number((isDearer ? 1 + share : 1 - share).toFixed(4)), isMoreBetter: false };
}
