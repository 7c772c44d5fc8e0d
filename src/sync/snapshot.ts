import type { Agent } from "../juju/agent.ts";
import type { Sha256 } from "../shared/sha256.ts";

/** One upstream document that a snapshot rests on: its bytes are kept as proof under `upstream/<sha256>`. */
export interface ProvenDocument {
  readonly path: string;
  readonly url: string;
  readonly sha256: Sha256;
  /** Fingerprint of the key that signed it; undefined when verification was switched off. */
  readonly signedBy?: string;
  /** ISO 8601; when the signature was made. */
  readonly signedAt?: string;
  /** ISO 8601; the document's own `updated`. */
  readonly updatedAt?: string;
}

/**
 * Whether the verbatim face may be served from this snapshot: all that upstream's signed documents list is held.
 * `documents` maps the served path to the proof it is served from.
 */
export type VerbatimFace =
  { readonly complete: true } | { readonly complete: false; readonly reason: string };

/** An immutable catalogue with its provenance; stored as `snapshots/<id>.json`. */
export interface Snapshot {
  readonly format: "jam-snapshot:1";
  /** `20261123T204800Z-1a2b3c4d`: time of creation and the start of the catalogue's hash. Sorts by time. */
  readonly id: string;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly parent?: string;
  readonly upstream: {
    readonly name: string;
    readonly url: string;
    /** False records that the operator switched verification off. */
    readonly verified: boolean;
    readonly documents: readonly ProvenDocument[];
  };
  readonly verbatim: VerbatimFace;
  readonly agents: readonly Agent[];
}
