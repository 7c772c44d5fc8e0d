import { JamError } from "../shared/errors.ts";
import { atoiGo, quoteGo } from "./go-text.ts";

/**
 * A Juju version: `major.minor.patch`, `major.minor-tagPATCH`, either with `.build` after it.
 * In a pre-release the digits after the tag are the patch number. Not SemVer.
 */
export interface JujuVersion {
  readonly major: number;
  readonly minor: number;
  /** `alpha`, `beta`, `rc`, …; empty for a release. */
  readonly tag: string;
  readonly patch: number;
  /** 0 for published releases; set by local builds and CI. */
  readonly build: number;
}

/**
 * Whose rules: Juju 1.x, 2.0–2.8 (juju/version), 2.9–3.6 (juju/version/v2), 4.0 (core/semversion).
 * 1.x takes any word as tag; the three others accept the same texts.
 */
export type VersionGeneration = "1.25" | "v1" | "v2" | "4.0";

const NUMBER = "([0-9]{1,9})";
const BUILD = `(?:\\.${NUMBER})?`;
const STRICT = new RegExp(`^${NUMBER}\\.${NUMBER}(?:\\.|-([a-z]+))${NUMBER}${BUILD}$`);
/** The tag swallows all but the last digit (`1.21-alpha12` is tag `alpha1`, patch 2): as 1.x does. */
const STRICT_1_25 = new RegExp(`^${NUMBER}\\.${NUMBER}(?:\\.|-([0-9A-Za-z_]+))${NUMBER}${BUILD}$`);

/**
 * Reads a version as Juju of that generation does; default `v2`.
 * Source: juju version/version.go Parse (1.25.14), juju/version v2 Parse, juju core/semversion Parse (4.0).
 * @throws JamError JAM_VERSION_INVALID with Juju's own text.
 */
export function parseVersion(text: string, generation: VersionGeneration = "v2"): JujuVersion {
  const match = (generation === "1.25" ? STRICT_1_25 : STRICT).exec(text);
  if (match === null) throw invalidVersion(text);
  const [, major, minor, tag, patch, build] = match;
  return versionOf({ major, minor, tag, patch, build });
}

/** True when `parseVersion` accepts the text. */
export function isVersion(text: string, generation: VersionGeneration = "v2"): boolean {
  return (generation === "1.25" ? STRICT_1_25 : STRICT).test(text);
}

/** A major number, or major and minor: how Juju names a release series. */
export interface MajorMinor {
  readonly major: number;
  /** Undefined where only a major was given; Juju's own code uses -1. */
  readonly minor: number | undefined;
}

/**
 * Reads `2` or `2.9`. Signs are accepted because Juju accepts them.
 * Source: juju/version ParseMajorMinor.
 * @throws JamError JAM_VERSION_INVALID with Juju's own text.
 */
export function parseMajorMinor(text: string): MajorMinor {
  const [major = "", minor, ...rest] = text.split(".");
  const majorNumber = majorMinorPart("major", major);
  if (rest.length > 0) throw versionError(`invalid major.minor version number ${text}`, text);
  return {
    major: majorNumber,
    minor: minor === undefined ? undefined : majorMinorPart("minor", minor),
  };
}

/** The version as Juju prints it: build 0 and leading zeros are dropped. Source: juju/version Number.String. */
export function formatVersion(version: JujuVersion): string {
  const { major, minor, tag, patch, build } = version;
  const number = tag === "" ? `${major}.${minor}.${patch}` : `${major}.${minor}-${tag}${patch}`;
  return build === 0 ? number : `${number}.${build}`;
}

/**
 * Orders as Juju does: negative when `a` is older. The tag counts before the patch, and no tag is above any tag,
 * so every pre-release of a minor is below every release of it. Source: juju/version Number.Compare.
 */
export function compareVersions(a: JujuVersion, b: JujuVersion): number {
  return (
    a.major - b.major ||
    a.minor - b.minor ||
    compareTags(a.tag, b.tag) ||
    a.patch - b.patch ||
    a.build - b.build
  );
}

/** True when both are the same number, build included. */
export function isSame(a: JujuVersion, b: JujuVersion): boolean {
  return compareVersions(a, b) === 0;
}

/** True when major and minor are equal. */
export function isSameMinor(a: JujuVersion, b: JujuVersion): boolean {
  return a.major === b.major && a.minor === b.minor;
}

/** Orders two version texts as `compareVersions` does. @throws JamError JAM_VERSION_INVALID */
export function compareVersionTexts(a: string, b: string): number {
  return compareVersions(parseVersion(a), parseVersion(b));
}

/**
 * Whether Juju of that generation calls the version a development one, which widens the streams it searches.
 * Source: juju version/version.go IsDev (1.25 to 3.6), juju core/version IsDev (4.0).
 */
export function isDevVersion(version: JujuVersion, generation: VersionGeneration = "v2"): boolean {
  if (generation === "4.0") return version.tag !== "";
  if (compareVersions(version, LAST_ODD_EVEN) <= 0) return version.minor % 2 === 1 || version.build > 0;
  return version.tag !== "" || version.build > 0;
}

/** Up to 1.19.9 odd minors were development series; a tag did not count. */
const LAST_ODD_EVEN: JujuVersion = { major: 1, minor: 19, tag: "", patch: 9, build: 0 };

/** The version without its build number; the tag stays. Source: juju/version Number.ToPatch. */
export function toPatch(version: JujuVersion): JujuVersion {
  return version.build === 0 ? version : { ...version, build: 0 };
}

/** True for `3.6-beta2` and the like; a build number alone makes no pre-release. */
export function isPrerelease(version: JujuVersion): boolean {
  return version.tag !== "";
}

/** `3.6`: the series a version belongs to. */
export function formatMajorMinor(version: Pick<JujuVersion, "major" | "minor">): string {
  return `${version.major}.${version.minor}`;
}

function compareTags(a: string, b: string): number {
  if (a === b) return 0;
  if (a === "") return 1;
  if (b === "") return -1;
  return a < b ? -1 : 1;
}

type VersionParts = Readonly<Record<keyof JujuVersion, string | undefined>>;

function versionOf(parts: VersionParts): JujuVersion {
  return {
    major: Number(parts.major ?? 0),
    minor: Number(parts.minor ?? 0),
    tag: parts.tag ?? "",
    patch: Number(parts.patch ?? 0),
    build: Number(parts.build ?? 0),
  };
}

function majorMinorPart(name: "major" | "minor", part: string): number {
  const result = atoiGo(part);
  if ("value" in result) return result.value;
  throw versionError(`invalid ${name} version number ${part}: ${result.error}`, part);
}

function invalidVersion(text: string): JamError {
  return versionError(`invalid version ${quoteGo(text)}`, text);
}

function versionError(message: string, version: string): JamError {
  return new JamError("JAM_VERSION_INVALID", message, {
    details: { version },
    hint: "Write it as Juju does, for example 3.6.5, 3.6-beta2 or 2.9.42.1.",
  });
}

/**
 * A run of releases. A minor (`3.6`) begins with its first pre-release, a full version with itself. `from` is part
 * of the run, `to` is not; without `to` it is open.
 */
export interface VersionSpan {
  readonly from: string;
  readonly to?: string;
}

/** True when the version is part of the run. */
export function isInSpan(version: JujuVersion, { from, to }: VersionSpan): boolean {
  return isFrom(version, from) && (to === undefined || !isFrom(version, to));
}

/** True when the version is the bound or later: `3.6`, or `3.6.15`. */
export function isFrom(version: JujuVersion, bound: string): boolean {
  if (isVersion(bound)) return compareVersions(version, parseVersion(bound)) >= 0;
  const [major = 0, minor = 0] = bound.split(".").map(Number);
  return version.major > major || (version.major === major && version.minor >= minor);
}

/** The row of a table for a version; rows of one table do not overlap. */
export function rowFor<Row extends VersionSpan>(version: JujuVersion, rows: readonly Row[]): Row | undefined {
  return rows.find((row) => isInSpan(version, row));
}
