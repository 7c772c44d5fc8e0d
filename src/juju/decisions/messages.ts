import { quoteGo } from "../go-text.ts";
import { formatMajorMinor, formatVersion, type JujuVersion } from "../version.ts";

/*
 * Juju's own words. Each is the text that a user sees, to the letter, with the place in Juju's code that prints it.
 */

const text = formatVersion;
const quoted = (version: JujuVersion): string => quoteGo(text(version));

/** Source: juju cmd/juju/commands/upgrademodel.go errUpToDate (all generations). */
export const NO_UPGRADES = "no upgrades available";

/** Source: juju environs/tools/tools.go ErrNoTools, tools/list.go ErrNoMatches; reworded in 2.2. */
export const LOOKUP_FAILURES = {
  tools: { "no-index": "no tools available", "no-match": "no matching tools available" },
  binaries: {
    "no-index": "no agent binaries available",
    "no-match": "no matching agent binaries available",
  },
} as const;

/** Source: juju cmd/juju/commands/upgrademodel.go maybeChoosePackagedAgent (2.7.8 to 2.9.32). */
export const NO_MATCHING_VERSIONS = "no matching agent versions available";

/** Source: juju cmd/juju/commands/upgradejuju.go validate (1.25.14), upgrademodel.go maybeChoosePackagedAgent. */
export const NO_MORE_RECENT = "no more recent supported versions available";

/** Source: juju cmd/juju/commands/upgradejuju.go validate (2.0.4 to 2.5.8). */
export const NO_COMPATIBLE_TOOLS = "no compatible tools available";

/** Source: juju cmd/juju/commands/upgrademodel.go maybeChoosePackagedAgent (2.7.8 to 2.9.32). */
export const NO_COMPATIBLE_VERSIONS = "no compatible agent versions available";

/** Source: juju cmd/juju/commands/upgradejuju.go Run (1.25.14). */
export const INCOMPATIBLE_WITH_CLI = "cannot upgrade to version incompatible with CLI";

/** Source: juju cmd/juju/commands/upgradejuju.go validate (1.25.14). */
export const THROUGH_1_20_14 =
  "unsupported upgrade\n\n" +
  "Environment must first be upgraded to 1.20.14.\n" +
  "    juju upgrade-juju --version=1.20.14";

/** Source: juju cmd/juju/commands/upgradejuju.go validate (1.25.14). */
export function skippedMinor(chosen: JujuVersion): string {
  return (
    "unsupported upgrade\n\n" +
    `Upgrading to ${text(chosen)} is not supported. Please upgrade to the latest 1.25 release.`
  );
}

/** Source: juju state/state.go SetEnvironAgentVersion (1.25.14). */
export function hostedEnvironmentAhead(chosen: JujuVersion, controller: JujuVersion): string {
  return `a hosted environment cannot have a higher version than the server environment: ${text(chosen)} > ${text(controller)}`;
}

/** Source: juju state/state.go SetModelAgentVersion (2.0.4). */
export function hostedModelAhead(chosen: JujuVersion, controller: JujuVersion): string {
  return `a hosted model cannot have a higher version than the server model: ${text(chosen)} > ${text(controller)}`;
}

/** Source: juju state/state.go SetModelAgentVersion (2.3.9 to 3.6.28). */
export function upgradeControllerFirst(chosen: JujuVersion, controller: JujuVersion): string {
  return `model cannot be upgraded to ${text(chosen)} while the controller is ${text(controller)}: upgrade 'controller' model first`;
}

/** Source: juju cmd/juju/commands/upgradejuju.go Run (2.0.4), upgrademodel.go precheckVersion. */
export function clientTooDifferent(current: JujuVersion, client: JujuVersion): string {
  return `cannot upgrade a ${text(current)} model with a ${text(client)} client`;
}

/** Source: juju cmd/juju/commands/upgradejuju.go downgradeErrMsg (1.25.14, 2.0.4). */
export function cannotChange(current: JujuVersion, chosen: JujuVersion): string {
  return `cannot change version from ${text(current)} to ${text(chosen)}`;
}

/** Source: juju cmd/juju/commands/upgrademodel.go downgradeErrMsg (2.3.9 to 2.9.32). */
export function cannotLower(current: JujuVersion, chosen: JujuVersion): string {
  return `cannot change version from ${text(current)} to lower version ${text(chosen)}`;
}

/** Source: juju cmd/juju/commands/upgradejuju.go Run (2.0.4), upgrades/model.go UpgradeAllowed (2.8.13). */
export function unknownVersion(version: JujuVersion): string {
  return `unknown version ${quoted(version)}`;
}

/** Source: juju cmd/juju/commands/upgradejuju.go Run (2.0.4), upgrademodel.go precheckVersion. */
export const UNABLE_TO_UPGRADE = "unable to upgrade to requested version";

/** Source: juju cmd/juju/commands/upgradejuju.go Run (2.0.4 to 2.8.6). */
export function throughMinorZero(requested: JujuVersion): string {
  return `upgrades to ${text(requested)} must first go through juju ${requested.major}.0`;
}

/** Source: juju cmd/juju/commands/upgradejuju.go Run (2.0.4), upgrademodel.go precheckVersion. */
export function throughMinimum(minimum: JujuVersion): string {
  return `upgrades to a new major version must first go through ${text(minimum)}`;
}

/** Source: juju apiserver/facades/client/client/client.go SetModelAgentVersion (2.8.10 to 2.9.32). */
export function modelsTooOld(minimum: JujuVersion, models: readonly string[]): string {
  return (
    `these models must first be upgraded to at least ${text(minimum)} before upgrading the controller:\n` +
    ` -${models.join("\n -")}`
  );
}

/** Source: juju upgrades/upgradevalidation/version.go versionCheck (2.9.33 and later). */
export function notSupportedFrom(
  action: "upgrade" | "migrate" | "upgrading controller",
  from: JujuVersion,
  to: JujuVersion,
): string {
  return `${action} to ${quoted(to)} is not supported from ${quoted(from)}`;
}

/**
 * Before 3.3.4 the comparison was reversed and the version was printed after it had been reset to 0.0.0.
 * Source: juju apiserver/facades/client/modelupgrader/upgrader.go UpgradeModel (3.0.4 to 3.6.28).
 */
export function aboveController(target: JujuVersion, controller: JujuVersion): string {
  return `cannot upgrade to a version ${quoted(target)} greater than that of the controller ${quoted(controller)}`;
}

/** Source: juju apiserver/facades/client/modelupgrader/findagents.go decideVersion (3.6.23 and later). */
export const DOWNGRADE_NOT_SUPPORTED = "downgrade not supported";

/** One model and what speaks against the upgrade. */
export interface Blocked {
  readonly model: string;
  readonly reason: string;
}

/** Source: juju apiserver/facades/client/modelupgrader/upgrader.go validateModelUpgrade (3.x), upgradevalidation ModelUpgradeBlockers.String. */
export function blockedModels(target: JujuVersion, blocked: readonly Blocked[]): string {
  const lines = blocked.map(({ model, reason }) => `${quoteGo(model)}:\n- ${reason}`);
  return `cannot upgrade to ${quoted(target)} due to issues with these models:\n${lines.join("\n")}`;
}

/** Source: juju upgrades/upgradevalidation/validation.go getCheckTargetVersionForControllerModel (3.0 to 3.6.21). */
export function newerMinorNotSupported(target: JujuVersion): string {
  return `upgrading a controller to a newer major.minor version ${formatMajorMinor(target)} not supported`;
}

/** Source: juju upgrades/upgradevalidation/validation.go getCheckTargetVersionForControllerModel (3.6.23 and later). */
export function onlyPatchUpgrades(current: JujuVersion, target: JujuVersion): string {
  const from = formatMajorMinor(current);
  return (
    "upgrading a controller only supports patch upgrades within the same major.minor series " +
    `(e.g. ${from}.x -> ${from}.y); to upgrade to ${formatMajorMinor(target)}.x, bootstrap a new controller and migrate models`
  );
}

/** Source: juju upgrades/upgradevalidation/validation.go getCheckTargetVersionForModel (2.9.33 to 3.6.21). */
export function modelTooOld(version: JujuVersion, minimum: JujuVersion): string {
  return `current model (${quoted(version)}) has to be upgraded to ${quoted(minimum)} at least`;
}

/** Source: juju upgrades/upgradevalidation/validation.go getCheckTargetVersionForModel (3.6.23 and later). */
export function modelBelowMinimum(version: JujuVersion, minimum: JujuVersion, target: JujuVersion): string {
  return `current model ${quoted(version)} must be at least ${quoted(minimum)} before upgrading to ${quoted(target)}`;
}

/** Source: juju upgrades/upgradevalidation/validation.go getCheckTargetVersionForModel (3.6.23 and later). */
export const DOWNGRADE_NOT_ALLOWED = "downgrade is not allowed";

/** Source: juju apiserver/facades/client/modelupgrader/upgrader.go validateModelUpgrade (3.x). */
export function modelNotValidated(name: string, reason: string): string {
  return `validating model ${quoteGo(name)} for controller upgrade: ${reason}`;
}

/** Source: juju apiserver/facades/client/modelupgrader/controllerupgrader.go runUpgrade (4.0). */
export function streamNotRecognised(stream: string): string {
  return `agent stream ${quoteGo(stream)} is not recognised as a valid value`;
}

const STREAMS_FAIL =
  "getting simple streams agent binary patch versions for controller: no agent binaries available";

/** The stream has no index entry. Source: juju domain/controllerupgrader/service/agentfinder.go getSimpleStreamsPatchVersions (4.0.15). */
export const PATCHES_NOT_INDEXED =
  "getting desired controller version to upgrade to: " +
  `getting available simplestream patch versions for controller: ${STREAMS_FAIL}`;

/** Source: juju domain/controllerupgrader/service/agentfinder.go GetHighestPatchVersionAvailableForStream (4.0.15). */
export const NO_PATCHES =
  "getting desired controller version to upgrade to: unable to find highest patch version for controller";

/** The stream has no index entry. Source: juju domain/controllerupgrader/service/agentfinder.go HasBinariesForVersionStreamAndArchitectures (4.0.15). */
export function binariesNotIndexed(version: JujuVersion, stream: string): string {
  return (
    `checking if binaries exist for version ${quoted(version)}: ` +
    `getting available agent binaries in controller for stream ${quoteGo(stream)}: ${STREAMS_FAIL}`
  );
}

/** Source: juju domain/controllerupgrader/service/service.go UpgradeController (4.0). */
export function recommendedIsDowngrade(version: JujuVersion): string {
  return `upgrading controller to recommended version ${quoted(version)} is considered a downgrade`;
}

/** Source: juju domain/controllerupgrader/service/service.go UpgradeController (4.0). */
export function recommendedIsMissing(version: JujuVersion): string {
  return `updating controller to recommended version ${quoted(version)} is missing agent binaries`;
}

/** Source: juju apiserver/facades/client/modelupgrader/controllerupgrader.go mapError (4.0). */
export function controllerLower(version: JujuVersion): string {
  return `cannot upgrade the controller to version ${quoted(version)} because it is lower than the current running version`;
}

/** Source: juju apiserver/facades/client/modelupgrader/controllerupgrader.go mapError (4.0). */
export const CONTROLLER_MORE_THAN_PATCH =
  "cannot upgrade the controller to a version that is more than a patch version increase";

/** Source: juju domain/controllerupgrader/service/service.go validateControllerCanBeUpgraded, mapError (4.0). */
export function nodesLag(nodes: readonly string[], version: JujuVersion): string {
  return (
    "controller upgrading is blocked for reason: " +
    `controller nodes [${nodes.join(" ")}] are not running controller version ${quoted(version)}`
  );
}

/** Source: juju domain/modelagent/service/service.go UpgradeModelTargetAgentVersion (4.0). */
export function recommendedIsModelDowngrade(version: JujuVersion): string {
  return `upgrading model to recommended version ${quoted(version)} is considered a downgrade of the model agent version`;
}

/** Source: juju apiserver/facades/client/modelupgrader/modelupgrader.go mapError (4.0). */
export function modelLower(version: JujuVersion): string {
  return `cannot upgrade the model agent to version ${quoted(version)} because it is lower than the current running version`;
}

/** Source: juju apiserver/facades/client/modelupgrader/modelupgrader.go mapError (4.0). */
export const MODEL_MORE_THAN_PATCH =
  "cannot upgrade the model to a version that is more than a patch version increase";

/** Source: juju domain/modelagent/service/service.go validateModelCanBeUpgraded (4.0.15), core/base WorkloadBases. */
export function unsupportedBases(machines: number): string {
  return (
    `model upgrading is blocked for reason: model has ${machines} machines using unsupported bases, ` +
    "the supported bases are: [ubuntu@20.04/stable ubuntu@22.04/stable ubuntu@24.04/stable ubuntu@26.04/stable]"
  );
}

/** Source: juju cmd/juju/commands/bootstrap.go Init (1.25.14 to 2.2). */
export const BOOTSTRAP_MISMATCH = "requested agent version major.minor mismatch";

/** Source: juju cmd/juju/commands/bootstrap.go Init (2.3 and later). */
export function onlyBootstraps(client: JujuVersion): string {
  return `this client can only bootstrap ${formatMajorMinor(client)} agents`;
}

/** Source: juju environs/bootstrap/bootstrap.go noToolsMessage (1.25.14; reworded in 2.2). */
export const BOOTSTRAP_FOUND_NOTHING = {
  tools:
    "Juju cannot bootstrap because no tools are available for your environment.\n" +
    "You may want to use the 'agent-metadata-url' configuration setting to specify the tools location.\n",
  binaries:
    "Juju cannot bootstrap because no agent binaries are available for your model.\n" +
    "You may want to use the 'agent-metadata-url' configuration setting to specify the binaries' location.\n",
} as const;

/** Source: juju migration/precheck.go TargetPrecheck. */
export function modelAhead(model: JujuVersion, target: JujuVersion): string {
  return `model has higher version than target controller (${text(model)} > ${text(target)})`;
}

/** Source: juju migration/precheck.go TargetPrecheck. */
export function sourceAhead(source: JujuVersion, target: JujuVersion): string {
  return `source controller has higher version than target controller (${text(source)} > ${text(target)})`;
}

/** Source: juju migration/precheck.go TargetPrecheck (2.8.7 to 3.6). */
export function modelBelow(minimum: JujuVersion, target: JujuVersion): string {
  return `model must be upgraded to at least version ${text(minimum)} before being migrated to a controller with version ${text(target)}`;
}

/** Source: juju migration/precheck.go TargetPrecheck (2.8.7 to 3.6). */
export function unknownTarget(target: JujuVersion, reason: string): string {
  return `unknown target controller version ${text(target)}: ${reason}`;
}

const NOTHING_FOUND: ReadonlySet<string> = new Set([
  ...Object.values(LOOKUP_FAILURES.tools),
  ...Object.values(LOOKUP_FAILURES.binaries),
  ...Object.values(BOOTSTRAP_FOUND_NOTHING),
  NO_MATCHING_VERSIONS,
  NO_MORE_RECENT,
  NO_COMPATIBLE_TOOLS,
  NO_COMPATIBLE_VERSIONS,
  PATCHES_NOT_INDEXED,
  NO_PATCHES,
]);

/**
 * True for Juju's words about agents that are not listed, as against a move that it refuses. Its recorded answers
 * carry nothing else that tells the two apart.
 */
export function saysNothingFound(error: string): boolean {
  return (
    NOTHING_FOUND.has(error) ||
    error.endsWith("is missing agent binaries") ||
    error.startsWith("checking if binaries exist for version")
  );
}
