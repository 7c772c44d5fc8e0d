import type { Upstream } from "../../upstream/source.ts";
import type { Store } from "../../store/store.ts";
import type { Omitting } from "../../shared/listed.ts";
import type { Sha256 } from "../../shared/sha256.ts";
import type { ContentSource } from "../contents.ts";

/** The store as an import needs it. */
export type ImportStore = Store & { readonly blobs: ContentSource };

/** Checks documents of one upstream as a sync of it does. */
export interface ProofTrust {
  readonly verifies: boolean;
  trustedKeys(): Promise<readonly string[]>;
  /** @throws JamError JAM_METADATA_…, JAM_UPSTREAM_NOT_SIMPLESTREAMS, JAM_KEYRING_INVALID */
  readonly check: Upstream["checkDocument"];
}

/** The trust in the upstream of this name and URL, with the keyring that the settings give it. */
export type OpenProofTrust = (upstream: { readonly name: string; readonly url: string }) => ProofTrust;

/** A content that a bundle needs and that is not here. */
export interface LackingContent extends Omitting<"agents" | "volumes"> {
  readonly sha256: Sha256;
  /** Bytes. */
  readonly size: number;
  /** Upstream's path. */
  readonly path: string;
  /** Names of the agents in it; none for a document. */
  readonly agents: readonly string[];
  /** The bundle that carries it. */
  readonly bundle?: string;
  /** Numbers of that bundle's volumes which hold it, when it is the one that was read. */
  readonly volumes?: readonly number[];
  /** The snapshot that it came with, where no bundle is known. */
  readonly snapshot?: string;
}
