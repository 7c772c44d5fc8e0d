import { JamError } from "../../shared/errors.ts";
import {
  type JujuVersion,
  compareVersions,
  formatMajorMinor,
  formatVersion,
  isPrerelease,
  isVersion,
  parseVersion,
} from "../../juju/version.ts";
import { parseVersionRange, versionsNextTo } from "../../juju/version-range.ts";
import { readVersionText } from "../../juju/version-text.ts";
import { type AgentIndex, type Platform, needsOf } from "./agent-needs.ts";
import { isKnownVersion, newestRead } from "../../juju/knowledge/known-versions.ts";
import {
  type TargetContext,
  betterTarget,
  formatReasons,
  preferTarget,
  reasonsAgainst,
} from "../../juju/knowledge/target-preferences.ts";
import { findSeries } from "../../juju/release.ts";
import { type AgentFamily, readsOf } from "../../juju/stream.ts";
import type { PlanGroup } from "./group.ts";

/** The target of a plan: one version, or the newest of a minor. */
export type Target =
  { readonly version: JujuVersion } | { readonly minor: Pick<JujuVersion, "major" | "minor"> };

/**
 * Reads `3.6.27`, also as Juju prints it with release and architecture, or `3.6`.
 * @throws JamError JAM_VERSION_INVALID naming the field and the accepted forms
 */
export function parseTarget(text: string, field: string): Target {
  const read = readVersionText(text);
  if (read !== undefined && "version" in read && isVersion(read.version)) {
    return { version: parseVersion(read.version) };
  }
  if (read?.kind === "minor") return { minor: { ...read.track, minor: read.track.minor ?? 0 } };
  throw new JamError("JAM_VERSION_INVALID", `${field}: "${text}" is neither a version nor a minor.`, {
    hint: "Write a version such as 3.6.27 or 3.6-rc1, or a minor such as 3.6 for its newest patch; 3.6/stable means the newest 3.6 that is held.",
    details: { field, value: text },
  });
}

/** The platforms that agents of a version have to exist for. */
export interface Wanted {
  readonly index: AgentIndex;
  readonly platforms: readonly Platform[];
}

/** Whether a family lists the version's agents for every platform. */
export function isListed({ index, platforms }: Wanted, version: JujuVersion, family: AgentFamily): boolean {
  const needs = needsOf(version, [family], platforms, index);
  return needs.length > 0 && needs.every((need) => index.find(need) !== undefined);
}

/** The chosen version, and a warning about the choice. */
export interface ChosenTarget {
  readonly version: JujuVersion;
  readonly warning: string | undefined;
}

/** Final releases of a minor with agents for every platform, newest first. */
export function completeVersions(minor: MinorOf, wanted: Wanted): JujuVersion[] {
  return releasesOf(minor, wanted.index).filter(
    (version) => !isPrerelease(version) && isListed(wanted, version, readsOf(version)),
  );
}

type MinorOf = Pick<JujuVersion, "major" | "minor">;

/** Final releases before pre-releases, newest first. */
function releasesOf({ major, minor }: MinorOf, index: AgentIndex): JujuVersion[] {
  return index.versions
    .filter((version) => version.major === major && version.minor === minor && version.build === 0)
    .toSorted((a, b) => Number(isPrerelease(a)) - Number(isPrerelease(b)) || compareVersions(b, a));
}

/**
 * The version of a target. For a minor it is the newest patch with agents for every platform, final releases before
 * pre-releases.
 * @throws JamError JAM_AGENT_NOT_FOUND if no version of it is known
 */
export function chooseTarget(target: Target, wanted: Wanted): ChosenTarget {
  if ("version" in target) return { version: requireKnown(target.version, wanted.index), warning: undefined };
  const { minor } = target;
  const inMinor = releasesOf(minor, wanted.index);
  const [newest] = inMinor;
  if (newest === undefined) throw unknown(formatMajorMinor(minor), wanted.index);
  const complete = inMinor.find((version) => isListed(wanted, version, readsOf(version)));
  if (complete === undefined || complete === newest) {
    return { version: newest, warning: undefined };
  }
  return {
    version: complete,
    warning: `${formatVersion(newest)} is newer than ${formatVersion(complete)}, but does not have agents for all of ${describePlatforms(wanted.platforms)}.`,
  };
}

function describePlatforms(platforms: readonly Platform[]): string {
  return [...new Set(platforms.map(({ os, arch }) => `${os} ${arch}`))].join(", ");
}

function requireKnown(version: JujuVersion, index: AgentIndex): JujuVersion {
  if (index.versions.some((known) => compareVersions(known, version) === 0)) return version;
  throw unknown(formatVersion(version), index);
}

function describeNearest(what: string, known: readonly JujuVersion[]): string {
  const near = versionsNextTo(parseVersionRange(what), known).map(formatVersion);
  return near.length === 0 ? "" : `Nearest: ${near.join(" and ")}. `;
}

function unknown(what: string, index: AgentIndex): JamError {
  const known = index.versions.filter((version) => !isPrerelease(version)).toSorted(compareVersions);
  const ofMajor = known.filter(({ major }) => String(major) === what.split(".")[0]);
  const newest = (ofMajor.length > 0 ? ofMajor : known).at(-1);
  if (newest === undefined) {
    return new JamError("JAM_AGENT_NOT_FOUND", `${what}: no agents are known, neither held nor upstream.`, {
      hint: "In mode: online run `jam sync` or `jam plan --refresh`; inside an air gap import a bundle with `jam bundle import`.",
      details: { version: what },
    });
  }
  return new JamError(
    "JAM_AGENT_NOT_FOUND",
    `${what} is neither held nor listed upstream in these streams.`,
    {
      hint: `${describeNearest(what, known)}The newest known is ${formatVersion(newest)}. In mode: online, \`jam plan --refresh\` reads upstream again. --stream selects another stream. Agents in \`deny\` count as unknown.`,
      details: { version: what, newest: formatVersion(newest) },
    },
  );
}

/** The properties of a group that make one target better than another. */
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

/** The chosen version of a minor, and warnings about the choice. */
export interface GroupTarget {
  readonly version: JujuVersion;
  readonly warnings: readonly string[];
}

/** The best version of one minor; versions below that of the controller do not count. */
export function bestOf(group: PlanGroup, candidates: readonly JujuVersion[]): GroupTarget | undefined {
  const [first] = candidates;
  if (first === undefined) return undefined;
  const context = targetContext(group, first);
  const upwards = candidates.filter((one) => compareVersions(one, group.version) > 0);
  const preferred = preferTarget(context, upwards.length > 0 ? upwards : candidates.slice(0, 1));
  if (preferred === undefined) return undefined;
  const { version, skipped, against } = preferred;
  return {
    version,
    warnings: [
      ...skipped
        .filter(({ because }) => because.length > 0)
        .slice(0, 3)
        .map(
          (one) =>
            `${formatVersion(version)} was chosen instead of ${formatReasons(one.version, one.because)}`,
        ),
      ...(against.length === 0 ? [] : [`Reasons against ${formatReasons(version, against)}`]),
    ],
  };
}

/** The reasons against a named target, and a better one of its minor if there is one. */
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
  return [`Reasons against ${formatReasons(named, reasons)}${advice}`];
}

/** A warning that jam does not know a release, so that nothing about it is certain. */
export function unknownRelease(version: JujuVersion): string | undefined {
  if (isKnownVersion(version)) return undefined;
  const newest = newestRead(version);
  return `This version of jam does not know Juju ${formatVersion(version)} (${
    newest === undefined ? `it does not know ${formatMajorMinor(version)}` : `it knows ${newest}`
  }): its upgrade rules, checks and images are not known; those of the release before are assumed.`;
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
