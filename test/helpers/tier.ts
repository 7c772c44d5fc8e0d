/**
 * How much a test tries. `npm test` runs the quick tier; `npm run test:all` sets `JAM_TESTS=all`.
 *
 * ```ts
 * const KILLS = byTier({ quick: 4, all: 30 });
 * ```
 */

const IS_ALL = process.env["JAM_TESTS"] === "all";

/** The number of cases, kills or mutants for this run. */
export function byTier(counts: { readonly quick: number; readonly all: number }): number {
  return IS_ALL ? counts.all : counts.quick;
}

/** The `numRuns` of a property: `quick` of them in `npm test`, ten times as many in `npm run test:all`. */
export function runs(quick: number): { readonly numRuns: number } {
  return { numRuns: byTier({ quick, all: 10 * quick }) };
}
