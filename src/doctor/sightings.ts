import type { Sighting } from "./doctor-document.ts";

/** Lines that are shown of one finding. */
const SHOWN = 3;
const MAX_LINE = 500;

/** Different things of one kind that are kept apart; further ones are counted together. */
const MAX_KEYS = 100;
export const OTHERS = "\u0000others";

/** One line that says something. */
export interface SeenLine {
  readonly file: string;
  readonly number: number;
  readonly text: string;
  /** Milliseconds since 1970. */
  readonly at: number | undefined;
}

interface Entry {
  count: number;
  first: number;
  last: number;
  readonly seen: { readonly where: string; readonly line: string }[];
  readonly clients: Set<string>;
}

/** What was seen, by what it is about: counts, times and the first lines of each. Memory is bounded. */
export class Sightings {
  readonly #entries = new Map<string, Entry>();

  /** Notes a line. Keys beyond the limit count as `OTHERS`. */
  add(key: string, line: SeenLine, client?: string): void {
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      const kept = this.#entries.size < MAX_KEYS ? key : OTHERS;
      entry = this.#entries.get(kept) ?? {
        count: 0,
        first: Infinity,
        last: -Infinity,
        seen: [],
        clients: new Set(),
      };
      this.#entries.set(kept, entry);
    }
    entry.count += 1;
    const { at } = line;
    if (at !== undefined) {
      entry.first = Math.min(entry.first, at);
      entry.last = Math.max(entry.last, at);
    }
    if (entry.seen.length < SHOWN)
      entry.seen.push({ where: `${line.file}:${line.number}`, line: cut(line.text) });
    if (client !== undefined && entry.clients.size < MAX_KEYS) entry.clients.add(client);
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  /** In the order in which they were first seen. */
  *all(): Generator<{
    readonly key: string;
    readonly sighting: Sighting;
    readonly clients: readonly string[];
  }> {
    for (const [key, { count, first, last, seen, clients }] of this.#entries) {
      yield {
        key,
        sighting: { count, first: isoOf(first), last: isoOf(last), seen },
        clients: [...clients],
      };
    }
  }
}

/** The time in ISO 8601; null for none. */
export function isoOf(at: number | undefined): string | null {
  if (at === undefined) return null;
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}

function cut(text: string): string {
  return text.length > MAX_LINE ? `${text.slice(0, MAX_LINE).toWellFormed()}…` : text;
}
