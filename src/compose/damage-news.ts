import type { Damage, OthersDamage } from "../server/proven-blobs.ts";
import type { ServerCounts } from "../server/server-counts.ts";

/** Findings after the first so many. */
export interface News {
  readonly damages: readonly Damage[];
  /** How many there are with these. */
  readonly known: number;
}

/**
 * Asks for findings when the count of all workers shows that there are new ones: what one worker found is known to all
 * before the next request.
 */
export function openNews(
  counts: ServerCounts,
  read: (seen: number, counted: number) => Promise<unknown>,
): OthersDamage {
  let seen = 0;
  let reading: Promise<readonly Damage[]> | undefined;
  return { news };

  function news(): Promise<readonly Damage[]> | undefined {
    const counted = counts.damaged;
    if (counted === seen) return undefined;
    // What is being read may not have the newest ones.
    if (reading !== undefined) return reading.then(async (first) => [...first, ...((await news()) ?? [])]);
    reading = read(seen, counted)
      .then((answer) => {
        const { damages, known } = answer as News;
        seen = Math.max(seen, known);
        return damages;
      })
      .finally(() => (reading = undefined));
    return reading;
  }
}

/** What all workers have found, in the main thread. */
export class DamageBoard {
  readonly #damages: Damage[] = [];
  readonly #waiting = new Set<{ readonly counted: number; readonly resolve: () => void }>();
  /** Findings that a worker counted and could not tell any more. */
  #lost = 0;

  /** True for the first finding of this file. */
  add(damage: Damage): boolean {
    const isNew = !this.#damages.some(({ sha256, key }) => sha256 === damage.sha256 && key === damage.key);
    this.#damages.push(damage);
    this.#settle();
    return isNew;
  }

  /** Findings after the first `seen`, once `counted` have arrived. */
  async read(seen: number, counted: number): Promise<News> {
    if (this.#known < counted) {
      await new Promise<void>((resolve) => this.#waiting.add({ counted, resolve }));
    }
    return { damages: this.#damages.slice(Math.max(0, seen - this.#lost)), known: this.#known };
  }

  /** A worker ended: what it counted last may never arrive. */
  giveUp(counted: number): void {
    this.#lost += Math.max(0, counted - this.#known);
    this.#settle();
  }

  get #known(): number {
    return this.#damages.length + this.#lost;
  }

  #settle(): void {
    for (const waiting of this.#waiting) {
      if (this.#known < waiting.counted) continue;
      this.#waiting.delete(waiting);
      waiting.resolve();
    }
  }
}
