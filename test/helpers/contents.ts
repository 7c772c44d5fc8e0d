/** Names, hashes and ids that documents about bundles are made of. */
import { fc } from "./property.ts";
import { sha256Of, type Sha256 } from "../../src/shared/sha256.ts";

/** The hash of a number's text; different for every number. */
export function hashOf(seed: number): Sha256 {
  return sha256Of(`content ${seed}`);
}

/** An id of a bundle; those of higher numbers are later. */
export function bundleOf(day: number): string {
  return `202611${String(day).padStart(2, "0")}T201500Z-${hashOf(day).slice(0, 12)}`;
}

export const SNAPSHOT = "20261127T201500Z-1a2b3c4d";

export const anyHash = fc.nat().map(hashOf);
export const anyBundle = fc.integer({ min: 1, max: 28 }).map(bundleOf);
export const anyInstant = fc
  .date({ min: new Date("2020-01-01"), max: new Date("2040-01-01"), noInvalidDate: true })
  .map((date) => date.toISOString());
export const anySite = fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,62}$/);
export const anyVersion = fc
  .tuple(fc.nat(9), fc.nat(30), fc.constantFrom(".", "-beta", "-rc"), fc.nat(99))
  .map(([major, minor, mark, patch]) => `${major}.${minor}${mark}${patch}`);
export const anyArch = fc.constantFrom("amd64", "arm64", "s390x", "riscv64");
