import { LRUCache } from "lru-cache";
import { freeBuffer } from "./idle-memory.ts";

/** Large enough that writing costs little per byte, small enough that a slow reader holds little. */
export const CHUNK_BYTES = 1 << 20;

/** A tarball of today fits whole (30 to 60 MB), and with all else the process stays below 200 MB. */
const MAX_BYTES = 64 << 20;

/** What nobody asked for in this time makes room for others, and is given back; whoever comes within it comes again. */
const IDLE_MS = 10_000;

/** How much a content is asked for. */
type Demand = "several" | "again" | "once";

/** A part of a tarball, in memory of its own. */
export type Chunk = Buffer<ArrayBuffer>;

/** The transfers of one content. */
interface Readers {
  readonly bytes: number;
  /** Those of now. */
  count: number;
  /** True when the last one began during another one or soon after it. */
  isAgain: boolean;
  /** When one ended last; as `performance.now()`. */
  leftAt: number;
}

function demandOf({ count, isAgain }: Readers): Demand {
  if (count > 1) return "several";
  return isAgain ? "again" : "once";
}

/**
 * Chunks of the tarballs that are being fetched right now, shared by all who fetch them: when a controller's machines
 * come for the same agent, it is read once. What is in use stays: a scan of many tarballs never drives it out, it is
 * read past the cache instead.
 */
export class HotChunks {
  readonly #chunks: LRUCache<string, Chunk>;
  readonly #idleMs: number;
  /** Chunks whose bytes are on their way to readers, and to how many. */
  readonly #held = new Map<Chunk, number>();
  /** Chunks that are not kept any more and still need memory: a reader that stops holds them. */
  readonly #retired = new Set<Chunk>();
  #retiredBytes = 0;
  readonly #readers = new Map<string, Readers>();
  /** Bytes of all contents that several fetch now, and of those that were fetched again just now. */
  readonly #bytes: Record<Demand, number> = { several: 0, again: 0, once: 0 };
  #tidiedAt = 0;
  readonly #loading = new Map<string, Promise<Chunk>>();
  #reserved = 0;
  #sweeper: NodeJS.Timeout | undefined;

  constructor(idleMs = IDLE_MS) {
    this.#idleMs = idleMs;
    this.#chunks = new LRUCache<string, Chunk>({
      maxSize: MAX_BYTES,
      sizeCalculation: ({ length }) => length,
      ttl: idleMs,
      ttlResolution: idleMs / 10,
      updateAgeOnGet: true,
      dispose: (chunk) => this.#retire(chunk),
    });
  }

  /** The chunk when it is here or on its way; undefined otherwise. */
  find(key: string): Chunk | Promise<Chunk> | undefined {
    return this.#chunks.get(key) ?? this.#loading.get(key);
  }

  /** Counts a transfer of this content of so many bytes, until `leave`. */
  enter(sha256: string, bytes: number): void {
    const now = performance.now();
    this.#tidy(now);
    const before = this.#readers.get(sha256);
    const readers = before ?? { bytes, count: 0, isAgain: false, leftAt: 0 };
    this.#readers.set(sha256, readers);
    this.#change(readers, () => {
      readers.isAgain = before !== undefined && (readers.count > 0 || now - readers.leftAt < this.#idleMs);
      readers.count++;
    });
    // With so much of it nothing is kept, and what is here helps next to nobody.
    if (this.#bytes.several > MAX_BYTES && this.#chunks.size > 0) this.#chunks.clear();
  }

  leave(sha256: string): void {
    const readers = this.#readers.get(sha256);
    if (readers === undefined) return;
    this.#change(readers, () => {
      readers.count--;
      readers.leftAt = performance.now();
    });
  }

  /**
   * True when several fetch this content, now or one after the other, so that its chunks are worth their memory; but not
   * when there is more of such content than fits: chunks that happen to be here would save next to nothing. What several
   * fetch now comes first.
   */
  isHot(sha256: string): boolean {
    const readers = this.#readers.get(sha256);
    if (readers === undefined) return false;
    const { several, again } = this.#bytes;
    const demand = demandOf(readers);
    return demand !== "once" && (demand === "several" ? several : several + again) <= MAX_BYTES;
  }

  #change(readers: Readers, change: () => void): void {
    this.#bytes[demandOf(readers)] -= readers.bytes;
    change();
    this.#bytes[demandOf(readers)] += readers.bytes;
  }

  /** Forgets what was fetched too long ago to count. */
  #tidy(now: number): void {
    if (now - this.#tidiedAt < this.#idleMs / 10) return;
    this.#tidiedAt = now;
    for (const [sha256, readers] of this.#readers) {
      if (readers.count > 0 || now - readers.leftAt < this.#idleMs) continue;
      this.#bytes[demandOf(readers)] -= readers.bytes;
      this.#readers.delete(sha256);
    }
  }

  /** The chunk when it is here. */
  get(key: string): Chunk | undefined {
    return this.#chunks.get(key);
  }

  /** Keeps a chunk that `read` fills without waiting, and false when it cannot; undefined as `load`. */
  loadNow(key: string, bytes: number, read: (buffer: Uint8Array) => boolean): Chunk | undefined {
    if (!this.#hasRoom(bytes)) return undefined;
    const buffer = Buffer.allocUnsafeSlow(bytes);
    if (!read(buffer)) {
      freeBuffer(buffer);
      return undefined;
    }
    this.#chunks.set(key, buffer);
    this.#startSweeper();
    return buffer;
  }

  /**
   * Says that bytes of a chunk are on their way, until the function that is returned is called. Call it as soon as the chunk
   * is here: one that nobody holds may be gone in the next round of the event loop.
   */
  hold(chunk: Chunk): () => void {
    this.#held.set(chunk, (this.#held.get(chunk) ?? 0) + 1);
    return () => {
      const others = (this.#held.get(chunk) ?? 1) - 1;
      if (others > 0) {
        this.#held.set(chunk, others);
        return;
      }
      this.#held.delete(chunk);
      if (this.#retired.has(chunk)) this.#freeUnlessHeld(chunk);
    };
  }

  #retire(chunk: Chunk): void {
    this.#retired.add(chunk);
    this.#retiredBytes += chunk.length;
    this.#freeUnlessHeld(chunk);
  }

  /** In the next round of the event loop: whoever waited for the chunk holds it by then. */
  #freeUnlessHeld(chunk: Chunk): void {
    setImmediate(() => {
      if (this.#held.has(chunk) || !this.#retired.delete(chunk)) return;
      this.#retiredBytes -= chunk.length;
      freeBuffer(chunk);
    });
  }

  /** Loads a chunk for everybody who asks meanwhile; undefined when there is no room that is not in use. */
  load(key: string, bytes: number, read: (buffer: Uint8Array) => Promise<void>): Promise<Chunk> | undefined {
    if (!this.#hasRoom(bytes)) return undefined;
    this.#reserved += bytes;
    const loading = this.#read(key, bytes, read);
    this.#loading.set(key, loading);
    return loading;
  }

  async #read(key: string, bytes: number, read: (buffer: Uint8Array) => Promise<void>): Promise<Chunk> {
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
    const used = (this.#chunks.calculatedSize ?? 0) + this.#reserved + this.#retiredBytes;
    return used + bytes <= MAX_BYTES;
  }

  /** Gives memory back once the rush is over; keeps no process alive. */
  #startSweeper(): void {
    this.#sweeper ??= setInterval(() => {
      this.#chunks.purgeStale();
      if (this.#chunks.size > 0) return;
      clearInterval(this.#sweeper);
      this.#sweeper = undefined;
    }, this.#idleMs).unref();
  }
}
