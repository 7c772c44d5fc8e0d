import type { FileReader } from "../../medium/medium.ts";
import type { FilePart } from "../../shared/file-part.ts";
import { READ_BYTES } from "../../shared/limits.ts";

/** A part of an open archive, which can be read while others are. */
export interface ArchivePart extends FilePart {
  /**
   * Pieces are valid until the next one is requested; they end early where the file does.
   * @throws JamError JAM_MEDIUM_UNUSABLE
   */
  bytes(): AsyncIterable<Uint8Array>;
}

/** The bytes of an open archive from its start, without those that are taken as a part. Whoever opened the file closes it. */
export class FileSource {
  readonly #file: FileReader;
  #position = 0;
  #skipped = 0;

  constructor(file: FileReader) {
    this.#file = file;
  }

  /** Pieces are valid until the next one is requested. */
  async *bytes(): AsyncGenerator<Uint8Array> {
    const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
    for (;;) {
      const count = await this.#file.read(buffer, this.#position);
      if (count === 0) return;
      this.#position += count;
      yield buffer.subarray(0, count);
    }
  }

  /** Moves the end of what was read forwards. */
  skip(bytes: number): void {
    this.#position += bytes;
    this.#skipped += bytes;
  }

  /** Bytes that were skipped: those that `bytes` does not give. */
  get skipped(): number {
    return this.#skipped;
  }

  /** Undefined where the file, as it was opened, ends before `end`. */
  part(start: number, end: number): ArchivePart | undefined {
    const file = this.#file;
    if (end > file.size) return undefined;
    return { fd: file.fd, start, end, bytes: () => readPart(file, start, end) };
  }
}

async function* readPart(file: FileReader, start: number, end: number): AsyncGenerator<Uint8Array> {
  const buffer = Buffer.allocUnsafeSlow(Math.min(READ_BYTES, end - start));
  for (let position = start; position < end;) {
    const count = await file.read(buffer.subarray(0, Math.min(buffer.length, end - position)), position);
    if (count === 0) return;
    position += count;
    yield buffer.subarray(0, count);
  }
}
