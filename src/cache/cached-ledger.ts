import {
  readCachedBlobs,
  writeCachedBlobs,
  type CachedBlob,
  type CachedBlobs,
} from "../mirror/cached-blobs.ts";
import { mapConcurrently } from "../shared/map-concurrently.ts";
import type { Sha256 } from "../shared/sha256.ts";
import type { Store } from "../store/store.ts";

/** How often it is written when tarballs were last given out, in ms. */
const FLUSH_MS = 60_000;

/** What the cache server holds because clients asked for it. The only writer of the note on it. */
export class CachedLedger {
  readonly #documents: Pick<Store["documents"], "get" | "put">;
  readonly #now: () => Date;
  readonly #blobs: Map<Sha256, CachedBlob>;
  #writing: Promise<void> = Promise.resolve();
  /** A write that has not begun yet and will contain every change until it does. */
  #next: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;

  private constructor(
    documents: Pick<Store["documents"], "get" | "put">,
    now: () => Date,
    blobs: Map<Sha256, CachedBlob>,
  ) {
    this.#documents = documents;
    this.#now = now;
    this.#blobs = blobs;
  }

  /** Reads the note; what has no blob in the store is left out. */
  static async open(
    { documents, blobs }: Pick<Store, "documents" | "blobs">,
    now: () => Date,
  ): Promise<CachedLedger> {
    const noted = [...(await readCachedBlobs(documents))];
    const held = await mapConcurrently(noted, ([sha256]) => blobs.stat(sha256));
    return new CachedLedger(documents, now, new Map(noted.filter((_, at) => held[at] !== undefined)));
  }

  /** What is cached now, with what is being fetched. */
  get blobs(): CachedBlobs {
    return this.#blobs;
  }

  /** Bytes of all of it. */
  get bytes(): number {
    return this.#blobs.values().reduce((sum, { size }) => sum + size, 0);
  }

  /** Notes a tarball, durably: call it before the tarball is committed, so that no prune takes it for a leftover. */
  async add(sha256: Sha256, tarball: Pick<CachedBlob, "size" | "agents" | "upstream">): Promise<void> {
    const at = this.#now().toISOString();
    this.#blobs.set(sha256, { ...tarball, fetchedAt: at, usedAt: at });
    await this.#write();
  }

  /** Notes that a tarball was given out; it is written within a minute. */
  use(sha256: Sha256): void {
    const blob = this.#blobs.get(sha256);
    if (blob === undefined) return;
    this.#blobs.set(sha256, { ...blob, usedAt: this.#now().toISOString() });
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      // What could not be written is written with the next change.
      this.#write().catch(() => undefined);
    }, FLUSH_MS).unref();
  }

  /** Forgets a tarball that is not here; it is written with the next change, or by `save`. */
  drop(sha256: Sha256): void {
    this.#blobs.delete(sha256);
  }

  /** Begins to write what was dropped. What cannot be written is written with the next change. */
  save(): void {
    this.#write().catch(() => undefined);
  }

  /** Writes what has changed since it was last written. */
  async close(): Promise<void> {
    if (this.#timer !== undefined) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      await this.#write();
    }
    await this.#writing.catch(() => undefined);
  }

  /** One write at a time; whoever comes while one runs shares the next. */
  #write(): Promise<void> {
    this.#next ??= this.#writing
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined;
        return writeCachedBlobs(this.#documents, this.#blobs);
      });
    this.#writing = this.#next;
    return this.#next;
  }
}
