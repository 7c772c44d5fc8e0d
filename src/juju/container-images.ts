import { formatVersion, toPatch, type JujuVersion } from "./version.ts";

/** A container image that Kubernetes pulls for Juju: `jujud-operator:3.6.5`, without the repository. */
export type ImageTag = string;

/**
 * The images that a Kubernetes controller or model of this version needs from `caas-image-repo`. The base of charm
 * containers follows the charms; where `bases` (`22.04`) are not known, the ones that charms mostly name are given.
 * Source: juju cloudconfig/podcfg/image.go, caas/kubernetes/provider/bootstrap.go @2.9 branch, 3.6 branch, 4.0.15
 */
export function imageTagsOf(version: JujuVersion, bases: readonly string[] = []): readonly ImageTag[] {
  const tags = [`jujud-operator:${formatVersion(toPatch(version))}`];
  // 4.0 replaced MongoDB by Dqlite, which is part of jujud; charm-base came with the sidecar charms of 2.9.
  if (version.major === 2 && version.minor === 9) tags.push("juju-db:4.4");
  if (version.major === 3) tags.push("juju-db:4.4");
  if (version.major > 2 || (version.major === 2 && version.minor >= 9)) {
    const known = bases.length > 0 ? bases : defaultBases(version);
    tags.push(...known.map((base) => `charm-base:ubuntu-${base}`));
  }
  return tags;
}

function defaultBases({ major }: JujuVersion): readonly string[] {
  return major === 2 ? ["20.04", "22.04"] : ["22.04", "24.04"];
}
