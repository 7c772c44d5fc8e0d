import { compareVersions, toPatch, type JujuVersion } from "../version.ts";
import type { UpgradeAnswer } from "./outcome.ts";
import { tagsForServer29 } from "./caas.ts";
import { findByController } from "./find-agents.ts";
import { DOWNGRADE_NOT_ALLOWED, notSupportedFrom, upgradeControllerFirst } from "./messages.ts";
import { includesVersion } from "./newest.ts";
import { preferredStreams } from "./streams.ts";
import { note, type Rule } from "./trace.ts";
import { nextStep } from "./upgrade-by-client.ts";
import { isSame, refuse, UP_TO_DATE, upgradeTo, type UpgradeRequest } from "./upgrade-request.ts";
import { readVersion } from "./version-pool.ts";

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
export function upgradeBy2_9(request: UpgradeRequest): UpgradeAnswer {
  const { controller, current, question, requested, stream } = request;
  if (requested !== undefined && isSame(requested, current)) return UP_TO_DATE;
  if (question.isController && requested?.major === 3 && current.major !== 3) {
    return refuse(notSupportedFrom("upgrade", current, requested));
  }
  const chosen = decide(request);
  if (chosen === undefined) return UP_TO_DATE;
  if (question.isController && chosen.major !== current.major) {
    return refuse(notSupportedFrom("upgrade", current, chosen));
  }
  const refused = question.isController ? refuseOtherModels(request, chosen) : undefined;
  if (refused !== undefined) return refused;
  if (!question.isController && compareVersions(chosen, controller) > 0) {
    return refuse(upgradeControllerFirst(chosen, controller));
  }
  return upgradeTo(request, chosen, stream);
}

/**
 * A model of another major on the controller; Juju checks every model, however it came there.
 * Source: juju upgrades/upgradevalidation/version.go versionCheck, upgrade.go ValidatorsForControllerUpgrade (2.9.42).
 */
function refuseOtherModels({ question }: UpgradeRequest, chosen: JujuVersion): UpgradeAnswer | undefined {
  for (const { version } of question.otherModels ?? []) {
    const model = readVersion(version);
    if (model.major > chosen.major) return refuse(DOWNGRADE_NOT_ALLOWED);
    if (model.major < chosen.major) return refuse(notSupportedFrom("upgrade", model, chosen));
  }
  return undefined;
}

/** Undefined where Juju finds nothing or nothing newer. */
function decide(request: UpgradeRequest): JujuVersion | undefined {
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

function candidates(request: UpgradeRequest): readonly JujuVersion[] {
  const { current, generation, question, requested, stream, trace } = request;
  const streams = preferredStreams(generation, {
    version: undefined,
    development: question.development ?? false,
    stream: stream === "" ? (question.configStream ?? "") : stream,
  });
  const filter = { major: requested?.major ?? current.major };
  const listed = findByController(generation, question, streams, filter);
  note(trace, RULES.lookup, listed.found);
  if (question.modelType === "iaas") return listed.found;
  const tags = tagsForServer29(request, filter, listed);
  note(trace, RULES.tags, tags);
  return tags;
}
