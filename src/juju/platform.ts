import { isOsType } from "./release.ts";
import { compareVersions, parseVersion, type JujuVersion } from "./version.ts";

/**
 * Architectures that some Juju release has searched for: i386 and armhf up to 3.1, ppc64 in 1.x, riscv64 late.
 * Source: juju/utils arch.AllSupportedArches, juju core/arch.
 */
export const ARCHES = ["amd64", "arm64", "ppc64el", "s390x", "riscv64", "i386", "armhf", "ppc64"] as const;

/** An architecture that some Juju release has searched for. */
export type Arch = (typeof ARCHES)[number];

/** True for one of `ARCHES`. */
export function isArch(word: string): word is Arch {
  return (ARCHES as readonly string[]).includes(word);
}

/** A word that can name an architecture; also one that no Juju knows yet. */
const ARCH_WORD = /^[a-z0-9]{2,20}$/;

/** True when the text can be an architecture's name in an agent's name. */
export function isArchWord(text: string): boolean {
  return ARCH_WORD.test(text);
}

const OLD_ARCHES: readonly Arch[] = ["amd64", "i386", "armhf", "arm64", "ppc64el", "s390x"];
/** Late 2.9 and the ends of 3.0 and 3.1 have riscv64 next to the old ones; ids too many are harmless. */
const FIRST_RISCV = parseVersion("2.9.38");
const WITH_RISCV: readonly Arch[] = [...OLD_ARCHES, "riscv64"];
const FIRST_NEW_ARCHES = parseVersion("3.2-alpha1");
/** The architectures that Juju has searched since 3.2, and all that 4.0 takes. Source: juju domain/agentbinary/architecture.go (4.0.15). */
export const CURRENT_ARCHES: readonly Arch[] = ["amd64", "arm64", "ppc64el", "s390x", "riscv64"];

/**
 * The architectures that Juju of that version searches when none is requested.
 * Source: juju/utils arch.AllSupportedArches (v0 to v3.0.1), juju core/arch/arches.go (3.2 and later).
 */
export function archesSearchedBy(version: JujuVersion): readonly Arch[] {
  if (compareVersions(version, FIRST_NEW_ARCHES) >= 0) return CURRENT_ARCHES;
  return compareVersions(version, FIRST_RISCV) >= 0 ? WITH_RISCV : OLD_ARCHES;
}

const ALWAYS = ["ubuntu", "centos", "genericlinux", "kubernetes"];

/**
 * The OS types that Juju from 2.9 on searches when none is requested.
 * Source: juju core/series AllWorkloadOSTypes (2.9), core/base AllWorkloadOSTypes (3.x), 4.0.
 */
export function osTypesSearchedBy({ major, minor }: JujuVersion): readonly string[] {
  if (major >= 4) return ["ubuntu"];
  if (major < 3) return [...ALWAYS, "opensuse", "windows"];
  return minor === 0 ? [...ALWAYS, "opensuse"] : ALWAYS;
}

/**
 * Whether Juju of that version, 2.9 or later, knows the OS type.
 * Source: juju core/os/ostype IsValidOSTypeName; 3.1 forgot `osx` and `opensuse`.
 */
export function knowsOsType({ major, minor }: JujuVersion, release: string): boolean {
  if (!isOsType(release)) return false;
  const isForgotten = major > 3 || (major === 3 && minor > 0);
  return !(isForgotten && (release === "osx" || release === "opensuse"));
}
