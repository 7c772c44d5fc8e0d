import type { Sha256 } from "../shared/sha256.ts";

/** Where bytes of volumes come from: a file on a medium, or standard input. */
export interface Inlet {
  /** For messages. */
  readonly name: string;
  /** Size of the file; undefined for a stream. */
  readonly size: number | undefined;
  /** Where the file lies; absent for a stream. `folder` is absolute. */
  readonly place?: { readonly folder: string; readonly file: string };
  /** Reads from the start; pieces are valid until the next one is asked for. */
  open(): AsyncIterable<Uint8Array>;
  /** Reads anywhere; absent for a stream. What is open stays as it is when another file takes its name. */
  readonly openAt?: () => Promise<ContentReader>;
}

/** The folder that a bundle is written to. Names are plain file names. */
export interface Outlet {
  /** For messages. */
  readonly folder: string;
  list(): Promise<readonly string[]>;
  /** Undefined when there is no such file. */
  inlet(name: string): Promise<Inlet | undefined>;
  /** Creates or replaces a file whole and flushed; a crash leaves the old one or none. */
  write(name: string, bytes: AsyncIterable<Uint8Array>): Promise<WrittenFile>;
  /** No error when it is absent already. */
  remove(name: string): Promise<void>;
  /** Gives a file another name, in the place of what has that name. */
  move(from: string, to: string): Promise<void>;
  /** Removes what crashed runs left behind. */
  clean(): Promise<void>;
  freeBytes(): Promise<number>;
}

/** What was written to an outlet. */
export interface WrittenFile {
  /** Bytes. */
  readonly size: number;
  readonly sha256: Sha256;
}

/** A signature that holds. */
export interface BundleSignature {
  /** Of the primary key, upper-case hex. */
  readonly fingerprint: string;
  readonly userId: string;
  readonly signedAt: Date;
  /** When the key expired; only where that was allowed. */
  readonly keyExpiredAt?: Date;
}

/** Signs for this side. */
export interface BundleSigner {
  readonly fingerprint: string;
  readonly userId: string;
  /** Armoured, detached; the same for the same bytes and date. */
  signDetached(bytes: Uint8Array, signedAt: Date): Promise<string>;
}

/**
 * Checks a detached signature against the keys that this side trusts. `allowsExpiredKey` accepts what a key signed before
 * it expired; default false.
 * @throws JamError JAM_SIGNATURE_INVALID, JAM_SIGNER_UNKNOWN, JAM_SIGNER_EXPIRED
 */
export type VerifyDetached = (
  bytes: Uint8Array,
  armoredSignature: string,
  name: string,
  options?: { readonly allowsExpiredKey?: boolean },
) => Promise<BundleSignature>;

/** Contents for reading, wherever they are kept. */
export interface ContentReader {
  readonly size: number;
  /** Fills `buffer` from `position` on; resolves to the bytes read, 0 at the end. */
  read(buffer: Uint8Array, position: number): Promise<number>;
  close(): Promise<void>;
}

export interface ContentSource {
  /** Undefined when there is no such content. */
  open(sha256: Sha256): Promise<ContentReader | undefined>;
}
