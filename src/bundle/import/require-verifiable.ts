import { JamError } from "../../shared/errors.ts";
import type { BundleManifest, ProofSet } from "../format/manifest.ts";
import type { OpenProofTrust, ProofTrust } from "./ports.ts";

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
