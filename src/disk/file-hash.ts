import type { Hash } from "node:crypto";
import { read } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { promisify } from "node:util";
import type { FilePart } from "../shared/file-part.ts";
import { READ_BYTES } from "../shared/limits.ts";
import { startSha256, type Sha256 } from "../shared/sha256.ts";
import { writeAll } from "./durable-write.ts";
import { HashThreadError, hashThreads, SPARE_THREADS, type ThreadHash } from "./hash-threads.ts";

/** Smaller files are hashed before a thread has begun. */
const THREAD_BYTES = 2 ** 19;

/** So many bytes are sent to the disk while more arrive, so that the last flush does not have to wait for a whole file. */
const EARLY_FLUSH_BYTES = 32 * 2 ** 20;

/**
 * An open file that is written from its start, and the SHA-256 of what was written. A large file is written and hashed in a
 * thread; a small one here. One call at a time; the owner closes this before the file.
 */
export class FileHash {
  readonly #file: FileHandle;
  readonly #expectedBytes: number | undefined;
  #size = 0;
  #here: Hash | undefined;
  #thread: ThreadHash | undefined;
  #unflushed = 0;
  #flushing: Promise<void> | undefined;
  #flushError: unknown;
  /** Most threads to use; undefined: as many as there are. */
  #threads: number | undefined = SPARE_THREADS;

  /** @param expectedBytes of the whole file; undefined when unknown: then the first write decides where it is hashed */
  constructor(file: FileHandle, expectedBytes?: number) {
    this.#file = file;
    this.#expectedBytes = expectedBytes;
  }

  /** Bytes that are written and hashed. */
  get size(): number {
    return this.#size;
  }

  /** True when the disk refused bytes that were written: they may be gone, although the file still shows them. */
  get isLost(): boolean {
    return this.#flushError !== undefined;
  }

  /**
   * Hashes what the file has already, up to byte `end`; resolves to the byte that was reached.
   * @throws a system error
   */
  async readTo(end: number): Promise<number> {
    if (this.#size >= end) return this.#size;
    const { fd } = this.#file;
    const inThread = async (thread: ThreadHash) => {
      for (let read = 1; read > 0 && this.#size < end;) {
        read = await thread.read(fd, this.#size, Math.min(end, this.#size + 4 * READ_BYTES));
        this.#size += read;
      }
    };
    await this.#hash(end, inThread, (hash) => this.#readHere(hash, end));
    return this.#size;
  }

  /**
   * Writes bytes of shared memory after those that are hashed, and hashes them. They must not change until this has settled.
   * @throws a system error; then how much was written only the file knows
   */
  async append(bytes: Uint8Array): Promise<void> {
    if (this.#flushError !== undefined) throw this.#flushError;
    const position = this.#size;
    await this.#hash(
      bytes.length,
      (thread) => this.#appendInThread(thread, bytes, position),
      async (hash) => {
        const written = writeAll(this.#file, bytes, position);
        hash.update(bytes);
        await written;
      },
    );
    this.#size = position + bytes.length;
    this.#flushEarly(bytes.length);
  }

  /**
   * Appends a part of another open file; resolves to the number of bytes, fewer where the part ends early or cannot be read.
   * @throws a system error of the write; then how much was written only the file knows
   */
  async copy(part: FilePart): Promise<number> {
    if (this.#flushError !== undefined) throw this.#flushError;
    // Nobody brings the bytes, so no thread has to be spared.
    this.#threads = undefined;
    let count = 0;
    await this.#hash(
      part.end - part.start,
      async (thread) => void (count = await thread.copy(part, { fd: this.#file.fd, position: this.#size })),
      async (hash) => void (count = await this.#copyHere(part, hash)),
    );
    this.#size += count;
    this.#flushEarly(count);
    return count;
  }

  async #copyHere({ fd, start, end }: FilePart, hash: Hash): Promise<number> {
    const bytes = Buffer.allocUnsafeSlow(end - start);
    const count = await readPart(fd, bytes, start).catch(() => 0);
    await writeAll(this.#file, bytes.subarray(0, count), this.#size);
    hash.update(bytes.subarray(0, count));
    return count;
  }

  /** One file alone is written by another thread than the one that hashes it; of several, each thread takes its own. */
  async #appendInThread(thread: ThreadHash, bytes: Uint8Array, position: number): Promise<void> {
    if (!thread.isAlone) return thread.write(this.#file.fd, bytes, position);
    const written = writeAll(this.#file, bytes, position);
    // Reported below; until then it must not count as unhandled.
    written.catch(() => undefined);
    try {
      await thread.add(bytes);
    } finally {
      await written;
    }
  }

  /** The hash of all bytes. Nothing can be added to it. */
  async finish(): Promise<Sha256> {
    let digest: Sha256 | undefined;
    await this.#hash(
      0,
      async (thread) => void (digest = await thread.finish()),
      async (hash) => void (digest = hash.digest("hex") as Sha256),
    );
    this.#thread?.end();
    this.#thread = undefined;
    return digest as unknown as Sha256;
  }

  /** Makes all bytes durable. @throws a system error, of this flush or an earlier one */
  async flush(): Promise<void> {
    await this.#flushing;
    if (this.#flushError !== undefined) throw this.#flushError;
    await this.#file.sync();
  }

  /** Call it when no other call is under way. */
  async close(): Promise<void> {
    this.#thread?.end();
    this.#thread = undefined;
    this.#here = undefined;
    await this.#flushing;
  }

  /** One step of the hash, in the thread or here; here from now on if the thread broke down. */
  async #hash(
    bytes: number,
    inThread: (thread: ThreadHash) => Promise<void>,
    here: (hash: Hash) => Promise<void>,
  ): Promise<void> {
    if (this.#here === undefined) {
      try {
        const isLarge = (this.#expectedBytes ?? bytes) >= THREAD_BYTES;
        if (this.#thread !== undefined || isLarge) {
          this.#thread ??= await hashThreads.begin(this.#threads);
          return await inThread(this.#thread);
        }
        this.#here = startSha256();
      } catch (error) {
        if (!(error instanceof HashThreadError)) throw error;
        await this.#leaveThread();
      }
    }
    await here(this.#here as Hash);
  }

  async #leaveThread(): Promise<void> {
    this.#thread?.end();
    this.#thread = undefined;
    this.#here = startSha256();
    const hashed = this.#size;
    this.#size = 0;
    await this.#readHere(this.#here, hashed);
    if (this.#size < hashed) throw new Error("the file became shorter");
  }

  async #readHere(hash: Hash, end: number): Promise<void> {
    const buffer = Buffer.allocUnsafeSlow(Math.min(READ_BYTES, end - this.#size));
    while (this.#size < end) {
      const most = Math.min(buffer.length, end - this.#size);
      const { bytesRead } = await this.#file.read(buffer, 0, most, this.#size);
      if (bytesRead === 0) return;
      hash.update(buffer.subarray(0, bytesRead));
      this.#size += bytesRead;
    }
  }

  #flushEarly(bytes: number): void {
    this.#unflushed += bytes;
    if (this.#unflushed < EARLY_FLUSH_BYTES || this.#flushing !== undefined) return;
    this.#unflushed = 0;
    this.#flushing = this.#file
      .datasync()
      .catch((error: unknown) => {
        this.#flushError = error;
      })
      .finally(() => {
        this.#flushing = undefined;
      });
  }
}

/** One read: where it gives fewer bytes, the next part begins there. */
async function readPart(fd: number, bytes: Uint8Array, position: number): Promise<number> {
  const { bytesRead } = await promisify(read)(fd, bytes, 0, bytes.length, position);
  return bytesRead;
}
