const UNIT_MS = { W: 604_800_000, D: 86_400_000, H: 3_600_000, M: 60_000, S: 1_000 } as const;
const ISO_8601 =
  /^P(?=.)(?:(?<W>\d+)W)?(?:(?<D>\d+)D)?(?:T(?=.)(?:(?<H>\d+)H)?(?:(?<M>\d+)M)?(?:(?<S>\d+(?:\.\d+)?)S)?)?$/;

/**
 * Milliseconds of an ISO 8601 duration (`PT6H`, `P2D`, `P1DT12H`), or undefined when it is not one.
 * Years and months are refused: their length is not fixed.
 */
export function parseDurationMs(text: string): number | undefined {
  const groups = ISO_8601.exec(text.trim())?.groups;
  if (groups === undefined) return undefined;
  let ms = 0;
  for (const [unit, length] of Object.entries(UNIT_MS)) ms += Number(groups[unit] ?? 0) * length;
  return ms;
}

const SHORT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** As `parseDurationMs`, and `90s`, `30m`, `2h`, `1d`, as people type them on a command line. */
export function parseSpanMs(text: string): number | undefined {
  const [, amount, unit = ""] = /^(\d+)([smhd])$/.exec(text.trim()) ?? [];
  const unitMs = SHORT_MS[unit];
  return amount === undefined || unitMs === undefined ? parseDurationMs(text) : Number(amount) * unitMs;
}

/** A span for people, coarse on purpose: `0.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`, `4 d 6 h`. */
export function formatDuration(ms: number): string {
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return join(minutes, "min", seconds % 60, "s");
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return join(hours, "h", minutes % 60, "min");
  return join(Math.floor(hours / 24), "d", hours % 24, "h");
}

function join(major: number, majorUnit: string, minor: number, minorUnit: string): string {
  return minor === 0 ? `${major} ${majorUnit}` : `${major} ${majorUnit} ${minor} ${minorUnit}`;
}
