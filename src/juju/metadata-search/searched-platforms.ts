import { compareVersions, parseVersion, type JujuVersion } from "../version.ts";

const OLD_ARCHES = ["amd64", "i386", "armhf", "arm64", "ppc64el", "s390x"];
/** Late 2.9 and the ends of 3.0 and 3.1 have riscv64 next to the old ones; ids too many are harmless. */
const FIRST_RISCV = parseVersion("2.9.38");
const WITH_RISCV = [...OLD_ARCHES, "riscv64"];
const FIRST_NEW_ARCHES = parseVersion("3.2-alpha1");
const NEW_ARCHES = ["amd64", "arm64", "ppc64el", "s390x", "riscv64"];

/**
 * The architectures that Juju of that version searches where none is asked for.
 * Source: juju/utils arch.AllSupportedArches (v0 to v3.0.1), juju core/arch/arches.go (3.2 and later).
 */
export function archesSearchedBy(version: JujuVersion): readonly string[] {
  if (compareVersions(version, FIRST_NEW_ARCHES) >= 0) return NEW_ARCHES;
  return compareVersions(version, FIRST_RISCV) >= 0 ? WITH_RISCV : OLD_ARCHES;
}

const ALWAYS = ["ubuntu", "centos", "genericlinux", "kubernetes"];

/**
 * The OS types that Juju from 2.9 on searches where none is asked for.
 * Source: juju core/series AllWorkloadOSTypes (2.9), core/base AllWorkloadOSTypes (3.x), 4.0.
 */
export function osTypesSearchedBy({ major, minor }: JujuVersion): readonly string[] {
  if (major >= 4) return ["ubuntu"];
  if (major < 3) return [...ALWAYS, "opensuse", "windows"];
  return minor === 0 ? [...ALWAYS, "opensuse"] : ALWAYS;
}
