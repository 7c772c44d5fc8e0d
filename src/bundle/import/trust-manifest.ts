import { isJamError, JamError } from "../../shared/errors.ts";
import type { Allowance } from "../../metadata/freshness.ts";
import type { VerifyDetached } from "../signing.ts";
import type { VolumeHead } from "../read/volume-reader.ts";

/** How a manifest came to be trusted. */
export interface ManifestTrust {
  /** Fingerprint of its signer; null when it was taken without a signature that is trusted here. */
  readonly signedBy: string | null;
  /** ISO 8601; when the key of its signer expired. Absent for one that counted when the bundle came. */
  readonly signerExpiredAt?: string;
  /** What must be said loudly, if anything. */
  readonly warning: string | undefined;
}

export interface ManifestRules {
  readonly verifyDetached: VerifyDetached;
  readonly allowsUnsigned: boolean;
  readonly allow: ReadonlySet<Allowance>;
  /** True for a manifest that was trusted when an earlier volume came: its signer may have expired since. */
  readonly isWaiting: boolean;
}

/**
 * Checks who signed a bundle. A signature that does not fit is refused in any case.
 * @throws JamError JAM_SIGNATURE_MISSING, JAM_SIGNATURE_INVALID, JAM_SIGNER_UNKNOWN, JAM_SIGNER_EXPIRED
 */
export async function trustManifest(
  { manifest, manifestBytes, signature }: Pick<VolumeHead, "manifest" | "manifestBytes" | "signature">,
  name: string,
  { verifyDetached, allowsUnsigned, allow, isWaiting }: ManifestRules,
): Promise<ManifestTrust> {
  const { id } = manifest;
  if (signature === undefined) {
    if (allowsUnsigned) return { signedBy: null, warning: warn(id, "carries NO signature") };
    throw new JamError("JAM_SIGNATURE_MISSING", `${name}: bundle ${id} carries no signature.`, {
      hint: "Ask its maker to sign it (jam key generate). --allow-unsigned takes it, loudly and on record.",
      details: { volume: name, bundle: id },
    });
  }
  try {
    const allowsExpiredKey = isWaiting || allow.has("expired-key");
    const signed = await verifyDetached(manifestBytes, signature, `${name}: bundle ${id}`, {
      allowsExpiredKey,
    });
    const { fingerprint: signedBy, keyExpiredAt } = signed;
    if (keyExpiredAt === undefined || isWaiting) return { signedBy, warning: undefined };
    const signerExpiredAt = keyExpiredAt.toISOString();
    const warning = `Bundle ${id} was signed by key ${signedBy}, which EXPIRED on ${signerExpiredAt}: whoever has that key can date a signature back. This is recorded in the snapshot.`;
    return { signedBy, signerExpiredAt, warning };
  } catch (error) {
    if (isJamError(error, "JAM_SIGNER_EXPIRED")) throw withAllowance(error);
    if (!allowsUnsigned || !isJamError(error, "JAM_SIGNER_UNKNOWN")) throw error;
    return { signedBy: null, warning: warn(id, "was signed by a key that is NOT TRUSTED here") };
  }
}

function withAllowance(error: JamError): JamError {
  return error.with({
    hint: `${error.hint} If you trust the bundle all the same, repeat the command with --allow expired-key`,
  });
}

function warn(id: string, what: string): string {
  return `Bundle ${id} ${what}: whoever carried it chose your agents. This is recorded in the snapshot.`;
}
