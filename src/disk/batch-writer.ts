import type { FileHash } from "./file-hash.ts";

/** Large enough for few system calls, small enough for a dozen parallel downloads. */
const BATCH_BYTES = 2 ** 19;

/** Buffers that rest, for the next writers: shared memory is freed late, by the garbage collector. */
const resting: Buffer[] = [];
const MOST_RESTING = 16;

/**
 * Gathers small chunks into large writes. Two buffers take turns: while one is written and hashed, the other is filled,
 * and the source waits when both are in use. Bytes are copied once, so the source may reuse its memory at once.
 */
export class BatchWriter {
  readonly #target: FileHash;
  readonly #onWritten: ((position: number) => void) | undefined;
  #filling = takeBuffer();
  #other = takeBuffer();
  #filled = 0;
  #inFlight: Promise<void> = Promise.resolve();
  #isWriting = false;

  /**
   * With `onWritten` nothing waits for a full buffer: as soon as no write is under way, what came is written, and
   * `onWritten` is told the position up to which the file can be read.
   */
  constructor(target: FileHash, onWritten?: (position: number) => void) {
    this.#target = target;
    this.#onWritten = onWritten;
  }

  /** Takes a chunk; rejects with the system's error when an earlier one could not be written. */
  async write(chunk: Uint8Array): Promise<void> {
    for (let taken = 0; taken < chunk.length;) {
      const part = chunk.subarray(taken, taken + BATCH_BYTES - this.#filled);
      this.#filling.set(part, this.#filled);
      this.#filled += part.length;
      taken += part.length;
      if (this.#filled === BATCH_BYTES) await this.#send();
    }
    this.#sendEarly();
  }

  /** Resolves when all that was taken is with the operating system and hashed. Nothing can be written afterwards. */
  async finish(): Promise<void> {
    try {
      if (this.#filled > 0) await this.#send();
      await this.#inFlight;
    } finally {
      giveBack(this.#filling);
      giveBack(this.#other);
    }
  }

  async #send(): Promise<void> {
    await this.#inFlight;
    // The end of the last write may have begun this one.
    if (this.#filled > 0) this.#begin();
  }

  #sendEarly(): void {
    if (this.#onWritten !== undefined && !this.#isWriting && this.#filled > 0) this.#begin();
  }

  #begin(): void {
    const batch = this.#filling.subarray(0, this.#filled);
    this.#inFlight = this.#writeOut(batch);
    // The next await reports a failure; until then it must not count as unhandled.
    this.#inFlight.catch(() => undefined);
    [this.#filling, this.#other] = [this.#other, this.#filling];
    this.#filled = 0;
  }

  async #writeOut(batch: Uint8Array): Promise<void> {
    this.#isWriting = true;
    await this.#target.append(batch);
    this.#isWriting = false;
    if (this.#onWritten === undefined) return;
    this.#onWritten(this.#target.size);
    // Readers have their turn before the next piece is hashed.
    setImmediate(() => this.#sendEarly());
  }
}

function takeBuffer(): Buffer {
  return resting.pop() ?? Buffer.from(new SharedArrayBuffer(BATCH_BYTES));
}

function giveBack(buffer: Buffer): void {
  if (resting.length < MOST_RESTING) resting.push(buffer);
}
