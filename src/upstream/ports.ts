import type { Sha256 } from "../shared/sha256.ts";

/**
 * Where a tarball goes while it arrives: keeps what is there over a restart, hashes as bytes come, and lets
 * nothing through that differs from what was promised.
 */
export interface ItemSink {
  readonly sha256: Sha256;
  /** Bytes that are already here, from this run or an earlier one. */
  readonly received: number;
  /** ETag or Last-Modified of the source that `received` came from; undefined when unknown. */
  readonly validator: string | undefined;
  /** Drops what is here and starts at byte 0 with a source identified by `validator`. */
  restart(validator: string | undefined): Promise<void>;
  /** Appends and hashes; fails with JAM_ITEM_SIZE_MISMATCH as soon as more than `size` bytes came. */
  append(bytes: AsyncIterable<Uint8Array>, size: number): Promise<void>;
  /** Compares size and hash, then makes the bytes visible; fails with JAM_ITEM_SIZE_MISMATCH, JAM_ITEM_HASH_MISMATCH. */
  commit(size: number): Promise<void>;
}
