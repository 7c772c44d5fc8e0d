import type { Upstream } from "../upstream/source.ts";

/** Checks documents of one upstream as a sync of it does. */
export interface ProofTrust {
  readonly verifies: boolean;
  /** @throws JamError JAM_METADATA_…, JAM_UPSTREAM_NOT_SIMPLESTREAMS, JAM_KEYRING_INVALID */
  readonly check: Upstream["checkDocument"];
}

/** The trust in documents of an upstream, with its keyring. */
export type OpenTrust = (upstream: { readonly name: string; readonly url: string }) => ProofTrust;
