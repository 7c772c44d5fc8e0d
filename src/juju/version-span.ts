import { compareVersions, isVersion, parseVersion, type JujuVersion } from "./version.ts";

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
