import { compareVersions, formatMajorMinor, parseVersion, type JujuVersion } from "../version.ts";

/**
 * The newest release of each minor that was examined, up to 4.1-beta2. Some were never published.
 * Source: tags, release notes and the history of the version constant of juju/juju up to September 2026.
 */
const NEWEST_READ: Readonly<Record<string, string>> = {
  "2.0": "2.0.4",
  "2.1": "2.1.3",
  "2.2": "2.2.10",
  "2.3": "2.3.10",
  "2.4": "2.4.8",
  "2.5": "2.5.9",
  "2.6": "2.6.11",
  "2.7": "2.7.9",
  "2.8": "2.8.14",
  "2.9": "2.9.61",
  "3.0": "3.0.4",
  "3.1": "3.1.11",
  "3.2": "3.2.4",
  "3.3": "3.3.7",
  "3.4": "3.4.7",
  "3.5": "3.5.8",
  "3.6": "3.6.28",
  "4.0": "4.0.15",
  "4.1": "4.1-beta2",
};

/**
 * True if jam knows how this release behaves. Newer patches, and minors that were not examined, are not known: jam then
 * assumes the behaviour of the release before. Builds count as their patch.
 */
export function isKnownVersion(version: JujuVersion): boolean {
  if (version.major < 2) return true;
  const newest = newestRead(version);
  return newest !== undefined && compareVersions({ ...version, build: 0 }, parseVersion(newest)) <= 0;
}

/** The newest release of the version's minor that jam knows; undefined for an unknown minor. */
export function newestRead(version: Pick<JujuVersion, "major" | "minor">): string | undefined {
  return NEWEST_READ[formatMajorMinor(version)];
}
