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
  /** Bytes to fetch when the plan was made, and bytes received. */
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

  const addBytes = (path: string, bytes: number) => {
    const transfer = running.get(path);
    if (transfer !== undefined) transfer.received = Math.max(0, transfer.received + bytes);
    counts.doneBytes = Math.max(0, counts.doneBytes + bytes);
    const at = now();
    const newest = samples.at(-1);
    // A sample for each tenth of a second is enough; thousands of pieces can arrive in that time.
    if (newest !== undefined && at - newest.at < 100) newest.bytes += bytes;
    else samples.push({ at, bytes });
  };

  /** A run may move bytes in several phases; each is counted by itself. */
  const begin = (items: number, bytes: number) => {
    Object.assign(counts, { items, bytes, doneItems: 0, failedItems: 0, doneBytes: 0 });
    samples = [];
  };

  return {
    apply: (event) => {
      if (event.kind === "phase") phase = event.phase;
      else if (event.kind === "planned") begin(event.items, event.bytes);
      else if (event.kind === "item-started") {
        running.set(event.path, { size: event.size, received: event.received });
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
