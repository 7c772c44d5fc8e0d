import type { SelectionRules } from "../juju/select-rule.ts";
import type { Allowance } from "../metadata/freshness.ts";
import type { UpstreamRemoval } from "../mirror/rules-in-force.ts";
import type { PlanWishes } from "../mirror/kept-plans.ts";
import type { RetentionRules } from "../mirror/retention.ts";
import type { SyncObserver } from "../mirror/run-events.ts";
import type { RunningVersions } from "../mirror/running-versions.ts";
import type { Store } from "../store/store.ts";
import type { Upstream } from "../upstream/source.ts";

/** What is asked of a sync. */
export interface SyncOptions {
  readonly rules: SelectionRules;
  /** What happens to what upstream no longer lists. Default `remove`. */
  readonly onUpstreamRemoval?: UpstreamRemoval;
  readonly retention: RetentionRules & { readonly maxRemoval: number };
  /** Tarballs at the same time. */
  readonly jobs: number;
  readonly allow: ReadonlySet<Allowance>;
  /** Cache mode: the rules decide what is offered, and only those with `fetch: onSync` what is fetched. Default false. */
  readonly isCache?: boolean;
  /** A run for a plan: fetches what it names, removes nothing, and lets later runs keep it. */
  readonly wishes?: PlanWishes;
  /** What the fleet runs: it is fetched and kept. Default: nothing is known of a fleet. */
  readonly running?: RunningVersions | undefined;
  /** Stops keeping what earlier plans asked for, unless the rules want it too. Default false. */
  readonly forgetsPlans?: boolean;
  /** The program and its version: what another one decided is decided anew. Default: every run decides anew. */
  readonly program?: string;
}

/** What a sync works with; `compose/` joins it. */
export interface SyncCollaborators {
  readonly store: Store;
  /** In order of preference. */
  readonly sources: readonly Upstream[];
  readonly observe: SyncObserver;
  /** User and machine, for the snapshot. Default: not recorded. */
  readonly who?: string;
  readonly now: () => Date;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly signal: AbortSignal;
  /** What follows from what is shown now; called with the lease held, before anything is pruned. Default: nothing. */
  readonly afterPublish?: () => Promise<void>;
}
