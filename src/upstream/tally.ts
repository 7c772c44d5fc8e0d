import type { StagedBlob } from "../store/store.ts";
import type { FetchOptions } from "./source.ts";

/** Keeps what a listener was told equal to what the sink holds. */
export interface Tally {
  /** Tells of bytes on their way into the sink. */
  readonly add: (bytes: number) => void;
  /** Tells of bytes that were thrown away since. */
  readonly settle: () => void;
}

/** A tally that starts with what the sink holds already; the listener is taken to know of that. */
export function createTally(sink: StagedBlob, options: FetchOptions): Tally {
  let told = sink.received;
  return {
    add(bytes) {
      told += bytes;
      options.onBytes?.(bytes);
    },
    settle() {
      const difference = sink.received - told;
      told = sink.received;
      if (difference !== 0) options.onBytes?.(difference);
    },
  };
}
