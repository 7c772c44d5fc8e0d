import {
  isFrom,
  isInSpan,
  type VersionSpan,
  compareVersions,
  formatVersion,
  type JujuVersion,
} from "../version.ts";
import { isKnownVersion } from "./known-versions.ts";

/** The properties of a controller that make one target better than another. */
export interface TargetContext {
  /** Version of the controller. */
  readonly from: JujuVersion;
  /** Whether the controller is upgraded in place or its models migrate. */
  readonly how: "upgrade" | "migrate";
  /** What the controller runs on. */
  readonly controllerType: "iaas" | "caas";
  /** Several controller nodes; undefined if no file shows it. */
  readonly isHighlyAvailable?: boolean | undefined;
}

/** `avoid`: the hop fails or does damage. `prefer`: this target works, a later one is better. */
export type PreferenceWeight = "avoid" | "prefer";

/** A reason against some targets. */
export interface TargetPreference {
  readonly id: string;
  readonly weight: PreferenceWeight;
  /** The targets that are worse. */
  readonly targets: readonly VersionSpan[];
  readonly appliesTo: (context: TargetContext) => boolean;
  /** Why, as a full sentence. */
  readonly because: string;
  readonly source: string;
}

const inPlaceBelow = (bound: string) => (context: TargetContext) =>
  context.how === "upgrade" && !isFrom(context.from, bound);

/** Known obstacles of targets. Ranges are those of published releases. */
export const TARGET_PREFERENCES: readonly TargetPreference[] = [
  {
    id: "api-port-closed",
    weight: "avoid",
    targets: [{ from: "3.6.19", to: "3.6.23" }],
    appliesTo: (context) => inPlaceBelow("3.6.19")(context) && context.controllerType === "iaas",
    because:
      "An upgrade from a release before 3.6.19 to 3.6.19–3.6.21 closes the controller's API port; upgrade to 3.6.24 or later.",
    source: "release notes of 3.6.19 and 3.6.23; juju #22313",
  },
  {
    id: "controller-application",
    weight: "avoid",
    targets: [{ from: "3.6.23", to: "3.6.24" }],
    appliesTo: inPlaceBelow("3.6.23"),
    because:
      "The upgrade to 3.6.23 stops in a step if the controller has no controller application; 3.6.24 and later skip that step.",
    source: "state/upgrades.go:ExposeControllerApplication @3.6.24; juju #22621, #22622",
  },
  {
    id: "no-default-repository",
    weight: "avoid",
    targets: [{ from: "2.9.58", to: "2.9.59" }],
    appliesTo: ({ controllerType }) => controllerType === "caas",
    because: "The snap of 2.9.58 has no default image repository; 2.9.59 fixes it.",
    source: "release notes of 2.9.59",
  },
  {
    id: "no-migration-to-4.0.0",
    weight: "avoid",
    targets: [{ from: "4.0", to: "4.0.1" }],
    appliesTo: ({ how }) => how === "migrate",
    because: "4.0.0 does not accept models from 3.x.",
    source: "release notes of 4.0.0",
  },
  {
    id: "migration-to-4.0-early",
    weight: "avoid",
    targets: [{ from: "4.0.1", to: "4.0.3" }],
    appliesTo: ({ how, from }) => how === "migrate" && from.major < 4,
    because:
      "Before 4.0.3, a migration to 4.0 does not transfer all storage and does not check that the cloud exists.",
    source: "release notes of 4.0.3; internal/migration/precheck.go @4.0.3",
  },
  {
    id: "migration-to-4.0",
    weight: "prefer",
    targets: [{ from: "4.0.3", to: "4.0.12" }],
    appliesTo: ({ how, from }) => how === "migrate" && from.major < 4,
    because: "4.0.12 and later migrate models with missing subnets, and transfer storage directives.",
    source: "release notes of 4.0.12",
  },
  {
    id: "cross-controller-relations",
    weight: "avoid",
    targets: [{ from: "2.9.25", to: "2.9.26" }],
    appliesTo: ({ how }) => how === "upgrade",
    because: "An upgrade to 2.9.25 fails with relations to offers of another controller; 2.9.26 fixes it.",
    source: "release notes of 2.9.26 (LP1964130)",
  },
  {
    id: "high-availability-2.9",
    weight: "prefer",
    targets: [{ from: "2.9.25", to: "2.9.27" }],
    appliesTo: ({ how, isHighlyAvailable }) => how === "upgrade" && isHighlyAvailable !== false,
    because: "2.9.27 fixes upgrades of controllers with several nodes.",
    source: "release notes of 2.9.27 (LP1963924)",
  },
  {
    id: "cve-2026-5412",
    weight: "prefer",
    targets: [
      { from: "2.9", to: "2.9.57" },
      { from: "3.6", to: "3.6.21" },
    ],
    appliesTo: () => true,
    because:
      "Releases before 2.9.57 and 3.6.21 can leak the cloud's credential (CVE-2026-5412, CVE-2026-5774).",
    source: "release notes of 2.9.57 and 3.6.21",
  },
  {
    id: "cve-2025-14847",
    weight: "prefer",
    targets: [
      { from: "2.9", to: "2.9.56" },
      { from: "3.0", to: "3.6.19" },
    ],
    // An upgrade in place keeps the installed MongoDB in every release.
    appliesTo: ({ how }) => how === "migrate",
    because:
      "A controller bootstrapped with a release before 2.9.56 or 3.6.19 has a MongoDB with CVE-2025-14847 and keeps it.",
    source: "release notes of 2.9.56 and 3.6.19",
  },
  {
    id: "cve-2026-4370",
    weight: "prefer",
    targets: [
      { from: "3.2", to: "3.6.20" },
      { from: "4.0", to: "4.0.5" },
    ],
    appliesTo: ({ isHighlyAvailable }) => isHighlyAvailable !== false,
    because:
      "With several controller nodes, releases before 3.6.20 and 4.0.5 do not protect port 17666 (CVE-2026-4370).",
    source: "release notes of 3.6.20 and 4.0.5",
  },
  {
    id: "registry-login",
    weight: "prefer",
    targets: [
      { from: "2.9", to: "2.9.60" },
      { from: "3.0", to: "3.6.24" },
      { from: "4.0", to: "4.0.12" },
    ],
    appliesTo: ({ controllerType }) => controllerType === "caas",
    because: "Registries with a login work from 2.9.60, 3.6.24 and 4.0.12.",
    source: "release notes of 2.9.60, 3.6.24 and 4.0.12",
  },
];

/** The reasons against a target, the most serious first. */
export function reasonsAgainst(context: TargetContext, target: JujuVersion): readonly TargetPreference[] {
  return TARGET_PREFERENCES.filter(
    ({ targets, appliesTo }) => targets.some((span) => isInSpan(target, span)) && appliesTo(context),
  ).toSorted((a, b) => weightOf(b) - weightOf(a));
}

/** A target that was chosen, and why not a newer one. */
export interface PreferredTarget {
  readonly version: JujuVersion;
  /** Remaining reasons against it; empty for a good target. */
  readonly against: readonly TargetPreference[];
  /** Newer candidates that were not chosen, newest first. */
  readonly skipped: readonly {
    readonly version: JujuVersion;
    readonly because: readonly TargetPreference[];
  }[];
  /** True if jam knows how the release behaves. */
  readonly isKnown: boolean;
}

/**
 * The best of several targets of one minor: the newest without a reason to avoid it, else the one with the fewest.
 * For a release that jam does not know there are no reasons; `isKnown` is then false. Undefined without candidates.
 */
export function preferTarget(
  context: TargetContext,
  candidates: readonly JujuVersion[],
): PreferredTarget | undefined {
  const evaluated = candidates
    .toSorted((a, b) => compareVersions(b, a))
    .map((version) => {
      const because = reasonsAgainst(context, version);
      return { version, because, weight: because.reduce((sum, one) => sum + weightOf(one), 0) };
    });
  const avoidable = evaluated.filter(({ because }) => because.every(({ weight }) => weight !== "avoid"));
  const [best] = avoidable.length > 0 ? avoidable : evaluated.toSorted((a, b) => a.weight - b.weight);
  if (best === undefined) return undefined;
  return {
    version: best.version,
    against: best.because,
    skipped: evaluated
      .filter(({ version }) => compareVersions(version, best.version) > 0)
      .map(({ version, because }) => ({ version, because })),
    isKnown: isKnownVersion(best.version),
  };
}

/** A better target than the named one, or undefined if none of the candidates is better. */
export function betterTarget(
  context: TargetContext,
  named: JujuVersion,
  candidates: readonly JujuVersion[],
): JujuVersion | undefined {
  const against = reasonsAgainst(context, named);
  if (against.length === 0) return undefined;
  const sum = (version: JujuVersion) =>
    reasonsAgainst(context, version).reduce((total, one) => total + weightOf(one), 0);
  return candidates
    .filter((one) => compareVersions(one, named) > 0 && sum(one) < sum(named))
    .toSorted((a, b) => sum(a) - sum(b) || compareVersions(b, a))[0];
}

/** `3.6.21: …`, the reasons for people. */
export function formatReasons(version: JujuVersion, reasons: readonly TargetPreference[]): string {
  return `${formatVersion(version)}: ${reasons.map(({ because }) => because).join(" ")}`;
}

function weightOf({ weight }: TargetPreference): number {
  return weight === "avoid" ? 1000 : 1;
}
