import { constants, fstatSync } from "node:fs";
import { open, readFile, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import { makeFolder, removeFile, syncFolder, writePlainly } from "../../disk/durable-write.ts";
import { attempt, attemptUnlessAbsent, lstatOrNothing, toStoreError } from "../../disk/io-error.ts";
import { isAbsent, JamError, systemCode } from "../../shared/errors.ts";
import type { FilePart } from "../../shared/file-part.ts";
import type { Sha256 } from "../../shared/sha256.ts";
import { type StagedBy, blobFolder, blobPath, partialPaths } from "../layout.ts";
import { hashMismatch, sizeMismatch } from "../store-errors.ts";
import type { ArrivingBytes, StagedBlob, StagedForReaders } from "../store.ts";
import { BatchWriter } from "../../disk/batch-writer.ts";
import { FileHash } from "../../disk/file-hash.ts";
import type { QuickReads } from "./quick-reads.ts";
import { SharedHandle } from "./shared-handle.ts";
import { SAMPLE_BYTES, putAside, quarantine } from "./quarantine.ts";

/** Copied between two reports of how far it is; other copies have their turn meanwhile. */
const COPY_BYTES = 4 * 2 ** 20;

/** What a staged blob needs from the store that it belongs to. */
export interface StagingPlace {
  /** The data directory. */
  readonly root: string;
  readonly now: () => Date;
  readonly quick: QuickReads;
  /** Called once, when the blob is no longer staged. */
  readonly onClose: () => void;
}

/** Which of the staged blobs of a hash, and who reads it. */
export interface StagingOrder {
  readonly by: StagedBy;
  readonly readers: StagedForReaders | undefined;
}

/** Takes up what an earlier run left of this blob; makes no file yet and reads no bytes yet. */
export async function openStagedBlob(
  place: StagingPlace,
  sha256: Sha256,
  order: StagingOrder,
): Promise<StagedBlob> {
  const paths = partialPaths(sha256, order.by);
  const path = join(place.root, paths.bytes);
  const source = join(place.root, paths.source);
  // Readers wait for it: a system call takes 3 µs, a turn through the thread pool 40 µs and more.
  const [stat, note] = [lstatOrNothing(path), lstatOrNothing(source)];
  if (stat?.isFile() === false) await removeFile(path);
  const received = stat?.isFile() === true ? stat.size : 0;
  const validator = received > 0 ? await readValidator(source) : undefined;
  const staged = new FsStagedBlob(place, sha256, {
    ...order,
    received,
    validator,
    isOnDisk: stat !== undefined || note !== undefined,
  });
  if (order.readers === undefined) return staged;
  if (stat === undefined && note === undefined) staged.openEarly();
  return Object.assign(staged, { openArriving: () => staged.openForReader() });
}

/**
 * Bytes go to `partial/<sha256>.part`, or `partial/<sha256>.cache.part`. Invariant: while `#hash` is set, it covers exactly the first `#received` bytes
 * of the file, apart from those that an `append` in progress holds in memory.
 */
class FsStagedBlob implements StagedBlob {
  readonly sha256: Sha256;
  readonly #place: StagingPlace;
  readonly #path: string;
  readonly #sourcePath: string;
  readonly #readers: StagedForReaders | undefined;
  #received: number;
  #validator: string | undefined;
  #shared: SharedHandle | undefined;
  /** A new file on its way, and until something is written to it. */
  #fresh: Promise<void> | undefined;
  #hash: FileHash | undefined;
  #closed = false;
  /** False as long as there is certainly neither the file nor the note on its source. */
  #isOnDisk: boolean;
  /** The note on the source, which is written while the first bytes come. */
  #noting: Promise<void> = Promise.resolve();

  constructor(
    place: StagingPlace,
    sha256: Sha256,
    earlier: StagingOrder & {
      readonly received: number;
      readonly validator: string | undefined;
      readonly isOnDisk: boolean;
    },
  ) {
    const paths = partialPaths(sha256, earlier.by);
    this.sha256 = sha256;
    this.#place = place;
    this.#path = join(place.root, paths.bytes);
    this.#sourcePath = join(place.root, paths.source);
    this.#readers = earlier.readers;
    this.#received = earlier.received;
    this.#validator = earlier.validator;
    this.#isOnDisk = earlier.isOnDisk;
  }

  get received(): number {
    return this.#received;
  }

  get validator(): string | undefined {
    return this.#validator;
  }

  async restart(validator: string | undefined): Promise<void> {
    await this.#discard();
    if (validator === undefined) return;
    this.#validator = validator;
    this.#isOnDisk = true;
    // Only a help for resuming: torn or lost, the hash of the whole still decides.
    this.#noting = attempt(`write ${this.#sourcePath}`, () =>
      writePlainly(this.#sourcePath, JSON.stringify({ validator })),
    );
    // Whoever ends this attempt waits for it.
    this.#noting.catch(() => undefined);
  }

  async append(bytes: AsyncIterable<Uint8Array>, size: number): Promise<void> {
    const hash = await this.#openHashed(size);
    const onReadable = this.#readers?.onReadable;
    onReadable?.(this.#received);
    const writer = new BatchWriter(hash, onReadable);
    const doing = `write ${this.#path}`;
    let tooLong: JamError | undefined;
    try {
      for await (const chunk of bytes) {
        if (this.#received + chunk.length > size) {
          tooLong = sizeMismatch(this.sha256, {
            expected: size,
            actual: this.#received + chunk.length,
            hint: this.#hint,
          });
          break;
        }
        await attempt(doing, () => writer.write(chunk));
        this.#received += chunk.length;
      }
    } finally {
      // Whatever ended the source, what came before it is good and is kept.
      await this.#finish(writer, doing);
    }
    if (tooLong !== undefined) throw await this.#reject(tooLong);
  }

  async copy({ fd, start, end }: FilePart, onBytes: (bytes: number) => void): Promise<void> {
    const hash = await this.#openHashed(this.#received + end - start);
    for (let position = start; position < end;) {
      const part = { fd, start: position, end: Math.min(end, position + COPY_BYTES) };
      const count = await hash
        .copy(part)
        .catch(async (error: unknown) => this.#throwUnwritten(error, `write ${this.#path}`));
      if (count === 0) return;
      position += count;
      this.#received += count;
      onBytes(count);
    }
  }

  async commit(size: number): Promise<void> {
    const hint = this.#hint;
    if (this.#received !== size)
      throw await this.#reject(sizeMismatch(this.sha256, { expected: size, actual: this.#received, hint }));
    const hash = await this.#openHashed(size);
    const actual = await attempt(`read ${this.#path}`, () => hash.finish());
    if (actual !== this.sha256) throw await this.#reject(hashMismatch(this.sha256, { actual, hint }));
    const proven = this.#readers?.onProven?.();
    // Met below; when the flush fails, that is the reason that counts.
    proven?.catch(() => undefined);
    try {
      await this.#flushToDisk(hash);
    } finally {
      await Promise.allSettled([proven]);
    }
    await proven;
    await this.#dropHash();
    await this.#noting;
    await this.#reveal();
    await removeFile(this.#sourcePath);
    this.#received = 0;
    this.#validator = undefined;
    await this.close();
  }

  async close(): Promise<void> {
    await this.#fresh;
    const isUnused = this.#fresh !== undefined;
    this.#fresh = undefined;
    if (isUnused) await this.#discard();
    await this.#noting.catch(() => undefined);
    await this.#closeFile();
    if (this.#closed) return;
    this.#closed = true;
    this.#place.onClose();
  }

  /** Makes the file while the source is still asked: the first byte does not wait for it then. */
  openEarly(): void {
    const keep = (opened: SharedHandle) => void (this.#shared = opened);
    // Who writes to it meets the failure.
    this.#fresh = this.#openFile().then(keep, () => undefined);
  }

  /**
   * The file as it is now, on the descriptor that it is written through: it stays whatever becomes of the name, and nobody
   * waits until it is opened once more.
   */
  async openForReader(): Promise<ArrivingBytes> {
    const shared = (this.#shared ??= this.#received > 0 ? await this.#openFile() : undefined);
    if (shared === undefined) throw nothingArrived(this.#path);
    const { file } = shared;
    const [doing, { quick }, { sha256 }] = [`read ${this.#path}`, this.#place, this];
    shared.hold();
    return {
      readAt: (buffer, position) =>
        attempt(doing, async () => (await file.read(buffer, 0, buffer.length, position)).bytesRead),
      readNow: (buffer, position) => quick.read({ sha256, fd: file.fd }, buffer, position),
      close: () => attempt(`close ${this.#path}`, () => shared.close()),
    };
  }

  /** The file with a hash over what it holds, read once where this run did not see those bytes come. */
  async #openHashed(size: number): Promise<FileHash> {
    await this.#fresh;
    this.#fresh = undefined;
    const { file } = (this.#shared ??= await this.#openFile());
    // Readers wait for the first bytes, and a thread would have to begin first.
    const hash = (this.#hash ??= new FileHash(file, this.#readers === undefined ? size : 0));
    await attempt(`read ${this.#path}`, async () => {
      const reached = await hash.readTo(this.#received);
      if (reached >= this.#received) return;
      this.#received = reached;
      throw new Error("the file became shorter");
    });
    return hash;
  }

  async #openFile(): Promise<SharedHandle> {
    const { O_RDWR, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
    this.#isOnDisk = true;
    return attempt(`open ${this.#path}`, async () => {
      const file = await open(this.#path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o644);
      if (fstatSync(file.fd).isFile()) return new SharedHandle(file);
      await file.close();
      throw new JamError("JAM_STORE_CORRUPT", `${this.#path} is not a regular file.`, {
        hint: "Move it away, then run the command again.",
      });
    });
  }

  async #finish(writer: BatchWriter, doing: string): Promise<void> {
    await writer.finish().catch(async (error: unknown) => this.#throwUnwritten(error, doing));
  }

  /** After a failed write the file holds a beginning of the right bytes, but how much only the file knows. */
  async #throwUnwritten(error: unknown, doing: string): Promise<never> {
    if (this.#hash?.isLost === true) await this.#discard();
    await this.#dropHash();
    this.#received = (await this.#shared?.file.stat())?.size ?? 0;
    throw toStoreError(error, doing);
  }

  /** A failed flush may have dropped the bytes for good and would not fail again: they count as lost. */
  async #flushToDisk(hash: FileHash): Promise<void> {
    try {
      await this.#shared?.file.chmod(0o444);
      await hash.flush();
    } catch (error) {
      await this.#discard();
      throw toStoreError(error, `flush ${this.#path}`);
    }
  }

  async #reveal(): Promise<void> {
    const folder = join(this.#place.root, blobFolder(this.sha256));
    const target = join(this.#place.root, blobPath(this.sha256));
    await attempt(`write ${target}`, async () => {
      try {
        await rename(this.#path, target);
      } catch (error) {
        // A folder in the blob's place.
        if (systemCode(error) === "EISDIR") await putAside(this.#place.root, this.sha256);
        else if (!isAbsent(error)) throw error;
        // Where another tarball has just created the folder, this one must not count before that is flushed.
        else if (!(await makeFolder(folder))) await syncFolder(dirname(folder));
        await rename(this.#path, target);
      }
    });
    await syncFolder(folder);
  }

  /** Empties this blob after keeping a sample; resolves to the reason, for the caller to throw. */
  async #reject(reason: JamError): Promise<JamError> {
    const { file } = (this.#shared ??= await this.#openFile());
    const sample = Buffer.alloc(Math.min(SAMPLE_BYTES, this.#received));
    await attempt(`read ${this.#path}`, () => file.read(sample, 0, sample.length, 0));
    await this.#discard();
    const rejection = { code: reason.code, details: reason.details, rejectedAt: this.#place.now() };
    // A sample that cannot be kept, on a full disk for one, must not hide why the bytes were rejected.
    await quarantine(this.#place.root, this.sha256, sample, rejection).catch(() => undefined);
    return reason;
  }

  /** Back to nothing: no bytes, no note on their source, ready for another attempt. */
  async #discard(): Promise<void> {
    this.#readers?.onReadable(0);
    // There is nothing in it.
    if (this.#fresh !== undefined) return;
    await this.#closeFile();
    await this.#noting.catch(() => undefined);
    if (this.#isOnDisk) {
      await removeFile(this.#path);
      await removeFile(this.#sourcePath);
    }
    this.#isOnDisk = false;
    this.#received = 0;
    this.#validator = undefined;
  }

  async #closeFile(): Promise<void> {
    const shared = this.#shared;
    await this.#dropHash();
    this.#shared = undefined;
    await shared?.close();
  }

  async #dropHash(): Promise<void> {
    const hash = this.#hash;
    this.#hash = undefined;
    await hash?.close();
  }

  get #hint(): string {
    return `Look at the sample in ${join(this.#place.root, "quarantine")} to see what the upstream sent.`;
  }
}

function nothingArrived(path: string): JamError {
  return new JamError("JAM_STORE_CORRUPT", `Nothing of ${path} has arrived.`, {
    hint: "Run the command again.",
  });
}

async function readValidator(path: string): Promise<string | undefined> {
  const text = await attemptUnlessAbsent(`read ${path}`, () => readFile(path, "utf8"));
  try {
    const note: unknown = JSON.parse(text ?? "");
    const validator = typeof note === "object" && note !== null && "validator" in note && note.validator;
    return typeof validator === "string" ? validator : undefined;
  } catch {
    return undefined;
  }
}
