import { CURRENT_ARCHES } from "../platform.ts";
import {
  compareVersions,
  formatVersion,
  toPatch,
  type JujuVersion,
  isSame,
  isSameMinor,
} from "../version.ts";
import { type UpgradeOutcome, UP_TO_DATE, upgradeTo, refuse } from "./outcome.ts";
import { findInStore, findInStreams } from "./find-agents.ts";
import {
  CONTROLLER_MORE_THAN_PATCH,
  binariesNotIndexed,
  controllerLower,
  MODEL_MORE_THAN_PATCH,
  modelLower,
  nodesLag,
  NO_PATCHES,
  PATCHES_NOT_INDEXED,
  recommendedIsDowngrade,
  recommendedIsMissing,
  recommendedIsModelDowngrade,
  streamNotRecognised,
  unsupportedBases,
} from "./messages.ts";
import { newest } from "./newest.ts";
import type { ValidUpgradeRequest } from "./request.ts";
import { STREAMS_OF_4_0 } from "./streams.ts";
import { note, type Rule } from "./trace.ts";

const REF = "4.0 branch c087a0e221";
const RULES = {
  store: {
    rule: "The agents of the controller's minor in its own store, whatever their arch.",
    source: `domain/controllerupgrader/service/agentfinder.go:GetHighestPatchVersionAvailable @${REF}`,
  },
  stream: {
    rule: "The agents of the controller's minor in the one stream, whatever their arch.",
    source: `domain/controllerupgrader/service/agentfinder.go:getHighestPatchVersionAvailableForStream @${REF}`,
  },
  newest: {
    rule: "The newest of both; whether every controller node's arch has it is only checked afterwards.",
    source: `domain/controllerupgrader/service/service.go:UpgradeController @${REF}`,
  },
  follows: {
    rule: "A model follows the highest version of any controller node; nothing is looked up.",
    source: `domain/modelagent/service/service.go:getRecommendedVersion @${REF}`,
  },
} as const satisfies Record<string, Rule>;

/**
 * 4.0: a controller takes the newest patch of its minor in one stream, every other model the controller's version.
 * Source: juju apiserver/facades/client/modelupgrader/controllerupgrader.go, modelupgrader.go (4.0.15).
 */
export function upgradeBy4_0(request: ValidUpgradeRequest): UpgradeOutcome {
  const { current, requested, stream } = request;
  if (requested !== undefined && isSame(requested, current)) return UP_TO_DATE;
  if (stream !== "" && !STREAMS_OF_4_0.includes(stream)) return refuse(streamNotRecognised(stream));
  return request.isController ? upgradeController(request) : upgradeModel(request);
}

function upgradeController(request: ValidUpgradeRequest): UpgradeOutcome {
  const { requested, stream } = request;
  const target = requested ?? recommend(request);
  if ("outcome" in target) return target;
  const lower = requested === undefined ? recommendedIsDowngrade : controllerLower;
  const refused = refuseController(request, target, lower);
  if (refused !== undefined) return refused;
  const availability = availabilityOf(request, target);
  if (availability === "complete") return upgradeTo(request, target, stream);
  if (requested === undefined) return refuse(recommendedIsMissing(target));
  return availability === "missing" ? UP_TO_DATE : refuse(binariesNotIndexed(target, streamOf(request)));
}

/** The one stream: 4.0 neither falls back to another nor widens the search for development versions. */
function streamOf({ configStream, stream }: ValidUpgradeRequest): string {
  return stream || configStream || "released";
}

/**
 * The newest of what the store and the stream hold. An indexed stream without a match is not an error.
 * Source: juju domain/controllerupgrader/service/agentfinder.go GetHighestPatchVersionAvailableForStream (4.0.15).
 */
function recommend(request: ValidUpgradeRequest): JujuVersion | UpgradeOutcome {
  const { controller, trace } = request;
  const filter = { major: controller.major, minor: controller.minor, arches: CURRENT_ARCHES };
  const stored = findInStore(request.stored, filter);
  note(trace, RULES.store, stored);
  const listed = findInStreams(request.streams, [streamOf(request)], filter);
  note(trace, RULES.stream, listed.found);
  if (listed.failure === "no-index") return refuse(PATCHES_NOT_INDEXED);
  const all = [...stored, ...listed.found];
  const best = newest(all);
  if (best === undefined) return refuse(NO_PATCHES);
  note(trace, RULES.newest, all, (version) => (isSame(version, best) ? undefined : "not the newest"));
  return best;
}

/** Source: juju domain/controllerupgrader/service/service.go validateControllerCanBeUpgradedTo (4.0.15). */
function refuseController(
  { controller, nodeVersions }: ValidUpgradeRequest,
  target: JujuVersion,
  lower: (version: JujuVersion) => string,
): UpgradeOutcome | undefined {
  if (compareVersions(controller, target) > 0) return refuse(lower(target));
  if (!isSameMinor(controller, target)) return refuse(CONTROLLER_MORE_THAN_PATCH);
  const lagging = nodeVersions.flatMap((version, node) =>
    compareVersions(controller, version) > 0 ? [String(node)] : [],
  );
  return lagging.length === 0 ? undefined : refuse(nodesLag(lagging, controller));
}

/**
 * Whether the store or the one stream has the number for the arch of every controller node.
 * Source: juju domain/controllerupgrader/service/agentfinder.go HasBinariesForVersionStreamAndArchitectures (4.0.15).
 */
function availabilityOf(
  request: ValidUpgradeRequest,
  number: JujuVersion,
): "complete" | "missing" | "not-indexed" {
  if (findInStore(request.stored, { number }).length > 0) return "complete";
  for (const arch of request.nodeArches ?? ["amd64"]) {
    const filter = { number, arches: [arch] };
    const { failure } = findInStreams(request.streams, [streamOf(request)], filter);
    if (failure !== undefined) return failure === "no-index" ? "not-indexed" : "missing";
  }
  return "complete";
}

function upgradeModel(request: ValidUpgradeRequest): UpgradeOutcome {
  const { current, requested, stream, trace } = request;
  const recommended = newest(request.nodeVersions);
  if (recommended === undefined) return UP_TO_DATE;
  note(trace, RULES.follows, [recommended]);
  const target = requested ?? recommended;
  if (compareVersions(current, target) > 0) {
    return refuse(requested === undefined ? recommendedIsModelDowngrade(target) : modelLower(target));
  }
  if (compareVersions(recommended, toPatch(target)) < 0) return refuse(MODEL_MORE_THAN_PATCH);
  if (request.unsupportedMachines > 0) return refuse(unsupportedBases(request.unsupportedMachines));
  if (stream === "" && isSame(current, target)) {
    return { outcome: "no-op", chosen: formatVersion(target), changed: false };
  }
  return upgradeTo(request, target, stream);
}
