import { type HashOptions, hashPieces, type Sha256 } from "../shared/sha256.ts";
import type { BlobReader } from "../store/store.ts";

/** A blob that changed each time that it was hashed is being written to. */
const MAX_ATTEMPTS = 5;

/** The hash of bytes, and the identity that they had all the time. */
export interface HashedBlob {
  readonly sha256: Sha256;
  /** As `identityOf`. Another one says that this hash no longer holds. */
  readonly key: string;
}

/** What tells an open blob from what it was before: changes with its bytes. */
export function identityOf(blob: BlobReader): string {
  return blob.identity?.().key ?? `${blob.size} ${blob.storedAt.getTime()}`;
}

/**
 * Hashes an open blob, with the identity that the hash belongs to. Undefined when it changed each time meanwhile.
 * @throws JamError JAM_STORE_CORRUPT when it ends early, JAM_STORE_IO, the reason of the signal
 */
export async function hashBlob(blob: BlobReader, options: HashOptions = {}): Promise<HashedBlob | undefined> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
    await settle(blob);
    const key = identityOf(blob);
    const sha256 = (await blob.hash?.(options)) ?? (await hashPieces(blob.bytes(), options)).sha256;
    if (identityOf(blob) === key) return { sha256, key };
  }
  return undefined;
}

/** Waits until every further change shows in the identity. */
async function settle(blob: BlobReader): Promise<void> {
  const waitMs = blob.identity?.().settleMs ?? 0;
  if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
}
