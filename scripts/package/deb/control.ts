import { PACKAGE, debianVersion } from "./package-name.ts";

/** What the control files of one package depend on. */
export interface ControlOptions {
  /** Of jam. */
  readonly version: string;
  /** In Debian's words: `amd64`. */
  readonly architecture: string;
  /** The lowest glibc. */
  readonly glibc: string;
  /** `Name <address>` */
  readonly maintainer: string;
  readonly installedKiB: number;
  /** Seconds since 1970. */
  readonly madeAt: number;
}

/**
 * The control file. The package depends on nothing that a bare Debian does not have, so that it is all that a machine
 * without a network needs; Node and its libraries are in it.
 */
export function formatControl(options: ControlOptions): string {
  const { version, architecture, glibc, maintainer, installedKiB } = options;
  return `Package: ${PACKAGE}
Version: ${debianVersion(version)}
Architecture: ${architecture}
Maintainer: ${maintainer}
Installed-Size: ${installedKiB}
Depends: libc6 (>= ${glibc}), passwd
Suggests: bash-completion
Conflicts: jam
Section: net
Priority: optional
Description: mirror of Juju agents for networks without internet
 jam copies Juju agents and their simplestreams metadata from an upstream,
 verifies them, carries them over air gaps as signed bundles, and serves them
 to Juju controllers and clients.
 .
 The package contains the program with its own Node, the units of a server
 and of a nightly sync, and the settings in /etc/jam/jam.yaml. The agents are
 in /var/lib/jam, and stay there when the package is removed or purged.
`;
}

/** The changelog of the packaging; that of the program is a file of its own. */
export function formatDebianChangelog({ version, maintainer, madeAt }: ControlOptions): string {
  const date = new Date(madeAt * 1000).toUTCString().replace("GMT", "+0000");
  return `${PACKAGE} (${debianVersion(version)}) unstable; urgency=medium

  * jam ${version}. What has changed is in changelog.gz.

 -- ${maintainer}  ${date}
`;
}

const MAINTAINER = "jam maintainers <maintainers@juju-agent-mirror.example>";

/** Who made the package, by Debian's own variables. */
export function readMaintainer(env: Readonly<Record<string, string | undefined>>): string {
  const { DEBFULLNAME: name, DEBEMAIL: address } = env;
  return name === undefined || address === undefined ? MAINTAINER : `${name} <${address}>`;
}
