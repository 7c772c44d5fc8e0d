/**
 * What is known about Juju releases beyond their code paths, as data: it is versioned, can be extended by an
 * operator and can travel beside a mirror. Ranges are texts as `parseVersionRange` reads them.
 */
export interface Knowledge {
  readonly format: 1;
  /** The newest releases that were read for it. */
  readonly knows: string;
  readonly inPlace: readonly MoveRule[];
  readonly migrations: readonly MoveRule[];
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

/** How much a piece of advice weighs; `block` takes the move out of every plan and every answer. */
export const ADVICE_SEVERITIES = ["info", "warn", "block"] as const;
export type AdviceSeverity = (typeof ADVICE_SEVERITIES)[number];

/** An http(s) address with the characters that RFC 3986 §2 gives one and no others: it can be shown anywhere. */
export const ADVICE_LINK = /^https?:\/\/[\w.~:/?#[\]@!$&'()*+,;=%-]+$/;

/** A known risk of a move between versions; `from: "*"` makes it a risk of the release that is moved to. */
export interface Advice {
  readonly from: string;
  readonly to: string;
  readonly severity: AdviceSeverity;
  readonly reason: string;
  /** Matches `ADVICE_LINK`. */
  readonly link?: string;
  /** Who says so: `jam.yaml` or `bundle ID`; absent for what is built in. */
  readonly origin?: string;
}

/** The knowledge with an operator's advice after its own. */
export function withAdvice(knowledge: Knowledge, advice: readonly Advice[]): Knowledge {
  return advice.length === 0 ? knowledge : { ...knowledge, advice: [...knowledge.advice, ...advice] };
}
