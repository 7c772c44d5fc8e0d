import { compareVersions, formatVersion, toPatch, type JujuVersion } from "../version.ts";
import type { UpgradeAnswer } from "./outcome.ts";
import { CLIENT_RULES, type ClientGeneration, type ClientRules } from "./client-rules.ts";
import { uploadedVersion, uploadedVersionFrom2_3, wouldUpload } from "./local-upload.ts";
import { findByController, type LookupResult } from "./find-agents.ts";
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
import { preferredStreams } from "./streams.ts";
import { note, type Rule } from "./trace.ts";
import { isSame, refuse, UP_TO_DATE, upgradeTo, type UpgradeRequest } from "./upgrade-request.ts";
import { readVersion } from "./version-pool.ts";

/**
 * 2.0 to 2.9.32: the client searches one major and steps to the newest patch of the next minor, else of its own.
 * Source: juju cmd/juju/commands/upgradejuju.go Run (2.0.4, 2.3.9), upgrademodel.go upgradeModel (2.5.8 to 2.9.32).
 */
export function upgradeByClient(
  request: UpgradeRequest & { readonly generation: ClientGeneration },
): UpgradeAnswer {
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
function precheck(request: UpgradeRequest, rules: ClientRules): UpgradeAnswer | undefined {
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
): UpgradeAnswer | undefined {
  const minimum = rules.majorMinimums.get(requested.major);
  if (minimum === undefined) return refuse(unknownVersion(requested));
  const infos: string[] = [];
  if (rules.onlyMinorZero && requested.minor !== 0) infos.push(throughMinorZero(requested));
  if (isBelow(current, minimum, rules)) infos.push(throughMinimum(minimum));
  return infos.length === 0 ? undefined : { outcome: "error", error: UNABLE_TO_UPGRADE, infos };
}

/** The client serves a model of the major before its own. */
function servesMajorBefore({ client, current, requested }: UpgradeRequest): boolean {
  return current.major !== client.major && (requested === undefined || requested.major === current.major);
}

/** Source: juju cmd/juju/commands/upgrademodel.go initVersions; the lookup itself runs in the controller. */
function look(request: UpgradeRequest, rules: ClientRules): LookupResult {
  const { generation, question, trace } = request;
  const streams = preferredStreams(generation, {
    version: undefined,
    development: question.development ?? false,
    stream: optionOf(request, rules) || (question.configStream ?? ""),
  });
  const filter = { major: searchedMajor(request) };
  const listed = findByController(generation, question, streams, filter);
  const rule = `Every agent of major ${filter.major} in the controller's store and in ${streams.join(", ")}.`;
  note(trace, cite(rules, "initVersions", rule), listed.found);
  if (question.modelType === "iaas") return listed;
  const tags = rules.tags(request, filter, listed);
  note(trace, cite(rules, "initCAASVersions", "Only image tags that the streams vouch for."), tags);
  return { found: tags, failure: tags.length === 0 ? "no-match" : undefined };
}

/** `--agent-stream` where that client knows it. */
function optionOf({ stream }: UpgradeRequest, rules: ClientRules): string {
  return rules.streamOption === "none" ? "" : stream;
}

function searchedMajor(request: UpgradeRequest): number {
  if (request.requested !== undefined) return request.requested.major;
  return servesMajorBefore(request) ? request.client.major - 1 : request.client.major;
}

/** Nothing found and no version asked for counts as "nothing newer" where the major is the model's own. */
function isNothingNewer(request: UpgradeRequest): boolean {
  return request.requested === undefined && request.current.major === searchedMajor(request);
}

/** Source: juju cmd/juju/commands/upgradejuju.go Run, validate (2.0.4). */
function selectUploadFirst(request: UpgradeRequest, rules: ClientRules, lookup: LookupResult): UpgradeAnswer {
  const { client, current, question, requested } = request;
  const uploads = wouldUpload(request, "any");
  if (lookup.failure !== undefined && !uploads) {
    return isNothingNewer(request) ? UP_TO_DATE : failLookup(lookup, rules);
  }
  if (uploads && question.isController && requested === undefined && !servesMajorBefore(request)) {
    if (question.localAgent === undefined) return refuse(rules.noMatch);
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
function selectUploadLast(request: UpgradeRequest, rules: ClientRules, lookup: LookupResult): UpgradeAnswer {
  const { question } = request;
  const uploads = mayUpload(request, rules, lookup) && wouldUpload(request, "unofficial");
  if (lookup.found.length === 0 && !uploads) {
    if (isNothingNewer(request)) return UP_TO_DATE;
    if (rules.lookupFailures !== undefined) return failLookup(lookup, rules);
  }
  const chosen = choose(request, rules, lookup.found);
  const isUndecided =
    "outcome" in chosen || (rules.localUpload === "unpublished" && isSame(chosen, request.current));
  if (isUndecided && uploads && question.isController && !servesMajorBefore(request)) {
    return upload(request, rules, lookup.found);
  }
  return "outcome" in chosen ? chosen : conclude(request, rules, chosen);
}

/** Whether the rule of that release lets an upload come into play at all; never for Kubernetes models. */
function mayUpload(request: UpgradeRequest, rules: ClientRules, { found }: LookupResult): boolean {
  if (request.question.modelType === "caas") return false;
  if (rules.localUpload === "nothing-listed") return found.length === 0;
  return rules.localUpload === "no-choice" || !includesVersion(found, request.client);
}

function upload(request: UpgradeRequest, rules: ClientRules, listed: readonly JujuVersion[]): UpgradeAnswer {
  if (request.question.localAgent === undefined) return { outcome: "needs-local-agent" };
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
  request: UpgradeRequest,
  rules: ClientRules,
  found: readonly JujuVersion[],
): JujuVersion | UpgradeAnswer {
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
function conclude(request: UpgradeRequest, rules: ClientRules, chosen: JujuVersion): UpgradeAnswer {
  const { current, controller, question, stream } = request;
  const refused = validate(current, chosen, rules) ?? refuseOtherModels(request, rules, chosen);
  if (refused !== undefined) return refused;
  if (!question.isController && compareVersions(chosen, controller) > 0) {
    return refuse(rules.aheadOfController(chosen, controller));
  }
  return upgradeTo(request, chosen, rules.streamOption === "lookup-and-settings" ? stream : "");
}

/** Source: juju cmd/juju/commands/upgrademodel.go validate (2.9.32). */
function validate(current: JujuVersion, chosen: JujuVersion, rules: ClientRules): UpgradeAnswer | undefined {
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
  { question }: UpgradeRequest,
  rules: ClientRules,
  chosen: JujuVersion,
): UpgradeAnswer | undefined {
  if (!rules.checksOtherModels || !question.isController) return undefined;
  const tooOld: string[] = [];
  let demanded = NONE;
  for (const { name, version } of question.otherModels ?? []) {
    const model = readVersion(version);
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

function failLookup(lookup: LookupResult, rules: ClientRules): UpgradeAnswer {
  return refuse(rules.lookupFailures?.[lookup.failure ?? "no-match"] ?? rules.noMatch);
}

function cite(rules: ClientRules, name: string, rule: string): Rule {
  return { rule, source: `${rules.file}:${name} @${rules.ref}` };
}
