import type { LogRecord } from "../log/log-record.ts";
import type { Sender } from "./client.ts";
import { Sightings, type SeenLine } from "../sightings.ts";

/** Pairs of client and tarball that are followed; the one that was quiet longest makes room. */
const MAX_PAIRS = 20_000;

/** The same tarball so often to the same client, within so long, is more than some machines behind one address. */
const TOO_OFTEN = 5;
const WITHIN_MS = 60 * 60_000;

/** Who fetched which tarball. */
export interface Download {
  readonly client: string;
  readonly sender: Sender;
  readonly path: string;
}

interface Pair {
  times: number[];
  isBroken: boolean;
}

/** Follows tarballs that were sent: whether each arrived whole, and how often the same client wanted the same one. */
export class Downloads {
  readonly #sizes: ReadonlyMap<string, number>;
  readonly #pairs = new Map<string, Pair>();
  readonly broken = new Sightings();
  readonly repeated = new Sightings();
  readonly #recovered = new Set<string>();
  #whole = 0;

  constructor(sizes: ReadonlyMap<string, number>) {
    this.#sizes = sizes;
  }

  /** Tarballs that were sent to their end. */
  get whole(): number {
    return this.#whole;
  }

  /** Takes an answer of 200 for a tarball. */
  see({ client, sender, path }: Download, record: LogRecord, line: SeenLine): void {
    const key = pairOf(client, path);
    const pair = this.#pairs.get(key) ?? { times: [], isBroken: false };
    this.#pairs.delete(key);
    if (this.#pairs.size >= MAX_PAIRS) {
      const [oldest] = this.#pairs.keys();
      if (oldest !== undefined) this.#pairs.delete(oldest);
    }
    this.#pairs.set(key, pair);
    if (!this.#isWhole(path, record)) {
      pair.isBroken = true;
      this.broken.add(path, line, client);
      return;
    }
    this.#whole += 1;
    if (pair.isBroken) {
      pair.isBroken = false;
      if (this.#recovered.size < MAX_PAIRS) this.#recovered.add(key);
    }
    const { at } = record;
    // Each new machine fetches the tarball once, and may come from an address that many share.
    if (at === undefined || sender !== "juju") return;
    pair.times = [...pair.times.filter((one) => Math.abs(at - one) <= WITHIN_MS).slice(-TOO_OFTEN), at];
    if (pair.times.length >= TOO_OFTEN) this.repeated.add(key, line, client);
  }

  /** Whether this client got the tarball whole after it had broken off. */
  hasRecovered(client: string, path: string): boolean {
    return this.#recovered.has(pairOf(client, path));
  }

  #isWhole(path: string, { isAborted, bytes }: LogRecord): boolean {
    if (isAborted === true) return false;
    const size = this.#sizes.get(path);
    return size === undefined || bytes === undefined || bytes >= size;
  }
}

function pairOf(client: string, path: string): string {
  return `${client} ${path}`;
}
