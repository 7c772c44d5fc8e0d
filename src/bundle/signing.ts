import type { Signature } from "../shared/signature.ts";

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
) => Promise<Signature & { readonly userId: string }>;
