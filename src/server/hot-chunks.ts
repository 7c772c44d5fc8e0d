import { LRUCache } from "lru-cache";

/** Large enough that writing costs little per byte, small enough that a slow reader holds little. */
export const CHUNK_BYTES = 1 << 20;

/** A tarball of today fits whole (30 to 60 MB), and with all else the process stays below 200 MB. */
const MAX_BYTES = 96 << 20;

/** What nobody asked for in this time makes room for others, and is given back. */
const IDLE_MS = 10_000;

/**
 * Chunks of the tarballs that are being fetched right now, shared by all who fetch them: when a controller's machines
 * come for the same agent, it is read once. What is in use stays: a scan of many tarballs never drives it out, it is
 * read past the cache instead.
 */
export class HotChunks {
  readonly #chunks = new LRUCache<string, Uint8Array>({
    maxSize: MAX_BYTES,
    sizeCalculation: ({ length }) => length,
    ttl: IDLE_MS,
    ttlResolution: 1_000,
    updateAgeOnGet: true,
  });
  readonly #loading = new Map<string, Promise<Uint8Array>>();
  #reserved = 0;
  #sweeper: NodeJS.Timeout | undefined;

  /** The chunk when it is here or on its way; undefined otherwise. */
  find(key: string): Uint8Array | Promise<Uint8Array> | undefined {
    return this.#chunks.get(key) ?? this.#loading.get(key);
  }

  /** Loads a chunk for everybody who asks meanwhile; undefined when there is no room that is not in use. */
  load(
    key: string,
    bytes: number,
    read: (buffer: Uint8Array) => Promise<void>,
  ): Promise<Uint8Array> | undefined {
    if (!this.#hasRoom(bytes)) return undefined;
    this.#reserved += bytes;
    const loading = this.#read(key, bytes, read);
    this.#loading.set(key, loading);
    return loading;
  }

  async #read(key: string, bytes: number, read: (buffer: Uint8Array) => Promise<void>): Promise<Uint8Array> {
    try {
      const buffer = Buffer.allocUnsafeSlow(bytes);
      await read(buffer);
      this.#chunks.set(key, buffer);
      this.#startSweeper();
      return buffer;
    } finally {
      this.#reserved -= bytes;
      this.#loading.delete(key);
    }
  }

  #hasRoom(bytes: number): boolean {
    if (this.#isFree(bytes)) return true;
    this.#chunks.purgeStale();
    return this.#isFree(bytes);
  }

  #isFree(bytes: number): boolean {
    return (this.#chunks.calculatedSize ?? 0) + this.#reserved + bytes <= MAX_BYTES;
  }

  /** Gives memory back once the rush is over; keeps no process alive. */
  #startSweeper(): void {
    this.#sweeper ??= setInterval(() => {
      this.#chunks.purgeStale();
      if (this.#chunks.size > 0) return;
      clearInterval(this.#sweeper);
      this.#sweeper = undefined;
    }, IDLE_MS).unref();
  }
}
