import type { ArchivePart, FileSource } from "./file-source.ts";

/**
 * Reads bytes from a source in the requested amounts. Keeps at most one chunk of the source.
 */
export class ByteReader {
  readonly #source: AsyncIterator<Uint8Array>;
  readonly #file: FileSource | undefined;
  #rest: Uint8Array = new Uint8Array();
  #isOver = false;
  #position = 0;

  /** @param file which the source reads, from its start; undefined where bytes cannot be skipped */
  constructor(source: AsyncIterable<Uint8Array>, file?: FileSource) {
    this.#source = source[Symbol.asyncIterator]();
    this.#file = file;
  }

  /** Bytes read so far. */
  get position(): number {
    return this.#position;
  }

  /** The next bytes, at most `most` of them; undefined at the end of the source. Valid until the next call. */
  async some(most: number): Promise<Uint8Array | undefined> {
    if (this.#rest.length === 0 && !(await this.#refill())) return undefined;
    const taken = this.#rest.subarray(0, most);
    this.#rest = this.#rest.subarray(taken.length);
    this.#position += taken.length;
    return taken;
  }

  /** Exactly `count` bytes, or fewer where the source ends before. For small amounts, which are collected in memory. */
  async exactly(count: number): Promise<Uint8Array> {
    const first = (await this.some(count)) ?? new Uint8Array();
    if (first.length === count) return first;
    const gathered = [Buffer.from(first)];
    for (let missing = count - first.length; missing > 0;) {
      const more = await this.some(missing);
      if (more === undefined) break;
      gathered.push(Buffer.from(more));
      missing -= more.length;
    }
    return Buffer.concat(gathered);
  }

  /**
   * The next whole blocks, at least one and at most `most` bytes of them, `most` being whole blocks; fewer bytes than
   * a block only where the source ends. Valid until the next call.
   */
  async blocks(most: number, blockBytes: number): Promise<Uint8Array> {
    if (this.#rest.length === 0 && !(await this.#refill())) return new Uint8Array();
    const whole = Math.floor(Math.min(most, this.#rest.length) / blockBytes) * blockBytes;
    if (whole > 0) return (await this.some(whole)) as Uint8Array;
    return this.exactly(blockBytes);
  }

  /** The next bytes without consuming them: `count` of them, or fewer where the source ends before. */
  async peek(count: number): Promise<Buffer> {
    const seen = Buffer.from(await this.exactly(count));
    this.#rest = this.#rest.length === 0 ? seen : Buffer.concat([seen, this.#rest]);
    this.#position -= seen.length;
    return seen;
  }

  /**
   * Skips `blocks` bytes; the first `count` of them can be read from the file. Undefined when
   * no file is read or it is too short; then nothing is skipped.
   */
  take(count: number, blocks: number): ArchivePart | undefined {
    const start = this.#position;
    if (this.#file?.part(start, start + blocks) === undefined) return undefined;
    const here = Math.min(blocks, this.#rest.length);
    this.#rest = this.#rest.subarray(here);
    this.#file.skip(blocks - here);
    this.#position += blocks;
    return this.#file.part(start, start + count);
  }

  /** True at the end of the source. */
  async isAtEnd(): Promise<boolean> {
    return this.#rest.length === 0 && !(await this.#refill());
  }

  /** False at the end of the source. */
  async #refill(): Promise<boolean> {
    while (!this.#isOver) {
      const { done, value } = await this.#source.next();
      if (done === true) this.#isOver = true;
      else if (value.length > 0) {
        this.#rest = value;
        return true;
      }
    }
    return false;
  }

  /** Closes the source. */
  async close(): Promise<void> {
    this.#isOver = true;
    this.#rest = new Uint8Array();
    await this.#source.return?.();
  }
}
