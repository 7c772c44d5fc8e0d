import { compareVersions, toPatch, type JujuVersion, isSame } from "../version.ts";
import { type UpgradeOutcome, UP_TO_DATE, upgradeTo, refuse } from "./outcome.ts";
import { tagsForServer29 } from "./caas.ts";
import { findByController } from "./find-agents.ts";
import { DOWNGRADE_NOT_ALLOWED, notSupportedFrom, upgradeControllerFirst } from "./messages.ts";
import { includesVersion } from "./newest.ts";
import type { ValidUpgradeRequest } from "./request.ts";
import { preferredStreams } from "./streams.ts";
import { note, type Rule } from "./trace.ts";
import { nextStep } from "./upgrade-by-client.ts";

const SOURCE = "apiserver/facades/client/modelupgrader/findtools.go";
const REF = "2.9 branch ff1125b6da";
const RULES = {
  lookup: { rule: "Every agent of the searched major.", source: `${SOURCE}:findTools @${REF}` },
  tags: {
    rule: "Only image tags above the current version that the streams vouch for.",
    source: `${SOURCE}:toolVersionsForCAAS @${REF}`,
  },
  requested: { rule: "Only the requested number fits.", source: `${SOURCE}:decideVersion @${REF}` },
  next: {
    rule: "The newest of the next minor, else the newest of the current minor.",
    source: `${SOURCE}:decideVersion @${REF}`,
  },
} as const satisfies Record<string, Rule>;

/**
 * 2.9.33 and later: the controller decides, and everything "not found" reads "no upgrades available".
 * Source: juju cmd/juju/commands/upgrademodel.go upgradeModel, upgradeWithTargetVersion,
 * apiserver/facades/client/modelupgrader/findtools.go decideVersion (2.9 branch ff1125b6da).
 */
export function upgradeBy2_9(request: ValidUpgradeRequest): UpgradeOutcome {
  const { controller, current, requested, stream } = request;
  if (requested !== undefined && isSame(requested, current)) return UP_TO_DATE;
  if (request.isController && requested?.major === 3 && current.major !== 3) {
    return refuse(notSupportedFrom("upgrade", current, requested));
  }
  const chosen = decide(request);
  if (chosen === undefined) return UP_TO_DATE;
  if (request.isController && chosen.major !== current.major) {
    return refuse(notSupportedFrom("upgrade", current, chosen));
  }
  const refused = request.isController ? refuseOtherModels(request, chosen) : undefined;
  if (refused !== undefined) return refused;
  if (!request.isController && compareVersions(chosen, controller) > 0) {
    return refuse(upgradeControllerFirst(chosen, controller));
  }
  return upgradeTo(request, chosen, stream);
}

/**
 * A model of another major on the controller; Juju checks every model, however it came there.
 * Source: juju upgrades/upgradevalidation/version.go versionCheck, upgrade.go ValidatorsForControllerUpgrade (2.9.42).
 */
function refuseOtherModels(
  { otherModels }: ValidUpgradeRequest,
  chosen: JujuVersion,
): UpgradeOutcome | undefined {
  for (const { version: model } of otherModels) {
    if (model.major > chosen.major) return refuse(DOWNGRADE_NOT_ALLOWED);
    if (model.major < chosen.major) return refuse(notSupportedFrom("upgrade", model, chosen));
  }
  return undefined;
}

/** Undefined where Juju finds nothing or nothing newer. */
function decide(request: ValidUpgradeRequest): JujuVersion | undefined {
  const { current, requested, trace } = request;
  const found = candidates(request);
  if (requested !== undefined) {
    note(trace, RULES.requested, found, (version) =>
      isSame(version, requested) ? undefined : "not the requested version",
    );
    if (compareVersions(requested, toPatch(current)) < 0) return undefined;
    return includesVersion(found, requested) ? requested : undefined;
  }
  const chosen = nextStep(current, found, "lowest");
  note(trace, RULES.next, found, (version) =>
    chosen !== undefined && isSame(version, chosen) ? undefined : "not the newest of that minor",
  );
  return chosen === undefined || isSame(chosen, current) ? undefined : chosen;
}

function candidates(request: ValidUpgradeRequest): readonly JujuVersion[] {
  const { current, generation, requested, stream, trace } = request;
  const streams = preferredStreams(generation, {
    version: undefined,
    development: request.development,
    stream: stream === "" ? request.configStream : stream,
  });
  const filter = { major: requested?.major ?? current.major };
  const listed = findByController(request, streams, filter);
  note(trace, RULES.lookup, listed.found);
  if (request.modelType === "iaas") return listed.found;
  const tags = tagsForServer29(request, filter, listed);
  note(trace, RULES.tags, tags);
  return tags;
}
