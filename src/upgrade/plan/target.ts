import { JamError } from "../../shared/errors.ts";
import { readsOf, type ReadsFamily } from "../../juju/upgrade-path.ts";
import {
  compareVersions,
  formatMajorMinor,
  formatVersion,
  isPrerelease,
  isVersion,
  parseVersion,
  type JujuVersion,
} from "../../juju/version.ts";
import { parseVersionRange, versionsNextTo } from "../../juju/version-range.ts";
import { readVersionText } from "../../juju/version-text.ts";
import type { AgentIndex } from "./agent-index.ts";
import { needsOf, type Platform } from "./needs.ts";

/** Where to: one version, or the newest of a minor. */
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

/** What a version must be there for. */
export interface Wanted {
  readonly index: AgentIndex;
  readonly platforms: readonly Platform[];
}

/** Whether a family lists the version's agents for every platform. */
export function isListed({ index, platforms }: Wanted, version: JujuVersion, family: ReadsFamily): boolean {
  const needs = needsOf(version, [family], platforms, index);
  return needs.length > 0 && needs.every((need) => index.find(need) !== undefined);
}

/** A version that was chosen, and what people should know about the choice. */
export interface ChosenTarget {
  readonly version: JujuVersion;
  readonly warning: string | undefined;
}

/** Final releases of a minor that are there for every platform, newest first. */
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
 * The version meant by a target: of a minor the newest patch that is there for every architecture, final releases
 * before pre-releases.
 * @throws JamError JAM_AGENT_NOT_FOUND when nothing of it is known
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
    warning: `${formatVersion(newest)} is newer than ${formatVersion(complete)}, but is not there for all of ${describePlatforms(wanted.platforms)}.`,
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
    return new JamError(
      "JAM_AGENT_NOT_FOUND",
      `${what}: no agents are known here, neither held nor upstream.`,
      {
        hint: "In mode: online run `jam sync` once, or let `jam plan --refresh` ask upstream; behind an air gap `jam bundle import` brings agents.",
        details: { version: what },
      },
    );
  }
  return new JamError(
    "JAM_AGENT_NOT_FOUND",
    `${what} is neither held nor listed upstream in these streams.`,
    {
      hint: `${describeNearest(what, known)}The newest known is ${formatVersion(newest)}. In mode: online \`jam plan --refresh\` asks upstream again, --stream names another stream; what \`deny\` names counts as unknown.`,
      details: { version: what, newest: formatVersion(newest) },
    },
  );
}
