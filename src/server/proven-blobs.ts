import { LRUCache } from "lru-cache";
import type { FaceTarball } from "../mirror/face.ts";
import { hashBlob, identityOf } from "../mirror/hash-blob.ts";
import { mapConcurrently } from "../shared/map-concurrently.ts";
import { isJamError, JamError } from "../shared/errors.ts";
import { type Sha256, startSha256 } from "../shared/sha256.ts";
import type { BlobReader, ByteRange } from "../store/store.ts";
import type { ServedStore } from "./ports.ts";

/** Damage that leaves the dates of a file alone shows at the latest after this time. */
const MAX_PROOF_AGE_MS = 24 * 3_600_000;

/** A disk that could not be read may be readable again. */
const RETRY_MS = 60_000;

const RECHECKS_AT_ONCE = 4;

/** Far more than any mirror lists; each is some hundred bytes. */
const MAX_KNOWN = 20_000;

/** What was found when the file was hashed that has this identity. */
interface Finding {
  readonly key: string;
  /** When it has to be looked at again, changed or not; as `performance.now()`. */
  readonly until: number;
  /** Undefined when the bytes are those of the name. */
  readonly fault: JamError | undefined;
}

type Fault = Finding & { readonly fault: JamError };

/** A tarball that was found missing, damaged or unreadable. */
export interface Damage {
  readonly sha256: Sha256;
  readonly how: string;
  /** The identity that its file had. */
  readonly key: string;
  /** For how long it is not looked at again while the file stays the same. */
  readonly lastsMs: number;
}

/** What other workers of the same server found. */
export interface OthersDamage {
  /** Their findings since the last call; undefined when there are none. What was found before the call is among them. */
  readonly news: () => Promise<readonly Damage[]> | undefined;
}

/**
 * Gives out blobs whose bytes are those of their name. A blob is hashed before it is first served and again when its
 * file has changed; each piece of it is read first, and then the file is looked at: a piece that was read from a file that
 * has changed is thrown away, and the file is hashed again before the next one is sent. So a reader gets right bytes or
 * a broken transfer.
 */
export class ProvenBlobs {
  readonly #blobs: ServedStore["blobs"];
  readonly #onDamage: (damage: Damage) => void;
  readonly #others: OthersDamage | undefined;
  readonly #isCache: boolean;
  readonly #findings = new LRUCache<Sha256, Finding>({ max: MAX_KNOWN });
  readonly #proving = new Map<string, Promise<Finding>>();
  readonly #damaged = new Set<Sha256>();
  #rechecking: Promise<void> | undefined;

  /**
   * `onDamage` is told once of each finding, not for each request. In a cache a damaged tarball that is put aside may be
   * listed again: it is fetched when it is requested.
   */
  constructor(
    blobs: ServedStore["blobs"],
    onDamage: (damage: Damage) => void,
    {
      others,
      isCache = false,
    }: { readonly others?: OthersDamage | undefined; readonly isCache?: boolean } = {},
  ) {
    this.#blobs = blobs;
    this.#others = others;
    this.#isCache = isCache;
    this.#onDamage = onDamage;
  }

  /**
   * Opens a tarball whose bytes are right now; undefined when it is not in the store.
   * @throws JamError JAM_STORE_CORRUPT when it is damaged, JAM_STORE_…
   */
  async open({ sha256, size }: FaceTarball): Promise<BlobReader | undefined> {
    await this.learn();
    const blob = await this.#blobs.open(sha256);
    if (blob === undefined) return undefined;
    try {
      if (blob.size !== size) {
        throw this.#fail(sha256, identityOf(blob), `it has ${blob.size} bytes instead of ${size}`).fault;
      }
      // Blobs of a store that is read as streams do not change; a stream is hashed on its way, which costs no second read.
      if (blob.readAt === undefined) return this.#streamed(blob, sha256);
      return this.#watched(blob, sha256, await this.#prove(blob, sha256));
    } catch (error) {
      await blob.close();
      throw error;
    }
  }

  /** Takes over what other workers have found. */
  async learn(): Promise<void> {
    const news = (await this.#others?.news()) ?? [];
    for (const { sha256, how, key, lastsMs } of news) this.#note(sha256, { key, how, lastsMs });
  }

  /** Tarballs that were damaged or missing when they were last looked at. */
  get damaged(): ReadonlySet<Sha256> {
    return this.#damaged;
  }

  /** Looks again at what was damaged: a file that has changed is hashed. Never fails. */
  recheck(): Promise<void> {
    const recheck = async (sha256: Sha256) => {
      const blob = await this.#blobs.open(sha256).catch(() => null);
      if (blob === undefined && this.#isCache) this.#forget(sha256);
      if (!blob) return;
      // What it throws is noted already.
      await this.#prove(blob, sha256).catch(() => undefined);
      await blob.close().catch(() => undefined);
    };
    this.#rechecking ??= mapConcurrently([...this.#damaged], recheck, RECHECKS_AT_ONCE)
      .then(() => undefined)
      .finally(() => (this.#rechecking = undefined));
    return this.#rechecking;
  }

  /** Hashes a tarball again before it is next served: somebody else found it damaged. */
  distrust(sha256: Sha256): void {
    if (this.#findings.get(sha256)?.fault === undefined) this.#findings.delete(sha256);
  }

  /** Notes that a tarball that has to be here is not. */
  missing(sha256: Sha256): JamError {
    return this.#fail(sha256, "missing", "it is not in the store").fault;
  }

  /** The identity for which the bytes are right. */
  async #prove(blob: BlobReader, sha256: Sha256): Promise<string> {
    for (;;) {
      const key = identityOf(blob);
      const known = this.#findings.get(sha256);
      const isKnown = known?.key === key && performance.now() < known.until;
      const finding = isKnown ? known : await this.#hashOnce(blob, sha256, key);
      if (finding.fault !== undefined) throw finding.fault;
      // Another one may have hashed the file that took this one's place.
      if (finding.key === identityOf(blob)) return finding.key;
    }
  }

  /** However many readers wait for a file, it is hashed once. */
  #hashOnce(blob: BlobReader, sha256: Sha256, key: string): Promise<Finding> {
    const name = `${sha256} ${key}`;
    const running = this.#proving.get(name);
    if (running !== undefined) return running;
    const proving = this.#hash(blob, sha256).finally(() => this.#proving.delete(name));
    this.#proving.set(name, proving);
    return proving;
  }

  async #hash(blob: BlobReader, sha256: Sha256): Promise<Finding> {
    try {
      const hashed = await hashBlob(blob);
      if (hashed === undefined) return this.#fail(sha256, identityOf(blob), "it is being written to");
      if (hashed.sha256 !== sha256) {
        return this.#fail(sha256, hashed.key, otherHash(hashed.sha256));
      }
      return this.#pass(sha256, hashed.key);
    } catch (error) {
      // A sector that cannot be read, a file that ends early.
      if (!isJamError(error, "JAM_STORE_IO", "JAM_STORE_CORRUPT")) throw error;
      return this.#fail(sha256, identityOf(blob), error.message, RETRY_MS);
    }
  }

  #pass(sha256: Sha256, key: string): Finding {
    const finding = { key, until: performance.now() + MAX_PROOF_AGE_MS, fault: undefined };
    this.#findings.set(sha256, finding);
    this.#damaged.delete(sha256);
    return finding;
  }

  #forget(sha256: Sha256): void {
    this.#findings.delete(sha256);
    this.#damaged.delete(sha256);
  }

  #fail(sha256: Sha256, key: string, how: string, lastsMs = MAX_PROOF_AGE_MS): Fault {
    const before = this.#findings.get(sha256);
    const finding = this.#note(sha256, { key, how, lastsMs });
    if (before?.fault === undefined || before.key !== key) this.#onDamage({ sha256, how, key, lastsMs });
    return finding;
  }

  #note(sha256: Sha256, { key, how, lastsMs }: Omit<Damage, "sha256">): Fault {
    const finding = { key, until: performance.now() + lastsMs, fault: tarballDamaged(sha256, how) };
    this.#findings.set(sha256, finding);
    this.#damaged.add(sha256);
    return finding;
  }

  /** A blob that is proven anew whenever it turns out to have changed. */
  #watched(blob: BlobReader, sha256: Sha256, proven: string): BlobReader {
    const { size, storedAt } = blob;
    let key = proven;
    return {
      size,
      storedAt,
      bytes: (range) => blob.bytes(range),
      readAt: async (buffer, position) => {
        for (;;) {
          const count = await this.#readPiece(blob, sha256, { buffer, position });
          if (identityOf(blob) === key) return count;
          key = await this.#prove(blob, sha256);
        }
      },
      // Whatever is odd about a piece is looked into by the read that may wait.
      ...(blob.readNow && {
        readNow: (buffer: Uint8Array, position: number) => {
          const count = blob.readNow?.(buffer, position);
          return count !== undefined && identityOf(blob) === key ? count : undefined;
        },
      }),
      close: () => blob.close(),
    };
  }

  /** A blob whose last piece comes when the hash of all pieces is right; a part of it only when it is proven. */
  #streamed(blob: BlobReader, sha256: Sha256): BlobReader {
    const { size, storedAt } = blob;
    const known = this.#findings.get(sha256);
    const key = identityOf(blob);
    if (known?.key === key && known.fault !== undefined && performance.now() < known.until) throw known.fault;
    const isWhole = ({ start, end }: ByteRange) => start === 0 && end >= size;
    return {
      size,
      storedAt,
      bytes: (range = { start: 0, end: size }) =>
        isWhole(range) ? this.#hashedStream(blob, sha256) : this.#provenPart(blob, sha256, range),
      close: () => blob.close(),
    };
  }

  async *#provenPart(blob: BlobReader, sha256: Sha256, range: ByteRange): AsyncGenerator<Uint8Array> {
    await this.#prove(blob, sha256);
    yield* blob.bytes(range);
  }

  async *#hashedStream(blob: BlobReader, sha256: Sha256): AsyncGenerator<Uint8Array> {
    const hash = startSha256();
    const key = identityOf(blob);
    let position = 0;
    try {
      for await (const piece of blob.bytes()) {
        hash.update(piece);
        position += piece.length;
        if (position >= blob.size) {
          const found = hash.digest("hex");
          if (found !== sha256) throw this.#fail(sha256, key, otherHash(found)).fault;
          this.#pass(sha256, key);
        }
        yield piece;
      }
    } catch (error) {
      const isNoted = this.#findings.get(sha256)?.fault === error;
      if (isNoted || !isJamError(error, "JAM_STORE_IO", "JAM_STORE_CORRUPT")) throw error;
      throw this.#fail(sha256, key, error.message, RETRY_MS).fault;
    }
    if (position < blob.size) throw this.#fail(sha256, key, `it ended at byte ${position}`).fault;
  }

  async #readPiece(
    blob: BlobReader,
    sha256: Sha256,
    { buffer, position }: { readonly buffer: Uint8Array; readonly position: number },
  ): Promise<number> {
    try {
      return (await blob.readAt?.(buffer, position)) ?? 0;
    } catch (error) {
      if (!isJamError(error, "JAM_STORE_IO")) throw error;
      throw this.#fail(sha256, identityOf(blob), error.message, RETRY_MS).fault;
    }
  }
}

function otherHash(found: string): string {
  return `its bytes have the SHA-256 ${found}`;
}

/** A held tarball that is not what the catalogue says; 503, because a repair brings it back. */
export function tarballDamaged(sha256: Sha256, how: string): JamError {
  return new JamError("JAM_STORE_CORRUPT", `Blob ${sha256} is damaged: ${how.replace(/\.$/, "")}.`, {
    hint: "Run `jam sync`: it fetches the tarball again.",
    details: { sha256 },
  });
}
