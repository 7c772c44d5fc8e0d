import { promisify } from "node:util";
import { brotliCompress, constants, gzip, zstdCompress } from "node:zlib";
import { sha256Of } from "../shared/sha256.ts";
import type { Encoding } from "./negotiate.ts";

/** One document in one content coding. */
export interface EncodedDocument {
  readonly bytes: Uint8Array;
  /** Strong, with its quotes; differs per coding. */
  readonly etag: string;
  readonly encoding: Encoding | undefined;
  /** The headers of its answers: names and values alternate, as `writeHead` takes them without a copy. */
  readonly heads: DocumentHeads;
}

/** What an answer with a document has in its head, by how long it may be kept. */
export type DocumentHeads = (cacheControl: string) => {
  readonly whole: string[];
  readonly unchanged: string[];
};

/** Compressed once and read many thousand times, yet the first reader waits for it: high levels, not the highest. */
const COMPRESS: Readonly<Record<Encoding, (bytes: Uint8Array) => Promise<Uint8Array>>> = {
  br: (bytes) =>
    promisify(brotliCompress)(bytes, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: 9,
        [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
        [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
      },
    }),
  zstd: (bytes) => promisify(zstdCompress)(bytes, { params: { [constants.ZSTD_c_compressionLevel]: 12 } }),
  gzip: (bytes) => promisify(gzip)(bytes, { level: 9 }),
};

/** A metadata document held in memory, with its compressed forms made when they are first asked for. */
export class ServedDocument {
  readonly bytes: Uint8Array;
  readonly contentType: string;
  readonly lastModified: Date;
  readonly #identity: EncodedDocument;
  readonly #sha256: string;
  readonly #encoded = new Map<Encoding, Promise<EncodedDocument>>();
  readonly #ready = new Map<Encoding | undefined, EncodedDocument>();

  constructor(bytes: Uint8Array, options: { readonly contentType: string; readonly lastModified: Date }) {
    this.bytes = bytes;
    this.contentType = options.contentType;
    this.lastModified = options.lastModified;
    this.#sha256 = sha256Of(bytes);
    this.#identity = this.#encode(bytes, undefined);
  }

  /** The document in a coding when it was made already. */
  ready(encoding: Encoding | undefined): EncodedDocument | undefined {
    return this.#ready.get(encoding);
  }

  /** The document in a coding; however many ask at the same time, it is compressed once. */
  encoded(encoding: Encoding | undefined): Promise<EncodedDocument> {
    if (encoding === undefined) return Promise.resolve(this.#identity);
    const known = this.#encoded.get(encoding);
    if (known !== undefined) return known;
    const made = COMPRESS[encoding](this.bytes).then((bytes) => this.#encode(bytes, encoding));
    this.#encoded.set(encoding, made);
    made.catch(() => this.#encoded.delete(encoding));
    return made;
  }

  #encode(bytes: Uint8Array, encoding: Encoding | undefined): EncodedDocument {
    const etag = `"${this.#sha256}${encoding === undefined ? "" : `-${encoding}`}"`;
    const made = { bytes, etag, encoding, heads: this.#headsOf(etag, encoding, bytes.length) };
    this.#ready.set(encoding, made);
    return made;
  }

  #headsOf(etag: string, encoding: Encoding | undefined, size: number): DocumentHeads {
    const made = new Map<string, ReturnType<DocumentHeads>>();
    return (cacheControl) => {
      const known = made.get(cacheControl);
      if (known !== undefined) return known;
      const unchanged = Object.entries({
        "Cache-Control": cacheControl,
        Vary: "Accept-Encoding",
        ETag: etag,
        "Last-Modified": this.lastModified.toUTCString(),
        "Accept-Ranges": "bytes",
        "X-Content-Type-Options": "nosniff",
      }).flat();
      const whole = [...unchanged, "Content-Type", this.contentType, "Content-Length", String(size)];
      if (encoding !== undefined) whole.push("Content-Encoding", encoding);
      made.set(cacheControl, { whole, unchanged });
      return { whole, unchanged };
    };
  }
}
