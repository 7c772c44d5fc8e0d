import { kindOf, REQUEST_KINDS, type TrafficRow } from "./traffic.ts";
import type { RequestRecord } from "./request-log.ts";

/** Statuses of answers: 100 to 599. */
const STATUSES = 500;
/** Numbers of each kind and status: requests, bytes, aborted ones. */
const FIELDS = 3;
const ROW_NUMBERS = REQUEST_KINDS.length * STATUSES * FIELDS;

/** Whole numbers at the beginning that all workers change: open connections, findings of damage, then those of each worker. */
const OPEN = 0;
const DAMAGED = 1;
const FIRST_WORKER = 2;

/** Numbers of each worker that nobody else changes: refused and dropped connections, then the rows. */
const REFUSED = 0;
const DROPPED = 1;
const FIRST_ROW = 2;

/** Connections of a server since its start. */
export interface ConnectionCounts {
  readonly open: number;
  /** Answered with 503 and closed, because there were too many. */
  readonly refused: number;
  /** Closed without an answer, because there were too many even to be refused. */
  readonly dropped: number;
}

/**
 * What a server has counted since its start. Several workers count in the same memory, so that each of them can tell the
 * sum, and what a worker has counted outlives it.
 */
export class ServerCounts {
  /** For the other workers. */
  readonly memory: SharedArrayBuffer;
  readonly #worker: number;
  readonly #shared: Int32Array;
  readonly #own: Float64Array;
  readonly #all: readonly Float64Array[];

  /** The counts of one worker of several; `memory` is that of another one. */
  constructor({ workers = 1, worker = 0, memory }: CountPlace = {}) {
    const wholes = FIRST_WORKER + workers;
    const start = 8 * Math.ceil((4 * wholes) / 8);
    const length = FIRST_ROW + ROW_NUMBERS;
    this.memory = memory ?? new SharedArrayBuffer(start + workers * 8 * length);
    this.#worker = worker;
    this.#shared = new Int32Array(this.memory, 0, wholes);
    this.#all = Array.from(
      { length: workers },
      (_, at) => new Float64Array(this.memory, start + at * 8 * length, length),
    );
    this.#own = this.#all[worker] as Float64Array;
  }

  /** Counts a connection until `leave`, or says false when there are `max` already. */
  enter(max: number): boolean {
    if (Atomics.add(this.#shared, OPEN, 1) >= max) {
      Atomics.sub(this.#shared, OPEN, 1);
      this.#add(REFUSED, 1);
      return false;
    }
    Atomics.add(this.#shared, FIRST_WORKER + this.#worker, 1);
    return true;
  }

  leave(): void {
    Atomics.sub(this.#shared, FIRST_WORKER + this.#worker, 1);
    Atomics.sub(this.#shared, OPEN, 1);
  }

  drop(): void {
    this.#add(DROPPED, 1);
  }

  /** The connections of a worker that ended are gone. */
  forgetWorker(worker: number): void {
    Atomics.sub(this.#shared, OPEN, Atomics.exchange(this.#shared, FIRST_WORKER + worker, 0));
  }

  get connections(): ConnectionCounts {
    const open = Atomics.load(this.#shared, OPEN);
    return { open, refused: this.#sum(REFUSED), dropped: this.#sum(DROPPED) };
  }

  /** Findings of tarballs that were missing, damaged or unreadable. */
  get damaged(): number {
    return Atomics.load(this.#shared, DAMAGED);
  }

  addDamage(): void {
    Atomics.add(this.#shared, DAMAGED, 1);
  }

  /** Counts an answered request. */
  count({ url, status, bytes, aborted }: RequestRecord): void {
    const row = rowOf(REQUEST_KINDS.indexOf(kindOf(url)), status);
    this.#add(row, 1);
    this.#add(row + 1, bytes);
    if (aborted) this.#add(row + 2, 1);
  }

  /** What was answered so far. */
  rows(): readonly TrafficRow[] {
    return REQUEST_KINDS.flatMap((kind, at) =>
      Array.from({ length: STATUSES }, (_, offset): TrafficRow | undefined => {
        const row = rowOf(at, 100 + offset);
        const requests = this.#sum(row);
        if (requests === 0) return undefined;
        const [bytes, aborted] = [this.#sum(row + 1), this.#sum(row + 2)];
        return { kind, status: 100 + offset, requests, bytes, aborted };
      }).filter((one) => one !== undefined),
    );
  }

  #add(at: number, amount: number): void {
    this.#own[at] = (this.#own[at] as number) + amount;
  }

  #sum(at: number): number {
    return this.#all.reduce((sum, numbers) => sum + (numbers[at] as number), 0);
  }
}

/** Which of how many workers counts, and where. */
export interface CountPlace {
  /** Default 1. */
  readonly workers?: number;
  /** From 0. Default 0. */
  readonly worker?: number;
  /** Default: new memory. */
  readonly memory?: SharedArrayBuffer;
}

function rowOf(kind: number, status: number): number {
  const offset = Math.min(Math.max(status, 100), 599) - 100;
  return FIRST_ROW + (kind * STATUSES + offset) * FIELDS;
}
