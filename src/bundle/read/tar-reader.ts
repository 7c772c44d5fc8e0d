import { Parser, type ReadEntry } from "tar";
import { printable } from "../../shared/printable.ts";
import { damagedBundle, malformedBundle } from "../format/bundle-faults.ts";
import { TAR_BLOCK, toBlocks } from "../format/volume-plan.ts";
import type { ByteReader } from "./byte-reader.ts";
import type { ArchivePart } from "./file-source.ts";

/** A plain file of an archive. */
export interface TarFile {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
}

/**
 * Reads an archive file by file in one pass. node-tar's parser gets one header, then one body at a time: at most one file
 * is open, whatever the archive contains, and the position in the source is always known, so that another archive may
 * follow.
 */
export class TarReader {
  readonly #bytes: ByteReader;
  readonly #name: string;
  #parser: Parser;
  #entry: ReadEntry | undefined;
  #chunks: Uint8Array[] = [];
  #fault: Error | undefined;
  #isStarted = false;

  /** @param name the archive's name in messages */
  constructor(bytes: ByteReader, name: string) {
    this.#bytes = bytes;
    this.#name = name;
    this.#parser = this.#newParser();
  }

  #newParser(): Parser {
    const parser = new Parser({ strict: true, onReadEntry: (entry) => this.#take(entry) });
    parser.on("error", (error: Error) => {
      this.#fault ??= error;
    });
    return parser;
  }

  /**
   * The next file, whose body must be read before the file after it; undefined at the end of the archive.
   * @throws JamError JAM_BUNDLE_MALFORMED for anything but plain files with plain headers, JAM_BUNDLE_DAMAGED where the source ends
   */
  async next(): Promise<TarFile | undefined> {
    this.#entry = undefined;
    const header = await this.#bytes.exactly(TAR_BLOCK);
    if (header.length < TAR_BLOCK) throw this.#cutOff();
    this.#refuseForeign(header);
    this.#feed(header);
    const entry = this.#entry as ReadEntry | undefined;
    if (entry === undefined) return this.#end(header);
    if (entry.type !== "File") {
      throw malformedBundle(
        this.#name,
        `${printable(entry.path)} is not a plain file but a ${printable(entry.type)}`,
      );
    }
    return { name: entry.path, size: entry.size };
  }

  /**
   * The body of the file that `next` returned last, in pieces that are valid until the next one is requested.
   * @throws JamError JAM_BUNDLE_DAMAGED where the source ends
   */
  async *body(): AsyncGenerator<Uint8Array> {
    const size = this.#entry?.size ?? 0;
    for (let left = toBlocks(size); left > 0;) {
      // Only whole blocks: the parser would keep a partial block, whose memory the source may reuse.
      const chunk = await this.#bytes.blocks(left, TAR_BLOCK);
      if (chunk.length === 0 || chunk.length % TAR_BLOCK !== 0) throw this.#cutOff();
      left -= chunk.length;
      this.#feed(chunk);
      const pieces = this.#chunks;
      this.#chunks = [];
      yield* pieces;
    }
  }

  /**
   * The body as a part of the archive's file, instead of `body`: the next file may be read before it. Undefined where the
   * archive is not a file, or ends within it.
   */
  takeBody(): ArchivePart | undefined {
    const size = this.#entry?.size ?? 0;
    const part = this.#bytes.take(size, toBlocks(size));
    // The parser would wait for these bytes. Nothing that it has read concerns the files that follow.
    if (part !== undefined) this.#parser = this.#newParser();
    return part;
  }

  #take(entry: ReadEntry): void {
    this.#entry = entry;
    entry.on("data", (chunk: Buffer) => this.#chunks.push(chunk));
  }

  #feed(bytes: Uint8Array): void {
    this.#parser.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
    if (this.#fault !== undefined) {
      throw malformedBundle(
        this.#name,
        `not a valid tar archive: ${printable(this.#fault.message)}`,
        this.#fault,
      );
    }
  }

  /** node-tar would unpack compressed data of any size, and read headers from before 1988; a bundle has neither. */
  #refuseForeign(header: Uint8Array): void {
    const isFirst = !this.#isStarted;
    this.#isStarted = true;
    const magic = Buffer.from(header.subarray(257, 262)).toString("latin1");
    if (magic === "ustar" || (!isFirst && isEmpty(header))) return;
    const what = isFirst
      ? "not a tar archive, so not a volume of a bundle"
      : "a header that is not in ustar format";
    throw malformedBundle(this.#name, what);
  }

  /** A header without a file is the first of the two empty blocks at the end, or something that a bundle must not contain. */
  async #end(header: Uint8Array): Promise<undefined> {
    if (!isEmpty(header)) {
      throw malformedBundle(this.#name, "an extended header where a plain file was expected");
    }
    const second = await this.#bytes.exactly(TAR_BLOCK);
    if (second.length < TAR_BLOCK) throw this.#cutOff();
    if (!isEmpty(second)) throw malformedBundle(this.#name, "it does not end as a tar archive does");
    return undefined;
  }

  #cutOff() {
    const { position } = this.#bytes;
    return damagedBundle(
      this.#name,
      position === 0 ? "it is empty" : `it is truncated after ${position} bytes`,
    );
  }
}

function isEmpty(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}
