import { isJamError, JamError } from "../../shared/errors.ts";
import type { Allowance } from "../../metadata/freshness.ts";
import type { VerifyDetached } from "../signing.ts";
import type { VolumeHead } from "../read/volume-reader.ts";
import type { BundleManifest, ProofSet } from "../format/manifest.ts";
import type { OpenProofTrust, ProofTrust } from "./import-work.ts";
import { isFarAhead, skewNote } from "../../shared/clock.ts";
import type { Snapshot } from "../../mirror/snapshot.ts";

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

/** What decides whether the proofs of a bundle can be verified here at all. */
export interface VerifiabilityRules {
  readonly openTrust: OpenProofTrust;
  /** Takes documents that the maker did not verify. */
  readonly allowsUnsigned: boolean;
}

/**
 * Refuses a bundle whose proofs could not be verified here, as its manifest alone tells.
 * @throws JamError JAM_METADATA_UNSIGNED, JAM_METADATA_KEY_UNKNOWN
 */
export function refuseUnverifiable({ proofs }: BundleManifest, rules: VerifiabilityRules): void {
  for (const set of proofs) requireVerifiable(set, rules);
}

/**
 * The trust that a proof is verified with.
 * @throws JamError JAM_METADATA_UNSIGNED, JAM_METADATA_KEY_UNKNOWN
 */
export function requireVerifiable(
  set: ProofSet,
  { openTrust, allowsUnsigned }: VerifiabilityRules,
): ProofTrust {
  const trust = openTrust(set);
  if (!set.verified && !allowsUnsigned) throw unverified(set);
  if (set.verified && !trust.verifies) throw noKeyring(set);
  return trust;
}

function unverified({ name, url }: ProofSet): JamError {
  return new JamError("JAM_METADATA_UNSIGNED", `The maker of the bundle had not verified ${name} (${url}).`, {
    hint: "Have it made by a mirror that verifies its upstream. --allow-unsigned takes it, loudly and on record.",
    details: { upstream: name, url },
  });
}

function noKeyring({ name, url }: ProofSet): JamError {
  return new JamError(
    "JAM_METADATA_KEY_UNKNOWN",
    `The settings of this side say keyring: none for ${name} (${url}), so its signature cannot be verified again.`,
    {
      hint: "Set `keyring: builtin`, or the file with the key of that upstream, under `upstreams` in jam.yaml.",
      details: { upstream: name, url },
    },
  );
}

/**
 * A bundle that says it was made in the future would make every later one look outdated.
 * @throws JamError JAM_METADATA_FUTURE unless `future` is allowed
 */
export function refuseFuture(
  { id, createdAt }: BundleManifest,
  now: Date,
  allow: ReadonlySet<Allowance>,
): void {
  if (allow.has("future") || !isFarAhead(createdAt, now)) return;
  throw new JamError(
    "JAM_METADATA_FUTURE",
    `Bundle ${id} says it was made from a snapshot of ${createdAt}, which is in the future.`,
    {
      hint: `Check this machine's clock (it says ${now.toISOString()}). If the clock is right and you trust the bundle, repeat the command with --allow future`,
      details: { bundle: id, createdAt, now: now.toISOString() },
    },
  );
}

/** True when what is shown came with a bundle that was made after this one. */
export function isOutdated({ createdAt }: BundleManifest, current: Snapshot | undefined): boolean {
  return current?.bundle !== undefined && Date.parse(createdAt) < Date.parse(current.bundle.createdAt);
}

/** @throws JamError JAM_BUNDLE_OUTDATED unless `rollback` is allowed */
export function refuseOutdated(
  manifest: BundleManifest,
  current: Snapshot | undefined,
  allow: ReadonlySet<Allowance>,
): void {
  if (allow.has("rollback") || !isOutdated(manifest, current)) return;
  throw new JamError(
    "JAM_BUNDLE_OUTDATED",
    `Bundle ${manifest.id} was made from a snapshot of ${manifest.createdAt}; this mirror shows bundle ${current?.bundle?.id} of ${current?.bundle?.createdAt}.`,
    {
      hint: `Import the newer bundle. To go back on purpose, repeat the command with --allow rollback.${skewNote(manifest.createdAt, current?.bundle?.createdAt)}`,
      details: { bundle: manifest.id, createdAt: manifest.createdAt, shown: current?.bundle?.id ?? null },
    },
  );
}
