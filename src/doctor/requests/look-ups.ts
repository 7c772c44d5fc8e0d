import type { LogRecord } from "../log/log-record.ts";
import type { RequestTarget } from "../log/request-target.ts";
import { Sightings, type SeenLine } from "../sightings.ts";

/** A look-up takes seconds, its repetitions after failures included. */
const PAUSE_MS = 30_000;

/** Clients whose look-ups are followed at once; the one that was quiet longest makes room. */
const MAX_CLIENTS = 10_000;

interface LookUp {
  base: string;
  /** The line in which the index was read. */
  index: SeenLine | undefined;
  /** Juju asks for it after a good index; nobody else does. */
  hasAskedMirrors: boolean;
  hasFound: boolean;
  hasAskedIndex2: boolean;
  /** The line of a legacy index, and its status. */
  legacy: { readonly line: SeenLine; readonly status: number } | undefined;
  lastAt: number;
}

/** What a client of one generation reads. */
interface Reads {
  tools: boolean;
  agents: boolean;
}

/**
 * Follows each client through its look-ups. Juju reads the index, asks for mirrors, and reads the file of products: where the
 * last is missing, the index had nothing for it.
 */
export class LookUps {
  readonly #running = new Map<string, LookUp>();
  readonly #reads = new Map<string, Reads>();
  /** By the address that was asked. */
  readonly unmatched = new Sightings();
  /** Look-ups that read a list of agents. */
  readonly matched = new Sightings();
  /** Clients that know no index but the oldest, and did not get it. */
  readonly tooOld = new Sightings();
  /** Clients that read what only clients before 2.9 read. */
  readonly old = new Sightings();
  readonly mixed = new Sightings();
  #count = 0;

  /** Times that an index was read. */
  get count(): number {
    return this.#count;
  }

  /** Takes a request of Juju's. */
  see(client: string, target: RequestTarget, { status, at }: LogRecord, line: SeenLine): void {
    const lookUp = this.#lookUpOf(client, target, at ?? 0);
    const isGood = status === 200 || status === 304;
    switch (target.what) {
      case "index":
        lookUp.hasAskedIndex2 = true;
        if (isGood) this.#readIndex(lookUp, line);
        break;
      case "legacy-index":
        lookUp.legacy ??= { line, status };
        if (status !== 404 && !target.isSigned) lookUp.legacy = { line, status };
        if (isGood) this.#readIndex(lookUp, line);
        break;
      case "mirrors":
        lookUp.hasAskedMirrors = true;
        break;
      case "products":
        lookUp.hasFound = true;
        this.#readProducts(client, target, { isGood, line });
        break;
      case "tarball":
        lookUp.hasFound = true;
    }
  }

  /** Called after each file. */
  end(): void {
    for (const [client, lookUp] of this.#running) this.#close(client, lookUp);
    this.#running.clear();
  }

  #lookUpOf(client: string, { base, what, isSigned }: RequestTarget, at: number): LookUp {
    const known = this.#running.get(client);
    this.#running.delete(client);
    // Each look-up, and each stream of one, begins with the signed index.
    const isNext = what === "index" && isSigned && known?.index !== undefined;
    if (known !== undefined && !isNext && at - known.lastAt <= PAUSE_MS && known.base === base) {
      known.lastAt = at;
      this.#running.set(client, known);
      return known;
    }
    if (known !== undefined) this.#close(client, known);
    if (this.#running.size >= MAX_CLIENTS) {
      const [[oldest, quiet] = []] = this.#running;
      if (oldest !== undefined && quiet !== undefined) {
        this.#close(oldest, quiet);
        this.#running.delete(oldest);
      }
    }
    const begun: LookUp = {
      base,
      index: undefined,
      hasAskedMirrors: false,
      hasFound: false,
      hasAskedIndex2: false,
      legacy: undefined,
      lastAt: at,
    };
    this.#running.set(client, begun);
    if (this.#reads.size < MAX_CLIENTS && !this.#reads.has(client))
      this.#reads.set(client, { tools: false, agents: false });
    return begun;
  }

  #readIndex(lookUp: LookUp, line: SeenLine): void {
    lookUp.index ??= line;
    this.#count += 1;
  }

  #readProducts(
    client: string,
    target: RequestTarget,
    { isGood, line }: { readonly isGood: boolean; readonly line: SeenLine },
  ): void {
    if (isGood) this.matched.add(target.base, line, client);
    const { family, hasColons } = target;
    const reads = this.#reads.get(client);
    if (reads !== undefined && isGood && family !== undefined) {
      reads[family] = true;
      if (reads.tools && reads.agents) this.mixed.add(client, line, client);
    }
    if (family === "tools")
      (isGood ? this.old : this.tooOld).add(hasColons === true ? "1.x" : "2.8", line, client);
  }

  #close(client: string, { index, legacy, base, ...lookUp }: LookUp): void {
    if (index !== undefined && lookUp.hasAskedMirrors && !lookUp.hasFound)
      this.unmatched.add(base, index, client);
    // Others ask for the old name only after the new one.
    if (legacy !== undefined && !lookUp.hasAskedIndex2)
      (index === undefined ? this.tooOld : this.old).add("1.x", legacy.line, client);
  }
}
