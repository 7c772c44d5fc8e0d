/**
 * A store in memory that can do no more than an object store: no plain files, no limit of space, no reads in the middle
 * of a blob, uploads in whole parts, a lease that can be lost, refs by compare-and-set, and a round trip for each call.
 * What works with it assumes no disk.
 */
import { hostname } from "node:os";
import {
  type LockedPlace,
  checkDocumentName,
  checkRefName,
  leaseLost,
  lockedBy,
} from "../../../src/store/store-errors.ts";
import type {
  DocumentStore,
  Lease,
  LeaseHolder,
  RefStore,
  Store,
  WriterLease,
} from "../../../src/store/store.ts";
import { memoryBlobStore } from "./blobs.ts";
import { MemoryPlace } from "./place.ts";

/** How often a lease is looked after. */
const WATCH_INTERVAL_MS = 20;

/** An opening of the store at this place. */
export function openMemoryStore(place: MemoryPlace = new MemoryPlace()): Store {
  const lease = memoryLease(place, "writer");
  return {
    blobs: memoryBlobStore(place, lease.requireHeld),
    documents: memoryDocuments(place, lease.requireHeld),
    refs: memoryRefs(place, lease.requireHeld),
    lease,
    cacheLease: memoryLease(place, "cache"),
  };
}

function memoryDocuments(place: MemoryPlace, requireHeld: () => void): DocumentStore {
  return {
    async get(kind, name) {
      checkDocumentName(kind, name);
      await place.call();
      const bytes = place.documents.get(`${kind}/${name}`);
      return bytes && Buffer.from(bytes);
    },
    async put(kind, name, bytes) {
      checkDocumentName(kind, name);
      requireHeld();
      await place.call();
      place.documents.set(`${kind}/${name}`, Buffer.from(bytes));
    },
    async delete(kind, name) {
      checkDocumentName(kind, name);
      requireHeld();
      await place.call();
      place.documents.delete(`${kind}/${name}`);
    },
    async list(kind) {
      await place.call();
      const names = [...place.documents.keys()].filter((key) => key.startsWith(`${kind}/`));
      return names.map((key) => key.slice(kind.length + 1)).sort();
    },
  };
}

function memoryRefs(place: MemoryPlace, requireHeld: () => void): RefStore {
  return {
    async read(name) {
      checkRefName(name);
      await place.call();
      return place.refs.get(name);
    },
    async swap(name, expected, next) {
      checkRefName(name);
      checkRefName(next);
      requireHeld();
      await place.call();
      requireHeld();
      if (place.refs.get(name) !== expected) return false;
      place.refs.set(name, next);
      return true;
    },
    async list() {
      await place.call();
      const refs = [...place.refs].map(([name, target]) => ({ name, target }));
      return refs.sort((a, b) => (a.name < b.name ? -1 : 1));
    },
    async delete(name) {
      checkRefName(name);
      requireHeld();
      await place.call();
      place.refs.delete(name);
    },
  };
}

function memoryLease(
  place: MemoryPlace,
  of: LockedPlace,
): WriterLease & { readonly requireHeld: () => void } {
  let held: MemoryLease | undefined;
  return {
    requireHeld: () => held?.requireHeld(),
    async acquire(command) {
      await place.call();
      const holder = place.holders.get(of);
      if (holder !== undefined) throw lockedBy(holder, of);
      held = new MemoryLease(place, of, { host: hostname(), pid: process.pid, command, since: new Date() });
      return held;
    },
    async holder() {
      await place.call();
      return place.holders.get(of);
    },
  };
}

class MemoryLease implements Lease {
  readonly #lost = new AbortController();
  readonly #place: MemoryPlace;
  readonly #of: LockedPlace;
  readonly #holder: LeaseHolder;
  readonly #watch: NodeJS.Timeout;
  #isReleased = false;

  constructor(place: MemoryPlace, of: LockedPlace, holder: LeaseHolder) {
    this.#place = place;
    this.#of = of;
    this.#holder = holder;
    place.holders.set(of, holder);
    this.#watch = setInterval(() => this.#look(), WATCH_INTERVAL_MS).unref();
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  requireHeld(): void {
    this.#look();
    this.lost.throwIfAborted();
  }

  async release(): Promise<void> {
    this.#look();
    this.#isReleased = true;
    clearInterval(this.#watch);
    if (this.#place.holders.get(this.#of) === this.#holder) this.#place.holders.delete(this.#of);
  }

  #look(): void {
    if (this.#isReleased || this.#place.holders.get(this.#of) === this.#holder) return;
    this.#lost.abort(leaseLost("the store", "the lease", this.#of));
  }
}
