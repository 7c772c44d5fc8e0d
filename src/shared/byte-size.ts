const UNITS = {
  "": 1,
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  K: 2 ** 10,
  M: 2 ** 20,
  G: 2 ** 30,
  T: 2 ** 40,
  KIB: 2 ** 10,
  MIB: 2 ** 20,
  GIB: 2 ** 30,
  TIB: 2 ** 40,
} as const;

/**
 * The number of bytes that `80GiB`, `500 MB`, `64K` or `1048576` names, or undefined when it is none of these.
 * `K`, `M`, `G`, `T` alone are powers of 1024, as `KiB` is; `KB` is 1000.
 */
export function parseByteSize(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([A-Za-z]*)$/.exec(text.trim());
  const unit = match?.[2]?.toUpperCase();
  if (match?.[1] === undefined || unit === undefined || !(unit in UNITS)) return undefined;
  const bytes = Math.round(Number(match[1]) * UNITS[unit as keyof typeof UNITS]);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** Bytes for people: `0 B`, `999 B`, `1.5 KiB`, `48.2 MiB`, `61.0 GiB`. */
export function formatByteSize(bytes: number): string {
  let value = bytes;
  for (const unit of ["B", "KiB", "MiB", "GiB"]) {
    if (value < 1024) return unit === "B" ? `${value} B` : `${value.toFixed(1)} ${unit}`;
    value /= 1024;
  }
  return `${value.toFixed(1)} TiB`;
}
