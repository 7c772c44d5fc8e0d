import { isKnownVersion, newestRead } from "../../juju/knowledge/known-versions.ts";
import {
  betterTarget,
  formatReasons,
  preferTarget,
  reasonsAgainst,
  type TargetContext,
} from "../../juju/knowledge/target-preferences.ts";
import { findSeries } from "../../juju/release.ts";
import { compareVersions, formatMajorMinor, formatVersion, type JujuVersion } from "../../juju/version.ts";
import type { PlanGroup } from "./group.ts";

/** What of a group makes one target better than another. */
export function targetContext(group: PlanGroup, to: Pick<JujuVersion, "major" | "minor">): TargetContext {
  const { version: from } = group;
  const isInPlace = from.major === to.major && (from.major < 3 || from.minor === to.minor);
  const own = group.models.find(({ isController }) => isController);
  return {
    from,
    how: isInPlace ? "upgrade" : "migrate",
    controllerType: own?.type ?? group.models[0]?.type ?? "iaas",
    isHighlyAvailable: hasSeveralNodes(own?.facts),
  };
}

type OwnFacts = NonNullable<PlanGroup["models"][number]["facts"]>;

function hasSeveralNodes(facts: OwnFacts | undefined): boolean | undefined {
  const listed = facts?.controller?.nodes?.length ?? 0;
  const machines = facts?.machines?.filter(({ isControllerNode }) => isControllerNode).length;
  if (listed > 1 || (machines ?? 0) > 1) return true;
  return machines === undefined ? undefined : false;
}

/** A target out of a minor, and what to say of the choice. */
export interface GroupTarget {
  readonly version: JujuVersion;
  readonly warnings: readonly string[];
}

/** The best of the versions of one minor that are there; versions below the controller's own do not count. */
export function bestOf(group: PlanGroup, candidates: readonly JujuVersion[]): GroupTarget | undefined {
  const [first] = candidates;
  if (first === undefined) return undefined;
  const context = targetContext(group, first);
  const upwards = candidates.filter((one) => compareVersions(one, group.version) > 0);
  const preferred = preferTarget(context, upwards.length > 0 ? upwards : candidates.slice(0, 1));
  if (preferred === undefined) return undefined;
  const { version, passedOver, against } = preferred;
  return {
    version,
    warnings: [
      ...passedOver
        .filter(({ because }) => because.length > 0)
        .slice(0, 3)
        .map(
          (one) =>
            `${formatVersion(version)} is taken rather than ${formatReasons(one.version, one.because)}`,
        ),
      ...(against.length === 0 ? [] : [`What speaks against ${formatReasons(version, against)}`]),
    ],
  };
}

/** What speaks against a target that was named, with a better one of its minor where there is one. */
export function remarksOn(
  group: PlanGroup,
  named: JujuVersion,
  candidates: readonly JujuVersion[],
): readonly string[] {
  if (compareVersions(named, group.version) <= 0) return [];
  const context = targetContext(group, named);
  const reasons = reasonsAgainst(context, named);
  if (reasons.length === 0) return [];
  const better = betterTarget(context, named, candidates);
  const advice = better === undefined ? "" : ` Better: --to ${formatVersion(better)}.`;
  return [`What speaks against ${formatReasons(named, reasons)}${advice}`];
}

/** That a release is newer than what jam knows; nothing about it counts as certain. */
export function unknownRelease(version: JujuVersion): string | undefined {
  if (isKnownVersion(version)) return undefined;
  const newest = newestRead(version);
  return `Juju ${formatVersion(version)} is not known to this version of jam (${
    newest === undefined ? `it knows no ${formatMajorMinor(version)}` : `it knows ${newest}`
  }): how it upgrades, what it checks and which images it needs are unknown, and assumed to be as in the release before.`;
}

/** Ubuntu releases (`22.04`) of the machines of models that can migrate. */
export function ubuntuOf({ models }: PlanGroup): readonly string[] {
  const machines = models
    .filter(({ isController, type }) => !isController && type === "iaas")
    .flatMap(({ facts }) => facts?.machines ?? []);
  const found = machines.flatMap(({ os, base, series }) => {
    if (os !== "ubuntu") return [];
    return base?.split("@")[1]?.split("/")[0] ?? findSeries(series ?? "")?.version ?? [];
  });
  return [...new Set(found)].sort();
}
