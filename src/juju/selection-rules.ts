/** One `select:` entry of the configuration: an agent is wanted when one rule takes it. */
export interface SelectRule {
  /** Juju's `agent-stream` names; `*` is every stream that upstream lists. */
  readonly streams: readonly string[];
  /** A range of Juju versions (`>=2.9.49 <3 || >=3.6`) or one version; absent takes every version. */
  readonly versions?: string;
  readonly arch?: readonly string[];
  /** OS types: `ubuntu` takes `:agents` items for ubuntu and `:tools` items of every Ubuntu series. */
  readonly os?: readonly string[];
  /** Series: narrows `:tools` items only; `:agents` items belong to no series. */
  readonly series?: readonly string[];
  /** Keep only the newest N versions of each major.minor and architecture, counted after the other conditions and `deny`. At least 1. */
  readonly keep?: number;
  /** Whether pre-releases (`3.6-beta2`) count; default: taken only outside the released stream or when named in `versions`. */
  readonly prereleases?: boolean;
}

/** One `deny:` entry: what it matches is never mirrored, whichever rule takes it. */
export interface DenyRule {
  /** An exact version or a range. */
  readonly version: string;
  readonly arch?: readonly string[];
  readonly reason?: string;
}

export interface SelectionRules {
  readonly select: readonly SelectRule[];
  readonly deny: readonly DenyRule[];
}
