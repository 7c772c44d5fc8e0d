import type { StagedBlob } from "../store/store.ts";
import type { FetchOptions } from "./source.ts";

/** Keeps the number of bytes that was reported equal to the number in the sink. */
export interface Tally {
  /** Reports bytes that are being written to the sink. */
  readonly add: (bytes: number) => void;
  /** Reports bytes that were discarded since. */
  readonly settle: () => void;
}

/** A tally that starts with the bytes already in the sink, which count as reported. */
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
