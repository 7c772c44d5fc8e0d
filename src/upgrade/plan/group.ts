import { findSeries, osTypeOf } from "../../juju/release.ts";
import { compareVersions, parseVersion, type JujuVersion } from "../../juju/version.ts";
import { shellCommand } from "../../shared/shell-command.ts";
import { formatModelName, type Fleet, type FleetController, type FleetModel } from "../fleet/fleet.ts";
import type { Platform } from "./agent-needs.ts";

/** A model as the planner sees it. */
export interface PlannedModel {
  readonly name: string;
  readonly type: "iaas" | "caas";
  readonly version: JujuVersion;
  readonly isController: boolean;
  readonly platforms: readonly Platform[];
  /** The model in the fleet's files; undefined in a plan without a fleet. */
  readonly facts: FleetModel | undefined;
}

/** A controller and its models. */
export interface PlanGroup {
  /** Its name in output; undefined in a plan without a fleet. */
  readonly controller: string | undefined;
  /** Its name in commands, if that is not unique and so differs from the name in output. */
  readonly clientName?: string;
  /** The first part of the names of new controllers: `prod` of `prod-3.6.27`. */
  readonly family?: string;
  readonly version: JujuVersion;
  readonly mongoVersion: string | undefined;
  readonly models: readonly PlannedModel[];
  /** The controller in the fleet's files; undefined in a plan without a fleet, and for a new controller. */
  readonly facts?: FleetController | undefined;
}

/** The platforms to assume for models without a status. */
export interface Assumed {
  readonly arches: readonly string[];
  /** OS types. */
  readonly oses: readonly string[];
  /** Empty means every series that is listed. */
  readonly series: readonly string[];
}

/** A group of one model without a name, for a plan from a version to another. */
export function anonymousGroup(version: JujuVersion, type: "iaas" | "caas", assumed: Assumed): PlanGroup {
  const model = { name: "", type, version, isController: false, facts: undefined };
  const platforms = assumedPlatforms(assumed, type);
  return { controller: undefined, version, mongoVersion: undefined, models: [{ ...model, platforms }] };
}

/** The groups of a fleet in order of their names. Warnings about controllers that are left out go to `warnings`. */
export function groupsOf(fleet: Fleet, assumed: Assumed, warnings: string[]): PlanGroup[] {
  const guessed: string[] = [];
  const byController = Map.groupBy(fleet.models, ({ controller }) => controller);
  const groups = fleet.controllers.flatMap((controller): PlanGroup[] => {
    const { label, name, presumedVersion, mongoVersion } = controller;
    // A note of the fleet describes what to do about JAAS.
    if (controller.isJaas) return [];
    if (presumedVersion === undefined) {
      warnings.push(
        `Controller ${label} is left out: no file contains its version. Add ${shellCommand`juju show-controller ${name} --format json`}.`,
      );
      return [];
    }
    const number = parseVersion(presumedVersion);
    const all = byController.get(controller) ?? [];
    const own = all.find(({ isController }) => isController);
    if (controller.version === undefined && own?.version === undefined) {
      warnings.push(
        `No file contains the version of controller ${label}; ${presumedVersion}, the highest of its models, is assumed. Add ${shellCommand`juju show-controller ${name} --format json`}.`,
      );
    }
    const models = all.map((model) => plannedModel(model, number, assumed, guessed));
    return [
      {
        controller: label,
        ...clientNames(controller),
        version: number,
        mongoVersion,
        models,
        facts: controller,
      },
    ];
  });
  for (const { name, files } of fleet.models.filter(({ controller }) => controller === undefined)) {
    warnings.push(`Model ${name} (${files.join(", ")}) is left out: its controller is not known.`);
  }
  if (guessed.length > 0) {
    warnings.push(
      `There is no juju status of ${guessed.join(", ")}: ${assumed.arches.join(", ")} on ${assumed.oses.join(", ")} is assumed for these, and what could block the upgrade is not known.`,
    );
  }
  return groups;
}

/** Commands use the name that clients know; new controllers get unique names. */
function clientNames({ label, name, uuid }: FleetController): Pick<PlanGroup, "clientName" | "family"> {
  if (label === name) return {};
  return { clientName: name, family: `${name}-${uuid?.slice(0, 8) ?? "new"}` };
}

function plannedModel(
  model: FleetModel,
  controllerVersion: JujuVersion,
  assumed: Assumed,
  guessed: string[],
): PlannedModel {
  const type = model.type ?? "iaas";
  const version = model.version === undefined ? controllerVersion : parseVersion(model.version);
  const isKnown = type === "caas" || model.machines !== undefined;
  if (!isKnown) guessed.push(model.label);
  return {
    name: formatModelName(model),
    type,
    // A model never runs a later version than its controller, but files from different times can show that.
    version: compareVersions(version, controllerVersion) > 0 ? controllerVersion : version,
    isController: model.isController,
    platforms:
      type === "iaas" && model.machines !== undefined
        ? machinePlatforms(model, assumed)
        : assumedPlatforms(assumed, type),
    facts: model,
  };
}

/** Each platform of the model's machines once. A machine that has not started yet has no architecture. */
function machinePlatforms({ machines = [] }: FleetModel, assumed: Assumed): Platform[] {
  const platforms = new Map<string, Platform>();
  for (const { arch, os = "ubuntu", series } of machines) {
    for (const one of arch === undefined ? assumed.arches : [arch]) {
      platforms.set(`${one} ${os} ${series}`, { arch: one, os, series });
    }
  }
  return [...platforms.values()];
}

function assumedPlatforms({ arches, oses, series }: Assumed, type: "iaas" | "caas"): Platform[] {
  if (type === "caas") {
    return arches.map((arch) => ({ arch, os: "ubuntu", series: undefined, isVouchedFor: true }));
  }
  return arches.flatMap((arch) =>
    oses.flatMap((os): Platform[] => {
      const own = series.filter((name) => (findSeries(name)?.os ?? osTypeOf(name) ?? "ubuntu") === os);
      return own.length === 0
        ? [{ arch, os, series: undefined }]
        : own.map((name) => ({ arch, os, series: name }));
    }),
  );
}
