/**
 * Random choices that come again with the same seed. `JAM_SEED=7 vitest …` takes another seed than the usual one.
 *
 * ```ts
 * const random = seededRandom(SEED);
 * random.pick(["amd64", "arm64"]); random.below(10); random.chance(0.2); random.some(list, 0.5)
 * ```
 */
export interface Random {
  /** A whole number from 0 up to but not including `limit`. */
  below(limit: number): number;
  chance(probability: number): boolean;
  pick<T>(list: readonly T[]): T;
  /** Each element with that probability, in order. */
  some<T>(list: readonly T[], probability: number): T[];
}

/** The seed of this run. */
export const SEED = Number(process.env["JAM_SEED"] ?? 20_261_123);

/** Source: Tommy Ettinger's mulberry32 (public domain). */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  return {
    below,
    chance: (probability) => next() < probability,
    pick(list) {
      const picked = list[below(list.length)];
      if (picked === undefined) throw new Error("Nothing to pick from.");
      return picked;
    },
    some: (list, probability) => list.filter(() => next() < probability),
  };
}
