/**
 * What is known about Juju releases, as data: it is versioned, operators can extend it, and bundles can carry it. Ranges are texts as `parseVersionRange` reads them.
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

/** The step of a hop that something can block. */
export type HopStep = "upgrade-controller" | "upgrade-model" | "migrate";

/** The severity of advice; `block` excludes the move from every plan and every answer. */
export const ADVICE_SEVERITIES = ["info", "warn", "block"] as const;
export type AdviceSeverity = (typeof ADVICE_SEVERITIES)[number];

/** An http(s) URL with only the characters of RFC 3986 §2: it can be shown anywhere. */
export const ADVICE_LINK = /^https?:\/\/[\w.~:/?#[\]@!$&'()*+,;=%-]+$/;

/** A known risk of a move between versions; `from: "*"` makes it a risk of the target release. */
export interface Advice {
  readonly from: string;
  readonly to: string;
  readonly severity: AdviceSeverity;
  readonly reason: string;
  /** Matches `ADVICE_LINK`. */
  readonly link?: string;
  /** Its origin: `jam.yaml` or `bundle ID`; absent if it is built in. */
  readonly origin?: string;
}

/** The knowledge with an operator's advice after its own. */
export function withAdvice(knowledge: Knowledge, advice: readonly Advice[]): Knowledge {
  return advice.length === 0 ? knowledge : { ...knowledge, advice: [...knowledge.advice, ...advice] };
}

const IN_PLACE: readonly MoveRule[] = [
  {
    from: "<1.20",
    to: ">=1.20.14 <1.21",
    within: "any",
    because: "Releases before 1.20 must first go to 1.20.14.",
    source: "cmd/juju/commands/upgradejuju.go:validate @juju-1.25.14",
  },
  {
    from: ">=1.20 <2",
    to: ">=1.20 <1.21 || >=1.22 <1.23 || >=1.24 <2",
    within: "major",
    because: "1.21 and 1.23 are skipped.",
    source: "cmd/juju/commands/upgradejuju.go:validate @juju-1.25.14",
  },
  {
    from: ">=2.0 <3",
    to: ">=2.0 <3",
    within: "major",
    because: "A 2.x controller can be upgraded in place to any later 2.x if the version is given.",
    source: "upgrades/operations.go @2.9 branch ff1125b6da",
  },
  {
    from: ">=3.0",
    to: ">=3.0",
    within: "minor",
    because: "From 3.0, a controller can be upgraded in place only within its minor version.",
    source: "upgrades/upgradevalidation/validation.go:getCheckTargetVersionForControllerModel @3.0.4",
  },
];

const MIGRATIONS: readonly MoveRule[] = [
  {
    from: ">=2.9.36 <3.2",
    to: ">=3.0 <3.2",
    within: "any",
    because: "Controllers of 3.0 and 3.1 accept models from 2.9.36.",
    source: "upgrades/upgradevalidation/version.go:MinAgentVersions @3.1.11",
  },
  {
    from: ">=2.9.43 <4.0",
    to: ">=3.2 <4.0",
    within: "any",
    because:
      "Controllers of 3.2 to 3.6 accept models from 2.9.43 and from every 3.x up to their own version.",
    source: "upgrades/upgradevalidation/version.go:MinAgentVersions @3.5.7",
  },
  {
    from: ">=3.6.11 <4.0",
    to: ">=4.0 <4.1",
    within: "any",
    because:
      "4.0 accepts models only from 3.6.11 and later, which know MigrationTarget 4 and SecretsManager 4.",
    source: "domain/modelmigration, apiserver/facades/controller/migrationtarget @4.0.15",
  },
  {
    from: ">=4.0 <4.2",
    to: ">=4.1 <4.2",
    within: "any",
    because: "4.0 migrates to 4.1; it refuses another controller of 4.0.",
    source: "apiserver/facades/controller/migrationtarget @4.0.15",
  },
];

/** What this release of jam knows about Juju. */
export const JUJU_KNOWLEDGE: Knowledge = {
  format: 1,
  knows: "Juju up to 4.0.15 and 3.6.28",
  inPlace: IN_PLACE,
  migrations: MIGRATIONS,
  advice: [],
};
