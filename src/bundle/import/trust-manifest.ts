import { isJamError, JamError } from "../../shared/errors.ts";
import type { VerifyDetached } from "../ports.ts";
import type { VolumeHead } from "../read/volume-reader.ts";

/** How a manifest came to be trusted. */
export interface ManifestTrust {
  /** Fingerprint of its signer; null when it was taken without a signature that is trusted here. */
  readonly signedBy: string | null;
  /** What must be said loudly, if anything. */
  readonly warning: string | undefined;
}

/**
 * Checks who signed a bundle. A signature that does not fit is refused in any case.
 * @throws JamError JAM_SIGNATURE_MISSING, JAM_SIGNATURE_INVALID, JAM_SIGNER_UNKNOWN
 */
export async function trustManifest(
  { manifest, manifestBytes, signature }: Pick<VolumeHead, "manifest" | "manifestBytes" | "signature">,
  name: string,
  {
    verifyDetached,
    allowsUnsigned,
  }: { readonly verifyDetached: VerifyDetached; readonly allowsUnsigned: boolean },
): Promise<ManifestTrust> {
  if (signature === undefined) {
    if (allowsUnsigned) return { signedBy: null, warning: warn(manifest.id, "carries NO signature") };
    throw new JamError("JAM_SIGNATURE_MISSING", `${name}: bundle ${manifest.id} carries no signature.`, {
      hint: "Ask its maker to sign it (jam key generate). --allow-unsigned takes it, loudly and on record.",
      details: { volume: name, bundle: manifest.id },
    });
  }
  try {
    const { fingerprint } = await verifyDetached(manifestBytes, signature, `${name}: bundle ${manifest.id}`);
    return { signedBy: fingerprint, warning: undefined };
  } catch (error) {
    if (!allowsUnsigned || !isJamError(error, "JAM_SIGNER_UNKNOWN")) throw error;
    return { signedBy: null, warning: warn(manifest.id, "was signed by a key that is NOT TRUSTED here") };
  }
}

function warn(id: string, what: string): string {
  return `Bundle ${id} ${what}: whoever carried it chose your agents. This is recorded in the snapshot.`;
}
