import { compareVersions, toPatch, type JujuVersion } from "../version.ts";
import type { AgentFilter, SearchResult } from "./find-agents.ts";
import { includesVersion } from "./newest.ts";
import type { ValidUpgradeRequest } from "./request.ts";

/*
 * Kubernetes models: the candidates are tags of the jujud-operator image, and the streams only vouch for them.
 */

/**
 * Up to 2.8 the client keeps the tags of the major it searches, without builds, that the streams vouch for.
 * Source: juju cmd/juju/commands/upgradecontroller.go initCAASVersions (2.7.8, 2.8.13).
 */
export function tagsForClient(
  request: ValidUpgradeRequest,
  filter: AgentFilter,
  listed: SearchResult,
): readonly JujuVersion[] {
  return tagsOf(request).filter(
    (tag) => tag.major === filter.major && tag.build === 0 && isVouchedFor(request, tag, listed),
  );
}

/**
 * From 2.9 the controller keeps the tags above the current version; builds only where the model runs one.
 * (2.9.21 itself still dropped every build.)
 * Source: juju apiserver/facades/client/client/client.go toolVersionsForCAAS (2.9.31),
 * apiserver/facades/client/modelupgrader/findtools.go toolVersionsForCAAS (2.9.61).
 */
export function tagsForServer29(
  request: ValidUpgradeRequest,
  filter: AgentFilter,
  listed: SearchResult,
): readonly JujuVersion[] {
  const { current } = request;
  return tagsOf(request).filter(
    (tag) =>
      compareVersions(tag, current) > 0 &&
      (tag.build === 0 || current.build > 0) &&
      tag.major === filter.major &&
      isVouchedFor(request, tag, listed),
  );
}

/**
 * From 3.0 the controller keeps the tags that fit the very filter of the lookup.
 * Source: juju apiserver/facades/client/modelupgrader/findagents.go agentVersionsForCAAS (3.0.4 to 3.6.28).
 */
export function tagsForServer3(
  request: ValidUpgradeRequest,
  filter: AgentFilter,
  listed: SearchResult,
): readonly JujuVersion[] {
  return tagsOf(request).filter(
    (tag) =>
      (filter.number === undefined
        ? tag.major === filter.major && tag.minor === filter.minor
        : compareVersions(tag, filter.number) === 0) && isVouchedFor(request, tag, listed),
  );
}

function tagsOf(request: ValidUpgradeRequest): readonly JujuVersion[] {
  return request.registryTags?.versions ?? [];
}

/** Listed in the streams without its build; where they list nothing at all, pre-releases need another stream. */
function isVouchedFor(request: ValidUpgradeRequest, tag: JujuVersion, listed: SearchResult): boolean {
  if (listed.found.length > 0) return includesVersion(listed.found, toPatch(tag));
  return tag.tag === "" || (request.stream !== "" && request.stream !== "released");
}
