import { JamError } from "../../../src/shared/errors.ts";
import { sha256Of, type Sha256 } from "../../../src/shared/sha256.ts";
import { hashMismatch, sizeMismatch } from "../../../src/store/store-errors.ts";
import type { BlobReader, BlobStore, StagedBlob, StagedForReaders } from "../../../src/store/store.ts";
import type { KeptBlob, MemoryPlace } from "./place.ts";

const PIECE_BYTES = 65_536;
const HINT = "Look at what the upstream sends.";

/** Blobs as objects: read as streams alone, and gone at once for whoever has not begun to read. */
export function memoryBlobStore(place: MemoryPlace, requireHeld: () => void): BlobStore {
  const staged = new Set<string>();
  return {
    async stat(sha256) {
      await place.call();
      const blob = place.blobs.get(sha256);
      return blob && { sha256, size: blob.bytes.length, storedAt: blob.storedAt };
    },
    async open(sha256) {
      await place.call();
      const blob = place.blobs.get(sha256);
      return blob && openBlob(place, sha256, blob);
    },
    async stage(sha256, readers) {
      const key = readers === undefined ? sha256 : `${sha256} cache`;
      if (staged.has(key)) throw new JamError("JAM_INTERNAL", `Blob ${sha256} is staged already.`);
      staged.add(key);
      await place.call();
      return new MemoryStagedBlob(place, { sha256, key, readers }, () => staged.delete(key));
    },
    async delete(sha256) {
      requireHeld();
      await place.call();
      place.blobs.delete(sha256);
    },
    async setAside(sha256) {
      requireHeld();
      await place.call();
      place.blobs.delete(sha256);
    },
    async *list() {
      await place.call();
      for (const [sha256, { bytes, storedAt }] of place.blobs) yield { sha256, size: bytes.length, storedAt };
    },
    async names() {
      await place.call();
      return [...place.blobs.keys()];
    },
    async sizes(of) {
      await place.call();
      const found = [...of].flatMap((sha256) => {
        const blob = place.blobs.get(sha256);
        return blob === undefined ? [] : [[sha256, blob.bytes.length] as const];
      });
      return new Map(found);
    },
    async *listStaged() {
      await place.call();
      for (const [key, { bytes, changedAt }] of place.parts)
        yield { sha256: key.slice(0, 64) as Sha256, received: bytes.length, changedAt };
    },
    async discardStaged(before) {
      requireHeld();
      await place.call();
      for (const [key, { changedAt }] of place.parts) if (changedAt < before) place.parts.delete(key);
    },
  };
}

function openBlob(place: MemoryPlace, sha256: Sha256, blob: KeptBlob): BlobReader {
  const size = blob.bytes.length;
  return {
    size,
    storedAt: blob.storedAt,
    async *bytes({ start, end } = { start: 0, end: size }) {
      const stop = Math.min(end, size);
      if (start >= stop) return;
      await place.call();
      if (!place.blobs.has(sha256))
        throw new JamError("JAM_STORE_CORRUPT", `Blob ${sha256} is gone.`, { details: { sha256 } });
      for (let at = start; at < stop; at += PIECE_BYTES)
        yield Buffer.from(blob.bytes.subarray(at, Math.min(stop, at + PIECE_BYTES)));
    },
    close: async () => undefined,
  };
}

interface StagingOrder {
  readonly sha256: Sha256;
  readonly key: string;
  readonly readers: StagedForReaders | undefined;
}

class MemoryStagedBlob implements StagedBlob {
  readonly sha256: Sha256;
  readonly #key: string;
  readonly #place: MemoryPlace;
  readonly #readers: StagedForReaders | undefined;
  readonly #onClose: () => void;
  #bytes: Buffer;
  #validator: string | undefined;

  constructor(place: MemoryPlace, { sha256, key, readers }: StagingOrder, onClose: () => void) {
    this.sha256 = sha256;
    this.#key = key;
    this.#place = place;
    this.#readers = readers;
    this.#onClose = onClose;
    const kept = place.parts.get(key);
    this.#bytes = kept?.bytes ?? Buffer.alloc(0);
    this.#validator = kept?.validator;
  }

  get received(): number {
    return this.#bytes.length;
  }

  get validator(): string | undefined {
    return this.#validator;
  }

  async restart(validator: string | undefined): Promise<void> {
    await this.#place.call();
    this.#discard();
    this.#validator = validator;
  }

  async append(bytes: AsyncIterable<Uint8Array>, size: number): Promise<void> {
    const pieces = [this.#bytes];
    let received = this.#bytes.length;
    try {
      for await (const piece of bytes) {
        received += piece.length;
        if (received > size) {
          pieces.length = 0;
          this.#discard();
          throw sizeMismatch(this.sha256, { expected: size, actual: received, hint: HINT });
        }
        pieces.push(Buffer.from(piece));
      }
      this.#keep(Buffer.concat(pieces));
    } catch (error) {
      const came = Buffer.concat(pieces);
      this.#keep(came.subarray(0, came.length - (came.length % this.#place.partBytes)));
      throw error;
    }
  }

  async commit(size: number): Promise<void> {
    await this.#place.call();
    const bytes = this.#bytes;
    const actual = sha256Of(bytes);
    if (bytes.length === size && actual === this.sha256) {
      await this.#readers?.onProven?.();
      this.#place.blobs.set(this.sha256, { bytes, storedAt: new Date() });
      this.#discard();
      await this.close();
      return;
    }
    this.#discard();
    throw bytes.length === size
      ? hashMismatch(this.sha256, { actual, hint: HINT })
      : sizeMismatch(this.sha256, { expected: size, actual: bytes.length, hint: HINT });
  }

  async close(): Promise<void> {
    this.#onClose();
  }

  #keep(bytes: Buffer): void {
    this.#bytes = bytes;
    if (bytes.length === 0) this.#discard();
    else this.#place.parts.set(this.#key, { bytes, validator: this.#validator, changedAt: new Date() });
  }

  #discard(): void {
    this.#bytes = Buffer.alloc(0);
    this.#validator = undefined;
    this.#place.parts.delete(this.#key);
  }
}
