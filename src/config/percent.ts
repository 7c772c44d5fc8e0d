/** A share as a number from 0 to 1: `40%`, `0.4`; undefined when it is neither. */
export function parsePercent(value: string | number): number | undefined {
  if (typeof value === "number") return value >= 0 && value <= 1 ? value : undefined;
  const match = /^(\d{1,3}(?:\.\d+)?) ?%$/.exec(value.trim());
  const share = Number(match?.[1]) / 100;
  return match !== null && share <= 1 ? share : undefined;
}
