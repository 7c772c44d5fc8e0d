/**
 * The candidate that `word` most likely stands for, or undefined when none is near enough to suggest:
 * at most one typing slip for every three letters, and never more than `maxSlips`. Costs nothing for words of
 * another length than every candidate, however long they are.
 */
export function nearest(
  word: string,
  candidates: readonly string[],
  maxSlips = Infinity,
): string | undefined {
  const near = candidates.filter((candidate) => isNearInLength(word, candidate, maxSlips));
  if (near.length === 0) return undefined;
  let best: string | undefined;
  let bestDistance = Infinity;
  const typed = word.toLowerCase();
  for (const candidate of near) {
    const distance = editDistance(typed, candidate.toLowerCase());
    if (distance <= slipsAllowed(word, candidate, maxSlips) && distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/**
 * `nearest` for many names from outside: each name is compared once, and only so many of them, so that a text full
 * of unknown names costs little. Names beyond the limit are counted and have no suggestion.
 */
export class NameJudge {
  readonly #maxNames: number;
  readonly #judged = new Map<string, string | undefined>();
  readonly #passedOver = new Set<string>();

  /** @param maxNames names that are compared; further ones are only counted */
  constructor(maxNames: number) {
    this.#maxNames = maxNames;
  }

  /**
   * What `word` most likely stands for among the candidates of a place.
   * @param place names the list of candidates: the same word may stand for something else elsewhere
   */
  near(word: string, place: string, candidates: readonly string[], maxSlips?: number): string | undefined {
    const key = `${place} ${word}`;
    if (this.#judged.has(key)) return this.#judged.get(key);
    if (this.#judged.size >= this.#maxNames) {
      this.#passedOver.add(key);
      return undefined;
    }
    const near = nearest(word, candidates, maxSlips);
    this.#judged.set(key, near);
    return near;
  }

  /** How many different names were not compared, because there were too many. */
  get passedOver(): number {
    return this.#passedOver.size;
  }
}

/** A difference in length is so many slips at least. */
function isNearInLength(word: string, candidate: string, maxSlips: number): boolean {
  return Math.abs(word.length - candidate.length) <= slipsAllowed(word, candidate, maxSlips);
}

function slipsAllowed(word: string, candidate: string, maxSlips: number): number {
  const length = Math.max(word.length, candidate.length);
  return Math.min(Math.max(1, Math.floor(length / 3)), maxSlips);
}

/** Insertions, deletions, replacements and swaps of neighbours that lead from `a` to `b` (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let cost = Math.min(replace, (previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (isSwap) cost = Math.min(cost, (beforePrevious[j - 2] ?? 0) + 1);
      current.push(cost);
    }
    beforePrevious = previous;
    previous = current;
  }
  return previous[b.length] ?? 0;
}
