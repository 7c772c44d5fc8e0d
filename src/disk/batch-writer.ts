import type { Hash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { writeAll } from "./durable-write.ts";

/** Large enough for few system calls, small enough for a dozen parallel downloads. */
const BATCH_BYTES = 256 * 1024;

/**
 * Gathers small chunks into large writes. Two buffers take turns: while a thread of the pool writes one, this
 * thread hashes it and fills the other, and the source waits when both are in use. Bytes are copied once, so the
 * source may reuse its memory at once.
 *
 * Hashing stays on this thread: SHA-256 runs at 1.7 GB/s with the processor's SHA instructions, faster than a disk or
 * a network card brings bytes, and handing chunks to a worker costs about as much as hashing them.
 */
export class BatchWriter {
  readonly #file: FileHandle;
  readonly #hash: Hash;
  readonly #onWritten: ((position: number) => void) | undefined;
  #position: number;
  #filling = Buffer.allocUnsafeSlow(BATCH_BYTES);
  #resting = Buffer.allocUnsafeSlow(BATCH_BYTES);
  #filled = 0;
  #inFlight: Promise<void> = Promise.resolve();
  #isWriting = false;

  /**
   * With `onWritten` nothing waits for a full buffer: as soon as no write is under way, what came is written, and
   * `onWritten` is told the position up to which the file can be read.
   */
  constructor(file: FileHandle, hash: Hash, position: number, onWritten?: (position: number) => void) {
    this.#file = file;
    this.#hash = hash;
    this.#position = position;
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

  /** Resolves when all that was taken is with the operating system. */
  async flush(): Promise<void> {
    if (this.#filled > 0) await this.#send();
    await this.#inFlight;
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
    this.#inFlight = this.#writeOut(batch, this.#position);
    // The next await reports a failure; until then it must not count as unhandled.
    this.#inFlight.catch(() => undefined);
    this.#position += batch.length;
    this.#hash.update(batch);
    [this.#filling, this.#resting] = [this.#resting, this.#filling];
    this.#filled = 0;
  }

  async #writeOut(batch: Uint8Array, position: number): Promise<void> {
    this.#isWriting = true;
    await writeAll(this.#file, batch, position);
    this.#isWriting = false;
    this.#onWritten?.(position + batch.length);
    this.#sendEarly();
  }
}
