import { freeBuffer, IdleTimer } from "./idle-memory.ts";

const LARGE_BYTES = 1 << 20;
const MEDIUM_BYTES = 512 << 10;
const SMALL_BYTES = 64 << 10;
/** 10 MiB, together with the medium ones; from here on transfers get small buffers, so that memory stays bounded. */
const MAX_LARGE = 6;
/** Reading ahead is for a few transfers that run alone: with many, one is read while another is written anyway. */
const MAX_AHEAD_TAKEN = 4;
const MAX_MEDIUM = 8;
/** Small buffers that wait for their next use; more are given back at once. */
const MAX_SPARE_SMALL = 64;

/** What the taker will do with a buffer: `ahead` is worth having only while few transfers run. */
export type BufferUse = "normal" | "ahead" | "slow";

/**
 * Buffers that tarballs are read into, used again and again: allocating one per chunk costs more than reading it.
 * Bytes in use are bounded by 10 MiB plus 64 KiB per transfer.
 */
export class BufferPool {
  readonly #large = new BufferShelf(LARGE_BYTES, MAX_LARGE, MAX_LARGE);
  readonly #medium = new BufferShelf(MEDIUM_BYTES, MAX_MEDIUM, MAX_MEDIUM);
  readonly #small = new BufferShelf(SMALL_BYTES, Infinity, MAX_SPARE_SMALL);
  readonly #idle = new IdleTimer(() => {
    for (const shelf of [this.#large, this.#medium, this.#small]) shelf.clear();
  });

  /** The largest buffer that is free; undefined for `ahead` when there is no large one. Give it back with `release`. */
  take(use: "normal" | "slow"): Buffer;
  take(use: BufferUse): Buffer | undefined;
  take(use: BufferUse): Buffer | undefined {
    if (use === "ahead") return this.#large.taken < MAX_AHEAD_TAKEN ? this.#large.take() : undefined;
    const roomy = use === "slow" ? undefined : (this.#large.take() ?? this.#medium.take());
    return roomy ?? this.#small.take();
  }

  /** Takes a buffer back; nobody may touch it afterwards. */
  release(buffer: Buffer): void {
    const shelf = [this.#large, this.#medium].find(({ bytes }) => bytes === buffer.length) ?? this.#small;
    shelf.put(buffer as Buffer<ArrayBuffer>);
    this.#idle.touch();
  }
}

class BufferShelf {
  readonly bytes: number;
  readonly #maxTaken: number;
  readonly #maxSpare: number;
  readonly #spare: Buffer<ArrayBuffer>[] = [];
  #taken = 0;

  constructor(bytes: number, maxTaken: number, maxSpare: number) {
    this.bytes = bytes;
    this.#maxTaken = maxTaken;
    this.#maxSpare = maxSpare;
  }

  /** How many are in use. */
  get taken(): number {
    return this.#taken;
  }

  take(): Buffer | undefined {
    if (this.#taken >= this.#maxTaken) return undefined;
    this.#taken++;
    return this.#spare.pop() ?? Buffer.allocUnsafeSlow(this.bytes);
  }

  put(buffer: Buffer<ArrayBuffer>): void {
    this.#taken--;
    if (this.#spare.length < this.#maxSpare) this.#spare.push(buffer);
    else freeBuffer(buffer);
  }

  /** Gives back what nobody uses. */
  clear(): void {
    for (const buffer of this.#spare.splice(0)) freeBuffer(buffer);
  }
}
