import { compareVersions, toPatch, type JujuVersion, isSame } from "../version.ts";
import { type UpgradeOutcome, UP_TO_DATE, upgradeTo, refuse } from "./outcome.ts";
import { tagsForServer3 } from "./caas.ts";
import { findByController } from "./find-agents.ts";
import { aboveController, blockedModels, upgradeControllerFirst } from "./messages.ts";
import { includesVersion, newestCompatible } from "./newest.ts";
import type { ValidUpgradeRequest } from "./request.ts";
import { controllerBlockers, SERVER_RULES, type ServerGeneration, type ServerRules } from "./server-rules.ts";
import { preferredStreams } from "./streams.ts";
import { note, type Rule } from "./trace.ts";

const ZERO: JujuVersion = { major: 0, minor: 0, tag: "", patch: 0, build: 0 };

type Request3 = ValidUpgradeRequest & { readonly generation: ServerGeneration };

/**
 * 3.0 to 3.6: a controller takes the newest patch of its own minor, every other model the controller's version.
 * Source: juju apiserver/facades/client/modelupgrader/upgrader.go UpgradeModel (3.0.4 to 3.6.28).
 */
export function upgradeBy3(request: Request3): UpgradeOutcome {
  const { controller, current, requested, stream } = request;
  const rules = SERVER_RULES[request.generation];
  if (requested !== undefined && isSame(requested, current)) return UP_TO_DATE;
  const chosen = request.isController ? decide(request, rules, requested) : targetOfHosted(request, rules);
  if ("outcome" in chosen) return chosen;
  if (request.isController) {
    const blocked = controllerBlockers(rules, current, chosen, request.otherModels);
    if (typeof blocked === "string") return refuse(blocked);
    if (blocked.length > 0) return refuse(blockedModels(chosen, blocked));
  } else if (compareVersions(chosen, controller) > 0) {
    return refuse(upgradeControllerFirst(chosen, controller));
  }
  return upgradeTo(request, chosen, stream);
}

/** Source: juju apiserver/facades/client/modelupgrader/upgrader.go UpgradeModel (3.1.11; useControllerVersion from fcda301f). */
function targetOfHosted(request: Request3, rules: ServerRules): JujuVersion | UpgradeOutcome {
  const { controller, requested, trace } = request;
  if (rules.hosted === "looks-up") {
    if (requested !== undefined && compareVersions(controller, toPatch(requested)) > 0) {
      return refuse(aboveController(ZERO, controller));
    }
    return decide(request, rules, requested ?? controller);
  }
  if (requested === undefined || isSame(requested, controller)) {
    note(trace, cite(rules, "UpgradeModel", "A model follows its controller; nothing is looked up."), [
      controller,
    ]);
    return controller;
  }
  if (compareVersions(controller, toPatch(requested)) < 0) {
    return refuse(aboveController(requested, controller));
  }
  return decide(request, rules, requested);
}

/** Source: juju apiserver/facades/client/modelupgrader/findagents.go decideVersion (3.0.4 to 3.6.28). */
function decide(
  request: Request3,
  rules: ServerRules,
  number: JujuVersion | undefined,
): JujuVersion | UpgradeOutcome {
  const { current, trace } = request;
  if (number !== undefined) {
    const order = compareVersions(number, toPatch(current));
    if (order === 0) return UP_TO_DATE;
    if (order < 0) return rules.lowerRequest;
    const found = candidates(request, rules, number);
    return includesVersion(found, number) ? number : UP_TO_DATE;
  }
  const allowsBuilds = request.modelType === "iaas" || current.build > 0;
  const found = candidates(request, rules, undefined);
  const best = newestCompatible(found, current, allowsBuilds);
  note(trace, cite(rules, "decideVersion", "The newest patch of the current minor."), found, (version) =>
    isSame(version, best.newest) ? undefined : "not the newest",
  );
  return best.found && !isSame(best.newest, current) ? best.newest : UP_TO_DATE;
}

/** Source: juju apiserver/facades/client/modelupgrader/findagents.go findAgents, agentVersionsForCAAS (3.6.28). */
function candidates(
  request: Request3,
  rules: ServerRules,
  number: JujuVersion | undefined,
): readonly JujuVersion[] {
  const { current, generation, stream, trace } = request;
  const streams = preferredStreams(generation, {
    version: number,
    development: request.development,
    stream: stream === "" ? request.configStream : stream,
  });
  const filter = number === undefined ? { major: current.major, minor: current.minor } : { number };
  const listed = findByController(request, streams, filter);
  const wanted = number === undefined ? "Every agent of the current minor" : "Exactly the wanted number";
  note(trace, cite(rules, "findAgents", `${wanted} in ${streams.join(", ")}.`), listed.found);
  if (request.modelType === "iaas") return listed.found;
  const tags = tagsForServer3(request, filter, listed);
  note(trace, cite(rules, "agentVersionsForCAAS", "Only image tags that the streams vouch for."), tags);
  return tags;
}

const FILES: Readonly<Record<string, string>> = { UpgradeModel: "upgrader.go" };

function cite(rules: ServerRules, name: string, rule: string): Rule {
  const file = FILES[name] ?? "findagents.go";
  return { rule, source: `apiserver/facades/client/modelupgrader/${file}:${name} @${rules.ref}` };
}
