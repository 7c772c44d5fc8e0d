import {
  compareVersions,
  formatVersion,
  toPatch,
  type JujuVersion,
  isSame,
  isSameMinor,
} from "../version.ts";
import { type UpgradeOutcome, UP_TO_DATE, upgradeTo, refuse } from "./outcome.ts";
import { CLIENT_RULES, type ClientGeneration, type ClientRules } from "./client-rules.ts";
import { findByController, type SearchResult } from "./find-agents.ts";
import {
  clientTooDifferent,
  modelsTooOld,
  NO_MORE_RECENT,
  throughMinimum,
  throughMinorZero,
  UNABLE_TO_UPGRADE,
  unknownVersion,
} from "./messages.ts";
import { includesVersion, newestCompatible } from "./newest.ts";
import type { ValidUpgradeRequest } from "./request.ts";
import { preferredStreams } from "./streams.ts";
import { note, type Rule } from "./trace.ts";

/**
 * 2.0 to 2.9.32: the client searches one major and steps to the newest patch of the next minor, else of its own.
 * Source: juju cmd/juju/commands/upgradejuju.go Run (2.0.4, 2.3.9), upgrademodel.go upgradeModel (2.5.8 to 2.9.32).
 */
export function upgradeByClient(
  request: ValidUpgradeRequest & { readonly generation: ClientGeneration },
): UpgradeOutcome {
  const rules = CLIENT_RULES[request.generation];
  const refused = precheck(request, rules);
  if (refused !== undefined) return refused;
  if (request.requested !== undefined && isSame(request.requested, request.current)) return UP_TO_DATE;
  const lookup = look(request, rules);
  return rules.localUpload === "first"
    ? selectUploadFirst(request, rules, lookup)
    : selectUploadLast(request, rules, lookup);
}

/**
 * What the client refuses before it looks anything up.
 * Source: juju cmd/juju/commands/upgrademodel.go precheckVersion, canUpgradeRunningVersion (2.9.32).
 */
function precheck(request: ValidUpgradeRequest, rules: ClientRules): UpgradeOutcome | undefined {
  const { client, current, requested } = request;
  const isBefore = current.major === client.major - 1 && (!rules.onlyMinorZero || client.minor === 0);
  if (current.major !== client.major && !isBefore) return refuse(clientTooDifferent(current, client));
  if (requested === undefined) return undefined;
  const isLower = rules.refusesLowerPatch
    ? compareVersions(toPatch(current), toPatch(requested)) > 0
    : requested.major < current.major;
  if (isLower) return refuse(rules.lowerVersion(current, requested));
  return requested.major === current.major ? undefined : refuseMajor(current, requested, rules);
}

/** Source: juju cmd/juju/commands/upgradejuju.go Run (2.0.4), upgrades/model.go UpgradeAllowed (2.8.13). */
function refuseMajor(
  current: JujuVersion,
  requested: JujuVersion,
  rules: ClientRules,
): UpgradeOutcome | undefined {
  const minimum = rules.majorMinimums.get(requested.major);
  if (minimum === undefined) return refuse(unknownVersion(requested));
  const infos: string[] = [];
  if (rules.onlyMinorZero && requested.minor !== 0) infos.push(throughMinorZero(requested));
  if (isBelow(current, minimum, rules)) infos.push(throughMinimum(minimum));
  return infos.length === 0 ? undefined : { outcome: "error", error: UNABLE_TO_UPGRADE, infos };
}

/** The client serves a model of the major before its own. */
function servesMajorBefore({ client, current, requested }: ValidUpgradeRequest): boolean {
  return current.major !== client.major && (requested === undefined || requested.major === current.major);
}

/** Source: juju cmd/juju/commands/upgrademodel.go initVersions; the lookup itself runs in the controller. */
function look(request: ValidUpgradeRequest, rules: ClientRules): SearchResult {
  const { generation, trace } = request;
  const streams = preferredStreams(generation, {
    version: undefined,
    development: request.development,
    stream: optionOf(request, rules) || request.configStream,
  });
  const filter = { major: searchedMajor(request) };
  const listed = findByController(request, streams, filter);
  const rule = `Every agent of major ${filter.major} in the controller's store and in ${streams.join(", ")}.`;
  note(trace, cite(rules, "initVersions", rule), listed.found);
  if (request.modelType === "iaas") return listed;
  const tags = rules.tags(request, filter, listed);
  note(trace, cite(rules, "initCAASVersions", "Only image tags that the streams vouch for."), tags);
  return { found: tags, failure: tags.length === 0 ? "no-match" : undefined };
}

/** `--agent-stream` where that client knows it. */
function optionOf({ stream }: ValidUpgradeRequest, rules: ClientRules): string {
  return rules.streamOption === "none" ? "" : stream;
}

function searchedMajor(request: ValidUpgradeRequest): number {
  if (request.requested !== undefined) return request.requested.major;
  return servesMajorBefore(request) ? request.client.major - 1 : request.client.major;
}

/** Nothing found and no requested version counts as "nothing newer" where the major is the model's own. */
function isNothingNewer(request: ValidUpgradeRequest): boolean {
  return request.requested === undefined && request.current.major === searchedMajor(request);
}

/** Source: juju cmd/juju/commands/upgradejuju.go Run, validate (2.0.4). */
function selectUploadFirst(
  request: ValidUpgradeRequest,
  rules: ClientRules,
  lookup: SearchResult,
): UpgradeOutcome {
  const { client, current, requested } = request;
  const uploads = wouldUpload(request, "any");
  if (lookup.failure !== undefined && !uploads) {
    return isNothingNewer(request) ? UP_TO_DATE : failLookup(lookup, rules);
  }
  if (uploads && request.isController && requested === undefined && !servesMajorBefore(request)) {
    if (request.localAgent === undefined) return refuse(rules.noMatch);
    const chosen = uploadedVersion(client, lookup.found);
    return (
      validate(current, chosen, rules) ?? {
        outcome: "upload-local",
        chosen: formatVersion(chosen),
        changed: true,
      }
    );
  }
  const chosen = choose(request, rules, lookup.found);
  return "outcome" in chosen ? chosen : conclude(request, rules, chosen);
}

/** Source: juju cmd/juju/commands/upgradejuju.go Run (2.3.9), upgrademodel.go upgradeModel (2.5.8 to 2.9.32). */
function selectUploadLast(
  request: ValidUpgradeRequest,
  rules: ClientRules,
  lookup: SearchResult,
): UpgradeOutcome {
  const uploads = mayUpload(request, rules, lookup) && wouldUpload(request, "unofficial");
  if (lookup.found.length === 0 && !uploads) {
    if (isNothingNewer(request)) return UP_TO_DATE;
    if (rules.lookupFailures !== undefined) return failLookup(lookup, rules);
  }
  const chosen = choose(request, rules, lookup.found);
  const isUndecided =
    "outcome" in chosen || (rules.localUpload === "unpublished" && isSame(chosen, request.current));
  if (isUndecided && uploads && request.isController && !servesMajorBefore(request)) {
    return upload(request, rules, lookup.found);
  }
  return "outcome" in chosen ? chosen : conclude(request, rules, chosen);
}

/** Whether the rule of that release lets an upload come into play at all; never for Kubernetes models. */
function mayUpload(request: ValidUpgradeRequest, rules: ClientRules, { found }: SearchResult): boolean {
  if (request.modelType === "caas") return false;
  if (rules.localUpload === "nothing-listed") return found.length === 0;
  return rules.localUpload === "no-choice" || !includesVersion(found, request.client);
}

function upload(
  request: ValidUpgradeRequest,
  rules: ClientRules,
  listed: readonly JujuVersion[],
): UpgradeOutcome {
  if (request.localAgent === undefined) return { outcome: "needs-local-agent" };
  const chosen = uploadedVersionFrom2_3(request, listed);
  const answer = conclude(request, rules, chosen);
  if (answer.outcome !== "upgrade") return answer;
  return { outcome: "upload-local", chosen: answer.chosen, changed: answer.changed };
}

/**
 * The next minor's newest, else the newest of the current minor; or exactly the requested number.
 * Source: juju cmd/juju/commands/upgradejuju.go validate (2.0.4), upgrademodel.go maybeChoosePackagedAgent (2.9.32).
 */
function choose(
  request: ValidUpgradeRequest,
  rules: ClientRules,
  found: readonly JujuVersion[],
): JujuVersion | UpgradeOutcome {
  const { client, current, requested, trace } = request;
  if (requested !== undefined) {
    const rule = cite(rules, "maybeChoosePackagedAgent", "Only the requested number fits.");
    note(trace, rule, found, (version) =>
      isSame(version, requested) ? undefined : "not the requested version",
    );
    return includesVersion(found, requested) ? requested : refuse(rules.noMatch);
  }
  const chosen = nextStep(current, found, rules.nextMinorTag);
  const rule = "The newest of the next minor, else the newest of the current minor.";
  note(trace, cite(rules, "maybeChoosePackagedAgent", rule), found, (version) =>
    chosen !== undefined && isSame(version, chosen) ? undefined : "not the newest of that minor",
  );
  if (chosen !== undefined) return chosen;
  return refuse(current.major === client.major ? NO_MORE_RECENT : rules.noCompatible);
}

/**
 * One minor further if anything is listed there, else the newest of the same minor; undefined for neither.
 * A tag of one blank sorts below every real tag, so from 2.4 a lone pre-release of the next minor is taken.
 * Source: juju cmd/juju/commands/upgrademodel.go maybeChoosePackagedAgent (2.9.32), modelupgrader/findtools.go decideVersion (2.9.61).
 */
export function nextStep(
  current: JujuVersion,
  found: readonly JujuVersion[],
  nextMinorTag: "current" | "lowest",
): JujuVersion | undefined {
  const tag = nextMinorTag === "lowest" ? " " : current.tag;
  const next = newestCompatible(found, { ...current, minor: current.minor + 1, patch: 0, tag });
  if (next.found) return next.newest;
  const same = newestCompatible(found, current);
  return same.found ? same.newest : undefined;
}

/** The last checks of the client, then those of the controller. */
function conclude(request: ValidUpgradeRequest, rules: ClientRules, chosen: JujuVersion): UpgradeOutcome {
  const { current, controller, stream } = request;
  const refused = validate(current, chosen, rules) ?? refuseOtherModels(request, rules, chosen);
  if (refused !== undefined) return refused;
  if (!request.isController && compareVersions(chosen, controller) > 0) {
    return refuse(rules.aheadOfController(chosen, controller));
  }
  return upgradeTo(request, chosen, rules.streamOption === "lookup-and-settings" ? stream : "");
}

/** Source: juju cmd/juju/commands/upgrademodel.go validate (2.9.32). */
function validate(current: JujuVersion, chosen: JujuVersion, rules: ClientRules): UpgradeOutcome | undefined {
  if (isSame(chosen, current)) return UP_TO_DATE;
  const isLower =
    chosen.major < current.major || (chosen.major === current.major && chosen.minor < current.minor);
  return isLower ? refuse(rules.lowerVersion(current, chosen)) : undefined;
}

/**
 * A model of a later major is "too old" as well, for 0.0.0: the demand that is printed is that of the last one.
 * Source: juju apiserver/facades/client/client/client.go SetModelAgentVersion, upgrades/model.go UpgradeAllowed (2.9.21).
 */
function refuseOtherModels(
  { isController, otherModels }: ValidUpgradeRequest,
  rules: ClientRules,
  chosen: JujuVersion,
): UpgradeOutcome | undefined {
  if (!rules.checksOtherModels || !isController) return undefined;
  const tooOld: string[] = [];
  let demanded = NONE;
  for (const { name, version: model } of otherModels) {
    if (model.major === chosen.major) continue;
    const minimum = model.major > chosen.major ? NONE : rules.majorMinimums.get(chosen.major);
    if (minimum === undefined) return refuse(unknownVersion(chosen));
    if (minimum !== NONE && !isBelow(model, minimum, rules)) continue;
    tooOld.push(`admin/${name}`);
    demanded = minimum;
  }
  return tooOld.length === 0 ? undefined : refuse(modelsTooOld(demanded, tooOld));
}

const NONE: JujuVersion = { major: 0, minor: 0, tag: "", patch: 0, build: 0 };

function isBelow(version: JujuVersion, minimum: JujuVersion, { ignoresTag }: ClientRules): boolean {
  return compareVersions(ignoresTag ? { ...version, tag: "" } : version, minimum) < 0;
}

function failLookup(lookup: SearchResult, rules: ClientRules): UpgradeOutcome {
  return refuse(rules.lookupFailures?.[lookup.failure ?? "no-match"] ?? rules.noMatch);
}

function cite(rules: ClientRules, name: string, rule: string): Rule {
  return { rule, source: `${rules.file}:${name} @${rules.ref}` };
}

/**
 * Whether a 2.x client would rather upload its own jujud: it is newer than the agents, or a build is involved,
 * or (from 2.3) its jujud is not an official one.
 * Source: juju cmd/juju/commands/upgradejuju.go tryImplicitUpload (2.0.4), upgrademodel.go tryImplicitUpload (2.9.32).
 */
function wouldUpload(request: ValidUpgradeRequest, condition: "any" | "unofficial"): boolean {
  const { client, current } = request;
  if (compareVersions(client, current) > 0 || current.build > 0 || client.build > 0) return true;
  return condition === "unofficial" && request.localAgent === "custom";
}

/**
 * The number that an uploaded jujud gets: the wanted version, or the client's, with a build above every listed one.
 * Source: juju cmd/juju/commands/upgradejuju.go uploadVersion (2.0.4).
 */
function uploadedVersion(base: JujuVersion, listed: readonly JujuVersion[]): JujuVersion {
  let build = base.build + 1;
  for (const version of listed) {
    if (isSameMinor(version, base) && version.patch === base.patch && version.build >= build) {
      build = version.build + 1;
    }
  }
  return { ...base, build };
}

/**
 * From 2.3 an official jujud keeps its own number, and one of the running version continues from the running build.
 * Source: juju cmd/juju/commands/upgrademodel.go uploadTools, makeUploadVersion (2.5.8 to 2.9.32).
 */
function uploadedVersionFrom2_3(request: ValidUpgradeRequest, listed: readonly JujuVersion[]): JujuVersion {
  const { client, current, requested } = request;
  if (request.localAgent === "official") return client;
  const wanted = requested ?? client;
  return uploadedVersion(isSame(toPatch(current), toPatch(wanted)) ? current : wanted, listed);
}
