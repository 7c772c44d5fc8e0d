import type { SyncEvent, SyncPhase } from "../../mirror/run-events.ts";

/** Rates are measured over this time: a shorter one fluctuates, a longer one hides a slow connection. */
const RATE_WINDOW_MS = 5_000;

/** One tarball on its way. */
export interface Transfer {
  readonly path: string;
  readonly size: number;
  readonly received: number;
}

/** All that a view needs to know about a running sync. */
export interface TransferState {
  readonly apply: (event: SyncEvent) => void;
  readonly phase: () => SyncPhase | undefined;
  readonly running: () => readonly Transfer[];
  readonly totals: () => TransferTotals;
}

export interface TransferTotals {
  readonly items: number;
  readonly doneItems: number;
  readonly failedItems: number;
  /** Bytes in all, and those that are here, from earlier runs too. */
  readonly bytes: number;
  readonly doneBytes: number;
  /** Bytes per second over the last seconds. */
  readonly bytesPerSecond: number;
  /** Undefined while nothing moves. */
  readonly remainingMs: number | undefined;
}

/** Sums up events. `now` gives milliseconds of any monotonic clock. */
export function createTransferState(now: () => number): TransferState {
  const running = new Map<string, { size: number; received: number }>();
  let phase: SyncPhase | undefined;
  const counts = { items: 0, doneItems: 0, failedItems: 0, bytes: 0, doneBytes: 0 };
  let samples: { at: number; bytes: number }[] = [];
  /** Bytes of each item that are counted in `doneBytes`. */
  const arrived = new Map<string, number>();
  const count = (path: string, bytes: number) => {
    const before = arrived.get(path) ?? 0;
    arrived.set(path, Math.max(0, before + bytes));
    counts.doneBytes = Math.max(0, counts.doneBytes + bytes);
  };

  const addBytes = (path: string, bytes: number) => {
    const transfer = running.get(path);
    if (transfer !== undefined) transfer.received = Math.max(0, transfer.received + bytes);
    count(path, bytes);
    const at = now();
    const newest = samples.at(-1);
    // A sample for each tenth of a second is enough; thousands of pieces can arrive in that time.
    if (newest !== undefined && at - newest.at < 100) newest.bytes += bytes;
    else samples.push({ at, bytes });
  };

  /** A run may move bytes in several phases; each is counted by itself. */
  const begin = ({ items, bytes, received = {} }: Extract<SyncEvent, { kind: "planned" }>) => {
    Object.assign(counts, { items, bytes, doneItems: 0, failedItems: 0, doneBytes: 0 });
    samples = [];
    arrived.clear();
    for (const [path, here] of Object.entries(received)) count(path, here);
  };

  return {
    apply: (event) => {
      if (event.kind === "phase") phase = event.phase;
      else if (event.kind === "planned") begin(event);
      else if (event.kind === "item-started") {
        running.set(event.path, { size: event.size, received: event.received });
        count(event.path, event.received - (arrived.get(event.path) ?? 0));
      } else if (event.kind === "item-bytes") addBytes(event.path, event.bytes);
      else if (event.kind === "item-done" || event.kind === "item-failed") {
        running.delete(event.path);
        counts[event.kind === "item-done" ? "doneItems" : "failedItems"]++;
      }
    },
    phase: () => phase,
    running: () => [...running].map(([path, { size, received }]) => ({ path, size, received })),
    totals: () => {
      const at = now();
      samples = samples.filter((sample) => at - sample.at <= RATE_WINDOW_MS);
      const oldest = samples[0];
      const span = oldest === undefined ? 0 : Math.max(at - oldest.at, 500);
      const recent = samples.reduce((sum, sample) => sum + sample.bytes, 0);
      const bytesPerSecond = span === 0 ? 0 : Math.max(0, (recent * 1000) / span);
      const left = Math.max(0, counts.bytes - counts.doneBytes);
      return {
        ...counts,
        bytesPerSecond,
        remainingMs: bytesPerSecond > 0 ? (left * 1000) / bytesPerSecond : undefined,
      };
    },
  };
}
