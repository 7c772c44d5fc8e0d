import type { DenyRule } from "../../juju/selection-rules.ts";
import type { SyncObserver } from "../../mirror/run-events.ts";
import type { Allowance } from "../../metadata/freshness.ts";
import type { RetentionRules } from "../../mirror/retention.ts";
import type { VerifyDetached } from "../signing.ts";
import type { ImportStore, OpenProofTrust } from "./ports.ts";

/** What an import holds a bundle to. */
export interface ImportRules {
  readonly retention: RetentionRules & { readonly maxRemoval: number };
  /** What this side never lists, whatever comes. */
  readonly deny: readonly DenyRule[];
  readonly allow: ReadonlySet<Allowance>;
  /** Takes bundles without a signature that is trusted here; loud, and recorded in the snapshot. */
  readonly allowsUnsigned: boolean;
}

/** What an import works with: real adapters, joined in the composition root. */
export interface ImportWork {
  readonly store: ImportStore;
  readonly verifyDetached: VerifyDetached;
  readonly openTrust: OpenProofTrust;
  readonly observe: SyncObserver;
  readonly now: () => Date;
  readonly signal: AbortSignal;
}
