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

/** A word that can stand for an architecture; also one that no Juju knows yet. */
const ARCH_WORD = /^[a-z0-9]{2,20}$/;

/** True when the text can be an architecture's name in an agent's name. */
export function isArchWord(text: string): boolean {
  return ARCH_WORD.test(text);
}
