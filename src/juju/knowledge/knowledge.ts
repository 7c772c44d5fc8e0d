/**
 * What is known about Juju releases beyond their code paths, as data: it is versioned, can be extended by an
 * operator and can travel beside a mirror. Ranges are texts as `parseVersionRange` reads them.
 */
export interface Knowledge {
  readonly format: 1;
  readonly inPlace: readonly MoveRule[];
  readonly migrations: readonly MoveRule[];
  readonly blockers: readonly BlockerRule[];
  readonly advice: readonly Advice[];
}

/** A move between versions that Juju allows when both ranges hold; the first rule that fits counts. */
export interface MoveRule {
  /** Versions that may move. */
  readonly from: string;
  readonly to: string;
  /** Further limit: both in one minor, or one after the other within their major. */
  readonly within: "minor" | "major" | "any";
  readonly because: string;
  readonly source: string;
}

/** The step of a hop at which something can stand in the way. */
export type HopStep = "upgrade-controller" | "upgrade-model" | "migrate";

/** A fact of a model or controller that stops a step. */
export interface BlockerRule {
  /** Stable, for configuration and tests. */
  readonly id: string;
  readonly steps: readonly HopStep[];
  /** Versions before the step. */
  readonly from: string;
  /** Versions after it. */
  readonly to: string;
  readonly models: readonly ("iaas" | "caas")[];
  /** What to look for. */
  readonly fact: string;
  /** What to do about it, as a full sentence. */
  readonly remedy: string;
  /** How Juju's message begins or reads; absent where Juju says nothing. */
  readonly message?: string;
  readonly source: string;
}

/** A known risk of a move; `block` takes the move out of every plan. */
export interface Advice {
  readonly from: string;
  readonly to: string;
  readonly severity: "info" | "warning" | "block";
  readonly reason: string;
  readonly link?: string;
}
