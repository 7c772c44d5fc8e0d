import releases from "./releases.json" with { type: "json" };

/** A Juju version in the parts that decide where and how it was published. */
export interface Release {
  readonly version: string;
  readonly major: number;
  readonly minor: number;
  /** 0 where there is a tag instead. */
  readonly patch: number;
  /** `alpha`, `beta` or `rc`; empty for a final release. */
  readonly tag: string;
  readonly tagNumber: number;
  /** A plausible day of publication: the minor's real first day plus three weeks per patch. */
  readonly publishedAt: Date;
}

/** A few dozen real releases of every generation: enough for each rule, quick to build. */
export const SMALL_RELEASES: readonly string[] = releases.small;

/** All known real release numbers, 1.9 to 4.1. */
export const ALL_RELEASES: readonly string[] = releases.all;

const DAY_MS = 86_400_000;
const VERSION = /^(\d+)\.(\d+)(?:\.(\d+)|-(alpha|beta|rc)(\d+))(?:\.\d+)?$/;
const TAG_RANK: Readonly<Record<string, number>> = { alpha: 60, beta: 40, rc: 20 };

/** First final release of each minor; those in between lie in between. */
const FIRST_DAY: Readonly<Record<string, string>> = {
  "1.9": "2012-10-01",
  "1.16": "2013-10-10",
  "1.18": "2014-04-07",
  "1.20": "2014-07-03",
  "1.21": "2015-02-02",
  "1.22": "2015-03-26",
  "1.23": "2015-04-24",
  "1.24": "2015-06-11",
  "1.25": "2015-10-26",
  "2.0": "2016-10-14",
  "2.1": "2017-02-22",
  "2.2": "2017-06-14",
  "2.3": "2017-12-07",
  "2.4": "2018-07-02",
  "2.5": "2019-01-28",
  "2.6": "2019-05-15",
  "2.7": "2019-11-29",
  "2.8": "2020-06-04",
  "2.9": "2021-04-28",
  "3.0": "2022-10-22",
  "3.1": "2023-02-06",
  "3.2": "2023-05-26",
  "3.3": "2023-11-10",
  "3.4": "2024-02-15",
  "3.5": "2024-05-07",
  "3.6": "2024-11-26",
  "4.0": "2025-11-20",
  "4.1": "2026-10-15",
};

/**
 * The release of a version text.
 * @throws Error when it is not a Juju version
 */
export function parseRelease(version: string): Release {
  const match = VERSION.exec(version);
  if (match === null) throw new Error(`${version} is not a Juju version.`);
  const [, major, minor, patch = "0", tag = "", tagNumber = "0"] = match;
  const parts = { major: Number(major), minor: Number(minor), patch: Number(patch) };
  const daysBefore = tag === "" ? 0 : (TAG_RANK[tag] ?? 0) - Number(tagNumber);
  const firstDay = Date.parse(firstDayOf(parts.major, parts.minor));
  return {
    version,
    ...parts,
    tag,
    tagNumber: Number(tagNumber),
    publishedAt: new Date(firstDay + (parts.patch * 21 - daysBefore) * DAY_MS),
  };
}

function firstDayOf(major: number, minor: number): string {
  for (let known = minor; known >= 0; known--) {
    const day = FIRST_DAY[`${major}.${known}`];
    if (day !== undefined) return day;
  }
  return "2012-10-01";
}

/** True when the release is `version` or a later one. Juju's order; tagged ones sort below their final release. */
export function isAtLeast(release: Release, version: string): boolean {
  const other = parseRelease(version);
  const rank = ({ major, minor, patch, tag, tagNumber }: Release): readonly (number | string)[] => [
    major,
    minor,
    tag === "" ? 1 : 0,
    tag,
    tagNumber,
    patch,
  ];
  const [left, right] = [rank(release), rank(other)];
  const at = left.findIndex((part, index) => part !== right[index]);
  return at === -1 || (left[at] ?? 0) > (right[at] ?? 0);
}
