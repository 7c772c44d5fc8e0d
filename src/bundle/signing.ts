import { isJamError, type ErrorCode } from "../shared/errors.ts";
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

/** A failure as it is printed, without its stack. */
export interface Fault {
  readonly code: ErrorCode;
  readonly message: string;
}

/** The state of a signature here. */
export interface SignatureCheck {
  readonly state: "trusted" | "unknown" | "unsigned" | "invalid";
  /** Fingerprint of the key, or for an unknown one its key id; null when there is none or it is invalid. */
  readonly signedBy: string | null;
  readonly fault?: Fault;
}

/**
 * Checks a detached signature without refusing any; `name` is for messages.
 * @throws JamError JAM_KEYRING_INVALID, JAM_STORE_… for this side's own keys
 */
export async function checkSignature(
  bytes: Uint8Array,
  signature: string | undefined,
  { name, verifyDetached }: { readonly name: string; readonly verifyDetached: VerifyDetached },
): Promise<SignatureCheck> {
  if (signature === undefined) {
    const message = `${name} is not signed.`;
    return { state: "unsigned", signedBy: null, fault: { code: "JAM_SIGNATURE_MISSING", message } };
  }
  try {
    const { fingerprint } = await verifyDetached(bytes, signature, name);
    return { state: "trusted", signedBy: fingerprint };
  } catch (error) {
    if (!isJamError(error, "JAM_SIGNATURE_INVALID", "JAM_SIGNER_UNKNOWN", "JAM_SIGNER_EXPIRED")) throw error;
    const { code, message, details } = error;
    const isUnknown = code === "JAM_SIGNER_UNKNOWN";
    const signedBy = isUnknown && typeof details["signedBy"] === "string" ? details["signedBy"] : null;
    return { state: isUnknown ? "unknown" : "invalid", signedBy, fault: { code, message } };
  }
}
