import type { Figure } from "./figure.ts";

/** A row may be so much worse than the one that was kept. */
const TOLERANCE = 0.15;

/** A ratio to a peer, and whether more of it is better. */
interface Ratio {
  readonly value: number;
  readonly isMoreBetter: boolean;
}

/**
 * Rows that are worse than the kept ones, as ratios to their peers: machines differ, ratios hardly do. Rows without a
 * ratio, and rows that one of both does not have, are not compared.
 * @param kept a Markdown table as `formatFigures` writes it
 */
export function findRegressions(figures: readonly Figure[], kept: string): string[] {
  const before = keptRatios(kept);
  return namesOf(figures).flatMap(([name, figure]) => {
    const [old, now] = [before.get(name), ratioOf(figure.result, figure.aim)];
    if (old === undefined || now === undefined) return [];
    const isWorse = now.isMoreBetter
      ? now.value < old.value * (1 - TOLERANCE)
      : now.value > old.value * (1 + TOLERANCE);
    return isWorse ? [`${name}: ${now.value} × its peer, was ${old.value} ×`] : [];
  });
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

function ratioOf(result: string, aim: string): Ratio | undefined {
  const text = /(\d+(?:\.\d+)?) × its/.exec(result)?.[1];
  return text === undefined ? undefined : { value: Number(text), isMoreBetter: aim.startsWith("≥") };
}
