import type { KillPoint } from "./kill-points.ts";

/** The steps that move names; each is tried, and of the many others a few. `node test/crash/main.ts` tries all. */
const MOVES = new Set(["link", "symlink", "rmdir"]);
const ONE_IN: Readonly<Record<string, number>> = { rename: 2, unlink: 5, fsync: 9 };

/** True for the kill points that a test tries. */
export function chooseSample({ call, ordinal }: KillPoint): boolean {
  return MOVES.has(call) ? ordinal % 3 === 1 : ordinal % (ONE_IN[call] ?? 30) === 0;
}

/** As `chooseSample`, and of those one in `n`: for runs that are many times as long. */
export function chooseOneIn(n: number): (point: KillPoint) => boolean {
  let met = 0;
  return (point) => chooseSample(point) && (met += 1) % n === 0;
}
