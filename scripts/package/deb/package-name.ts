/**
 * The name of the Debian package. Not `jam`: Debian has another package of that name, with a higher version, and apt
 * would replace ours by it.
 */
export const PACKAGE = "juju-agent-mirror";

/** The version of the Debian package for a version of jam: `1.0.0-rc.1` is older than `1.0.0`. */
export function debianVersion(version: string): string {
  return `${version.replace("-", "~")}-1`;
}

/** The file name of the package. */
export function debName(version: string, architecture: string): string {
  return `${PACKAGE}_${debianVersion(version)}_${architecture}.deb`;
}
