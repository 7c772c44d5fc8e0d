import type { Sha256 } from "../../../src/shared/sha256.ts";
import type { LockedPlace } from "../../../src/store/store-errors.ts";
import type { LeaseHolder } from "../../../src/store/store.ts";

export interface KeptBlob {
  readonly bytes: Buffer;
  readonly storedAt: Date;
}

/** What came of a blob that was not committed: whole parts only, as of an upload in parts. */
export interface KeptParts {
  readonly bytes: Buffer;
  readonly validator: string | undefined;
  readonly changedAt: Date;
}

export interface PlaceOptions {
  /** How long each call takes, as a round trip to a server. Default 0. */
  readonly latencyMs?: number;
  /** Size of the parts of an upload; what is shorter is lost when the source breaks off. Default 65 536. */
  readonly partBytes?: number;
}

/** Where a store in memory keeps everything; every opening of it sees the same, as clients of one bucket do. */
export class MemoryPlace {
  readonly blobs = new Map<Sha256, KeptBlob>();
  /** By hash, and by who stages it. */
  readonly parts = new Map<string, KeptParts>();
  readonly documents = new Map<string, Buffer>();
  readonly refs = new Map<string, string>();
  readonly partBytes: number;
  /** The one who may write, and the cache server. */
  readonly holders = new Map<LockedPlace, LeaseHolder>();
  /** How many calls were made. */
  calls = 0;
  /** Calls that were under way together count as one round: the time that a run takes is this many times the latency. */
  rounds = 0;
  readonly #latencyMs: number;
  #waiting: (() => void)[] = [];

  constructor({ latencyMs = 0, partBytes = 65_536 }: PlaceOptions = {}) {
    this.#latencyMs = latencyMs;
    this.partBytes = partBytes;
  }

  /** Resolves when a call to the place has gone there and back. */
  call(): Promise<void> {
    this.calls += 1;
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      if (this.#waiting.length > 1) return;
      const answer = () => {
        this.rounds += 1;
        for (const next of this.#waiting.splice(0)) next();
      };
      if (this.#latencyMs > 0) setTimeout(answer, this.#latencyMs);
      else setImmediate(answer);
    });
  }

  /** Gives a place to nobody, as when a lease could not be renewed in time. */
  takeLeaseAway(of: LockedPlace = "writer"): void {
    this.holders.delete(of);
  }
}
