import { compareVersions, type JujuVersion } from "../version.ts";

/** What a search for something newer gives: `found` also when only the base itself is listed. */
export interface NewestResult {
  readonly newest: JujuVersion;
  readonly found: boolean;
}

/** The greatest version, or undefined of none. Source: juju tools/list.go List.Newest. */
export function newest(versions: Iterable<JujuVersion>): JujuVersion | undefined {
  let best: JujuVersion | undefined;
  for (const version of versions) {
    if (best === undefined || compareVersions(version, best) > 0) best = version;
  }
  return best;
}

/**
 * The greatest release of the same major above the base; pre-releases are skipped.
 * Source: juju tools/list.go List.NewestReleased (1.25.14).
 */
export function newestReleased(versions: Iterable<JujuVersion>, base: JujuVersion): NewestResult {
  return newestAbove(versions, base, (version) => version.major === base.major && version.tag === "");
}

/**
 * The greatest version of the same major and minor above the base. Pre-releases count in every generation;
 * from 3.0 builds count only where `allowBuilds` says so.
 * Source: juju tools/list.go Versions.NewestCompatible (2.8.13; 3.6.28 with allowDevBuilds).
 */
export function newestCompatible(
  versions: Iterable<JujuVersion>,
  base: JujuVersion,
  allowBuilds = true,
): NewestResult {
  return newestAbove(
    versions,
    base,
    (version) =>
      version.major === base.major && version.minor === base.minor && (allowBuilds || version.build === 0),
  );
}

function newestAbove(
  versions: Iterable<JujuVersion>,
  base: JujuVersion,
  isEligible: (version: JujuVersion) => boolean,
): NewestResult {
  let best = base;
  let found = false;
  for (const version of versions) {
    const order = compareVersions(version, best);
    if (order > 0 ? isEligible(version) : order === 0 && best === base) {
      best = order > 0 ? version : best;
      found = true;
    }
  }
  return { newest: best, found };
}

/** True when the very number, build included, is listed. Source: juju tools/list.go Filter.Number. */
export function includesVersion(versions: Iterable<JujuVersion>, wanted: JujuVersion): boolean {
  for (const version of versions) if (compareVersions(version, wanted) === 0) return true;
  return false;
}
