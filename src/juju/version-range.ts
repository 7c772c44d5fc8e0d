import Range from "semver/classes/range.js";
import gtr from "semver/ranges/gtr.js";
import ltr from "semver/ranges/ltr.js";
import { JamError } from "../shared/errors.ts";
import { printable } from "../shared/printable.ts";
import {
  compareVersions,
  isPrerelease,
  isVersion,
  parseVersion,
  type JujuVersion,
  type MajorMinor,
} from "./version.ts";
import { formatTrack, readVersionText } from "./version-text.ts";

/** A set of Juju versions, as `>=2.9.49 <3 || >=3.6`; made by `parseVersionRange`. */
export interface VersionRange {
  /** As the operator wrote it. */
  readonly text: string;
  readonly semver: Range;
  /** Minors of which the text names a pre-release itself (`>=3.6-beta1`). */
  readonly prereleasesOf: readonly MajorMinor[];
}

/** Operators, then a number with parts missing or `x`. */
const PARTIAL = /^(?:0|[1-9]\d{0,8}|[xX*])(?:\.(?:0|[1-9]\d{0,8}|[xX*])){0,2}$/;
const TOKEN = /^([<>=~^]*)(.*)$/;

/**
 * Reads a range in the syntax of npm's semver, with versions written as Juju writes them: `>=2.9.49 <3 || >=3.6`,
 * `~3.6.4`, `3.x`, `3.6-beta2`, `>=2.9.42.1`, `2.9.30 - 2.9.49`. A full version takes exactly itself. Parts left out
 * include pre-releases of it: `3.6` and `>=3.6` take 3.6-beta1, `>=3.6.0` does not, nor does `<3.6`.
 * @throws JamError JAM_VERSION_INVALID naming the part that is wrong
 */
export function parseVersionRange(text: string): VersionRange {
  const prereleasesOf: MajorMinor[] = [];
  const alternatives = text.split("||").map((alternative) => {
    const tokens = withoutHyphens(alternative.split(/\s+/).filter(Boolean));
    if (tokens.length === 0) {
      throw invalidRange(text, text.includes("||") ? "has nothing on one side of ||" : "is empty");
    }
    return tokens.map((token) => mapToken(token, text, prereleasesOf)).join(" ");
  });
  try {
    return { text, semver: new Range(alternatives.join("||"), { includePrerelease: true }), prereleasesOf };
  } catch (cause) {
    throw invalidRange(text, "cannot be read", cause);
  }
}

/** `a - b` written as `>=a <=b`, because semver lets its own hyphen ranges begin below `a`. */
function withoutHyphens(tokens: readonly string[]): string[] {
  return tokens.flatMap((token, index) => {
    if (token === "-" && index > 0 && index < tokens.length - 1) return [];
    if (tokens[index + 1] === "-") return [`>=${token}`];
    return tokens[index - 1] === "-" ? [`<=${token}`] : [token];
  });
}

function mapToken(token: string, text: string, prereleasesOf: MajorMinor[]): string {
  const [, operator = "", version = ""] = TOKEN.exec(token) ?? [];
  if (version === "" || PARTIAL.test(version)) return token;
  if (!isVersion(version)) {
    const meant = bareVersion(version);
    const instead = meant === undefined ? ", which is not a Juju version" : `; in a range write ${meant}`;
    throw invalidRange(text, `has the part "${printable(token, 60)}"${instead}`);
  }
  const parsed = parseVersion(version);
  if (isPrerelease(parsed)) prereleasesOf.push({ major: parsed.major, minor: parsed.minor });
  return operator + toSemver(parsed);
}

/** The bare version or minor in what Juju or its snap prints, such as `3.6.11-ubuntu-amd64` or `3.6/stable`. */
function bareVersion(word: string): string | undefined {
  const read = readVersionText(word);
  if (read === undefined) return undefined;
  return "version" in read ? read.version : formatTrack(read.track);
}

/** True when the version is in the range by Juju's order, pre-releases and builds included. */
export function isInRange(version: JujuVersion, range: VersionRange): boolean {
  return range.semver.test(toSemver(version));
}

/**
 * The versions next to a range that takes none of them: the newest below it and the oldest above it, as far as there
 * are any. Final releases count before pre-releases.
 */
export function versionsNextTo(range: VersionRange, versions: readonly JujuVersion[]): JujuVersion[] {
  const finals = versions.filter((version) => !isPrerelease(version));
  const sorted = (finals.length === 0 ? versions : finals).toSorted(compareVersions);
  const options = { includePrerelease: true };
  const below = sorted.findLast((version) => ltr(toSemver(version), range.semver, options));
  const above = sorted.find((version) => gtr(toSemver(version), range.semver, options));
  const between = below === undefined && above === undefined ? sorted.at(-1) : undefined;
  return [below, above, between].filter((version) => version !== undefined);
}

/** True when the range itself names a pre-release of the version's minor. */
export function namesPrerelease(version: JujuVersion, range: VersionRange): boolean {
  return range.prereleasesOf.some(({ major, minor }) => major === version.major && minor === version.minor);
}

/**
 * A SemVer text with the same place in the order as the version has in Juju's; for range tests only.
 *
 * | Juju | SemVer | because |
 * |---|---|---|
 * | 3.6.5 | 3.6.5 | |
 * | 3.6-beta2 | 3.6.0-beta.2 | all pre-releases are below the minor's first release |
 * | 3.6-beta2.1 | 3.6.0-beta.2.1 | a longer list of identifiers is above its start |
 * | 2.9.42.1 | 2.9.43-0.1 | a build is above its patch and below the next; a number is below any word |
 */
export function toSemver({ major, minor, tag, patch, build }: JujuVersion): string {
  if (tag !== "") return `${major}.${minor}.0-${tag}.${patch}${build === 0 ? "" : `.${build}`}`;
  return build === 0 ? `${major}.${minor}.${patch}` : `${major}.${minor}.${patch + 1}-0.${build}`;
}

function invalidRange(text: string, what: string, cause?: unknown): JamError {
  return new JamError("JAM_VERSION_INVALID", `The version range "${printable(text)}" ${what}.`, {
    cause,
    details: { range: text },
    hint: "Write it like `>=2.9.49 <3 || >=3.6`, `3.6.x` or `3.6.5`: blanks mean and, || means or.",
  });
}
