/**
 * How much a test tries. `npm test` runs the quick tier; `npm run test:all` sets `JAM_TESTS=all`.
 *
 * ```ts
 * const KILLS = byTier({ quick: 4, all: 30 });
 * ```
 */

const IS_ALL = process.env["JAM_TESTS"] === "all";

/** What this tier takes: a number of cases, kills or mutants, or the cases themselves. */
export function byTier<T>({ quick, all }: { readonly quick: T; readonly all: T }): T {
  return IS_ALL ? all : quick;
}

/** Every `n`-th of `cases` in `npm test`, from the `from`-th on; all of them in `npm run test:all`. */
export function oneIn<T>(n: number, cases: readonly T[], from = 0): readonly T[] {
  return byTier({ quick: cases.filter((_, index) => index % n === from % n), all: cases });
}

/** The `numRuns` of a property: `quick` of them in `npm test`, ten times as many in `npm run test:all`. */
export function runs(quick: number): { readonly numRuns: number } {
  return { numRuns: byTier({ quick, all: 10 * quick }) };
}
