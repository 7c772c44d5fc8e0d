import { formatByteSize } from "../src/shared/byte-size.ts";

/** One measured line of the table: what, how much, against which peer, and what was aimed at. */
export interface Figure {
  readonly what: string;
  readonly value: string;
  readonly peer: string;
  /** The ratio or amount that the aim is about. */
  readonly result: string;
  readonly aim: string;
  readonly isMet: boolean;
}

const MEMORY_AIM = 200e6;

/** The line for the peak memory of the run above it, in bytes. */
export function memoryFigure(peak: number, aim = MEMORY_AIM): Figure {
  return {
    what: "… peak memory",
    value: formatByteSize(peak),
    peer: "–",
    result: `${(peak / 1e6).toFixed(0)} MB`,
    aim: `≤ ${aim / 1e6} MB`,
    isMet: peak <= aim,
  };
}

/** The figures as a Markdown table. */
export function formatFigures(figures: readonly Figure[]): string {
  const rows = figures.map(
    ({ what, value, peer, result, aim, isMet }) =>
      `| ${what} | ${value} | ${peer} | ${result} | ${aim} | ${isMet ? "yes" : "**no**"} |`,
  );
  return ["| What | jam | Peer | Result | Target | Met |", "|---|---|---|---|---|---|", ...rows].join("\n");
}
