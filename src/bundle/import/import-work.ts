import { defined } from "../../shared/collections.ts";
import type { ChannelRules } from "../../channel/channels.ts";
import type { DenyRule } from "../../juju/select-rule.ts";
import type { Allowance } from "../../metadata/freshness.ts";
import type { UpstreamRemoval } from "../../mirror/rules-in-force.ts";
import type { RetentionRules } from "../../mirror/retention.ts";
import type { RunningVersions } from "../../mirror/running-versions.ts";
import type { SyncObserver } from "../../mirror/run-events.ts";
import type { AgentsAndBytes, FailedItem, UnstampedReport } from "../../mirror/run-report.ts";
import type { ErrorReport } from "../../shared/errors.ts";
import type { Omitting } from "../../shared/listed.ts";
import type { Sha256 } from "../../shared/sha256.ts";
import type { Store } from "../../store/store.ts";
import type { Upstream } from "../../upstream/source.ts";
import type { shownScope } from "../format/manifest.ts";
import type { VerifyDetached } from "../signing.ts";

/** What an import checks a bundle against. */
export interface ImportRules {
  readonly retention: RetentionRules & { readonly maxRemoval: number };
  /** What this side never lists. */
  readonly deny: readonly DenyRule[];
  /** What happens to what upstream no longer lists, as the documents in a bundle show. Default `remove`. */
  readonly onUpstreamRemoval?: UpstreamRemoval;
  /** What the fleet runs here, if that is to be kept. */
  readonly running?: RunningVersions | undefined;
  readonly allow: ReadonlySet<Allowance>;
  /** Accepts bundles without a signature that is trusted here, with a warning; recorded in the snapshot. */
  readonly allowsUnsigned: boolean;
}

/** What an import works with. */
export interface ImportWork {
  readonly store: Store;
  readonly verifyDetached: VerifyDetached;
  readonly openTrust: OpenProofTrust;
  readonly observe: SyncObserver;
  /** User and machine, for the snapshot. Default: not recorded. */
  readonly who?: string;
  /** The channel that bundles are imported into. Default: the mirror. */
  readonly channel?: ImportChannel;
  readonly now: () => Date;
  readonly signal: AbortSignal;
  /** What follows from what is shown now; called with the lease held, before anything is pruned. Default: nothing. */
  readonly afterPublish?: () => Promise<void>;
}

/** The channel of this side that bundles are imported into. */
export interface ImportChannel {
  readonly name: string;
  /** The channels of jam.yaml. */
  readonly settings: readonly ChannelRules[];
}

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
export interface MissingContent extends Omitting<"agents" | "volumes"> {
  readonly sha256: Sha256;
  /** Bytes. */
  readonly size: number;
  /** Upstream's path. */
  readonly path: string;
  /** Names of the agents in it; none for a document. */
  readonly agents: readonly string[];
  /** The bundle that carries it. */
  readonly bundle?: string;
  /** Numbers of the volumes that contain it, if that bundle is the one that was read. */
  readonly volumes?: readonly number[];
  /** The snapshot that it came with, if no bundle is known. */
  readonly snapshot?: string;
}

/** One bundle of which something was read. */
export interface ImportedBundle {
  readonly id: string;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly scope: ReturnType<typeof shownScope>;
  /** Null for one that was accepted without a signature that is trusted here. */
  readonly signedBy: string | null;
  readonly state: "published" | "waiting" | "refused";
}

/** A volume that could not be used, and why. */
export interface VolumeFault {
  readonly volume: string;
  readonly error: ErrorReport;
}

/** The lists of a report that are truncated. */
export const IMPORT_LISTS = ["missing", "added", "removed", "failed", "faults", "warnings"] as const;

/** A bundle, or volumes of it, that contain something that is missing. */
export interface NeededPlace extends Pick<MissingContent, "bundle" | "snapshot"> {
  /** Numbers, ascending; absent if a bundle that was not read contains it. */
  readonly volumes?: readonly number[];
}

/** Each place once. */
export function neededPlaces(missing: readonly MissingContent[]): NeededPlace[] {
  const places = new Map<string, { readonly from: NeededPlace; readonly volumes: Set<number> }>();
  for (const { bundle, snapshot, volumes } of missing) {
    const from = {
      ...defined({ bundle, snapshot }),
    };
    const key = JSON.stringify([from, volumes !== undefined]);
    const place = places.get(key) ?? { from: { ...from, ...(volumes && { volumes }) }, volumes: new Set() };
    places.set(key, place);
    for (const number of volumes ?? []) place.volumes.add(number);
  }
  return [...places.values()].map(({ from, volumes }) =>
    from.volumes === undefined ? from : { ...from, volumes: [...volumes].sort((a, b) => a - b) },
  );
}

/** What an import did. */
export interface ImportReport extends Omitting<(typeof IMPORT_LISTS)[number]> {
  /** The channel that was imported into; absent for the mirror. */
  readonly channel?: ImportedChannel;
  readonly outcome: "updated" | "unchanged" | "partial";
  /** The current snapshot; null when there is none. */
  readonly snapshot: string | null;
  /** What arrived in this run. */
  readonly imported: AgentsAndBytes;
  /** Agents that are new in the listing and whose tarballs were here before this run; absent where there are none. */
  readonly reused?: AgentsAndBytes;
  /** What pending bundles need. */
  readonly missing: readonly MissingContent[];
  /** Where all of that is. */
  readonly needed: readonly NeededPlace[];
  readonly bundles: readonly ImportedBundle[];
  /** Names of agents. */
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly failed: readonly FailedItem[];
  readonly faults: readonly VolumeFault[];
  readonly warnings: readonly string[];
  readonly upstream: string | null;
  readonly verified: boolean;
  readonly held: AgentsAndBytes;
  /** Distinct tarballs of the agents in `imported` and `held`. */
  readonly tarballs: { readonly imported: number; readonly held: number };
}

/** What an import did in a channel. */
export interface ImportedChannel {
  readonly name: string;
  /** Whether the import made the channel. */
  readonly created: boolean;
  /** SHA-256 of the last entry of the near side's history that was imported; null where no bundle carried one. */
  readonly head: string | null;
}

/** The report as `jam status` shows runs. */
export function historyOf(report: ImportReport): UnstampedReport {
  const { outcome, snapshot, upstream, verified, imported, held, added, failed, warnings, bundles } = report;
  const { missing: _missing, faults: _faults, ...omitted } = report.omitted ?? {};
  return {
    outcome,
    snapshot,
    upstream,
    verified,
    fetched: imported,
    held,
    tarballs: { fetched: report.tarballs.imported, held: report.tarballs.held },
    added,
    removed: report.removed.map((agent) => ({
      agent,
      reason: "gone upstream",
      detail: "the bundle does not list it",
    })),
    failed,
    warnings,
    bundles: bundles.map(({ id }) => id),
    ...(Object.keys(omitted).length === 0 ? {} : { omitted }),
  };
}
