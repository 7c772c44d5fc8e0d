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

/** The figures as a Markdown table. */
export function formatFigures(figures: readonly Figure[]): string {
  const rows = figures.map(
    ({ what, value, peer, result, aim, isMet }) =>
      `| ${what} | ${value} | ${peer} | ${result} | ${aim} | ${isMet ? "yes" : "**no**"} |`,
  );
  return ["| What | jam | Peer | Result | Aim | Met |", "|---|---|---|---|---|---|", ...rows].join("\n");
}
