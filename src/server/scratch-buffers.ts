/**
 * Each is twice the next one: a writer that doubles its pieces gets what it asks for. None is larger, because bytes that
 * are written out of the processor's cache cost a third less than those that have left it again.
 */
const SIZES = [256 << 10, 128 << 10, 64 << 10] as const;
/** Spare bytes that wait for their next use; more are left to the garbage collector. */
const MAX_SPARE_BYTES = 16 << 20;
/** When nobody gave a buffer back for so long, all are given up. */
const IDLE_MS = 5_000;

/** Buffers that pieces are read into just before they are written. Most are free again before the next piece is read. */
export class ScratchBuffers {
  readonly #spare = new Map<number, Buffer[]>(SIZES.map((size) => [size, []]));
  #spareBytes = 0;
  #idleTimer: NodeJS.Timeout | undefined;

  /** A buffer of at most `bytes`, or of the smallest size. Give it back with `give`. */
  take(bytes: number): Buffer {
    const size = SIZES.find((one) => one <= bytes) ?? SIZES[2];
    const spare = this.#spare.get(size)?.pop();
    if (spare === undefined) return Buffer.allocUnsafeSlow(size);
    this.#spareBytes -= size;
    return spare;
  }

  /** Takes a buffer back; nobody may touch it afterwards. */
  give(buffer: Buffer): void {
    if (this.#spareBytes + buffer.length > MAX_SPARE_BYTES) return;
    this.#spare.get(buffer.length)?.push(buffer);
    this.#spareBytes += buffer.length;
    if (this.#idleTimer === undefined) {
      this.#idleTimer = setTimeout(() => this.#giveUp(), IDLE_MS).unref();
    } else this.#idleTimer.refresh();
  }

  #giveUp(): void {
    this.#idleTimer = undefined;
    this.#spareBytes = 0;
    for (const buffers of this.#spare.values()) buffers.length = 0;
  }
}
