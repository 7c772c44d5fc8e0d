import { JamError } from "../shared/errors.ts";
import { startSha256, type Sha256 } from "../shared/sha256.ts";
import type { ByteRange, StagedBlob } from "../store/store.ts";
import { unprovenEnd } from "./held-back.ts";

/** The beginning of a tarball as it was sent already: another stream must begin the same. */
export interface SentBeginning {
  /** Bytes, from the start of the tarball on. */
  readonly length: number;
  readonly sha256: string;
}

/** What passes through, and what its reader has already. */
export interface Passing {
  readonly sha256: Sha256;
  /** What the reader wants of it. */
  readonly range: ByteRange;
  /** The next byte that the reader needs. */
  readonly position: number;
  /** Undefined while the reader has nothing yet. */
  readonly sent: SentBeginning | undefined;
}

/**
 * Takes a tarball that nobody stores, and gives it to one reader as it arrives. It is hashed on the way; the end is
 * held back until the hash is right. The source waits while the reader has not taken what came.
 */
export class PassingSink implements StagedBlob {
  readonly sha256: Sha256;
  readonly #range: ByteRange;
  readonly #held: Uint8Array[] = [];
  #hash = startSha256();
  #received = 0;
  #validator: string | undefined;
  #sent: SentBeginning | undefined;
  readonly #start: number;
  /** The next byte for the reader that was neither given to it nor held back for it. */
  #next: number;
  #hasGiven: boolean;
  #piece: Uint8Array | undefined;
  #failure: unknown;
  #wake = Promise.withResolvers<void>();
  /** The source's wait for the reader. */
  #taken: PromiseWithResolvers<void> | undefined;

  constructor({ sha256, range, position, sent }: Passing) {
    this.sha256 = sha256;
    this.#range = range;
    this.#sent = sent;
    this.#start = position;
    this.#next = position;
    this.#hasGiven = sent !== undefined;
  }

  get received(): number {
    return this.#received;
  }

  get validator(): string | undefined {
    return this.#validator;
  }

  /** Resolves to how many bytes can be taken now: at least one. Throws what `fail` was told. */
  async ready(): Promise<number> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#piece !== undefined) return this.#piece.length;
      await this.#wake.promise;
    }
  }

  /** Moves bytes that are ready into `buffer`. */
  take(buffer: Uint8Array): number {
    const piece = this.#piece ?? new Uint8Array();
    const part = piece.subarray(0, buffer.length);
    buffer.set(part);
    this.#piece = part.length < piece.length ? piece.subarray(part.length) : undefined;
    if (this.#piece === undefined) this.#taken?.resolve();
    return part.length;
  }

  /** Ends the reader with an error, or the source that waits for it. */
  fail(error: unknown): void {
    this.#failure ??= error;
    this.#wake.resolve();
    this.#taken?.reject(error);
  }

  async restart(validator: string | undefined): Promise<void> {
    if (!this.#hasGiven) {
      this.#held.length = 0;
      this.#next = this.#start;
    } else if (this.#received > (this.#sent?.length ?? 0)) {
      // The reader has what this source sent: the next one must begin with the same bytes. What is held back is of them.
      this.#sent = { length: this.#received, sha256: this.#hash.digest("hex") };
    }
    this.#hash = startSha256();
    this.#received = 0;
    this.#validator = validator;
  }

  async append(bytes: AsyncIterable<Uint8Array>, size: number): Promise<void> {
    for await (const piece of bytes) {
      if (this.#received + piece.length > size) {
        throw mismatch("JAM_ITEM_SIZE_MISMATCH", this.sha256, `received more than ${size} bytes`);
      }
      await this.#pass(piece);
    }
  }

  async commit(size: number): Promise<void> {
    if (this.#received !== size) {
      throw mismatch("JAM_ITEM_SIZE_MISMATCH", this.sha256, `received ${this.#received} of ${size} bytes`);
    }
    const found = this.#hash.copy().digest("hex");
    if (found !== this.sha256)
      throw mismatch("JAM_ITEM_HASH_MISMATCH", this.sha256, `received the SHA-256 ${found}`);
    for (const piece of this.#held.splice(0)) await this.#give(piece);
  }

  async close(): Promise<void> {
    // Nothing is kept.
  }

  async #pass(piece: Uint8Array): Promise<void> {
    const start = this.#received;
    const end = start + piece.length;
    const proof = this.#sent;
    const isAtProof = proof !== undefined && start < proof.length && end >= proof.length;
    const before = isAtProof ? piece.subarray(0, proof.length - start) : piece;
    this.#hash.update(before);
    if (isAtProof) {
      if (this.#hash.copy().digest("hex") !== proof.sha256) throw otherBeginning(this.sha256);
      this.#hash.update(piece.subarray(before.length));
    }
    this.#received = end;
    if (proof !== undefined && end < proof.length) return;
    await this.#giveUntil(piece, start, Math.min(end, unprovenEnd(this.#range)));
    const stop = Math.min(end, this.#range.end);
    const from = Math.max(start, this.#next);
    if (from >= stop) return;
    // Bytes of the source's own memory are valid until it is asked for more.
    this.#held.push(Uint8Array.from(piece.subarray(from - start, stop - start)));
    this.#next = stop;
  }

  /** Gives the reader what it needs of a piece that begins at `start`, up to `end`. */
  async #giveUntil(piece: Uint8Array, start: number, end: number): Promise<void> {
    const from = Math.max(start, this.#next);
    if (from >= end) return;
    this.#next = end;
    await this.#give(piece.subarray(from - start, end - start));
  }

  async #give(piece: Uint8Array): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    const taken = Promise.withResolvers<void>();
    this.#taken = taken;
    this.#piece = piece;
    this.#hasGiven = true;
    this.#wake.resolve();
    this.#wake = Promise.withResolvers<void>();
    await taken.promise;
  }
}

function otherBeginning(sha256: Sha256): JamError {
  return new JamError(
    "JAM_UPSTREAM_INCONSISTENT",
    `Blob ${sha256}: the upstream sends other bytes than before, and a reader has the earlier ones.`,
    { hint: "The reader was cut off; it can try again.", details: { sha256 } },
  );
}

function mismatch(
  code: "JAM_ITEM_SIZE_MISMATCH" | "JAM_ITEM_HASH_MISMATCH",
  sha256: Sha256,
  what: string,
): JamError {
  return new JamError(code, `Blob ${sha256}: ${what}.`, {
    hint: "Nothing was stored. The reader was cut off before the end.",
    details: { sha256 },
  });
}
