import { compareVersionTexts } from "../../juju/version.ts";
import {
  type Fleet,
  type FleetModel,
  type FleetUnread,
  formatModelName,
  formatModelPlace,
} from "../fleet/fleet.ts";
import type { ShellCommand } from "../../shared/shell-command.ts";
import { modelSteps } from "./next-steps.ts";
import { type UpgradedAgent, judgeAgents } from "./agents.ts";
import { type UpgradedController, judgeControllers } from "./controllers.ts";
import { type UpgradedModelState, modelStateOf, worstState } from "./states.ts";

export interface UpgradedModel {
  /** Name of its controller; null if no file names it. */
  readonly controller: string | null;
  /** With its owner if that is not `admin`. */
  readonly model: string;
  /** `prod:web`; with a part of the UUID if the name alone is not unique. */
  readonly label: string;
  readonly uuid: string | null;
  /** Agent version that the model is set to; null if no file contains it. */
  readonly version: string | null;
  /** The version that its agents should run; null if neither the caller nor a file contains it. */
  readonly target: string | null;
  readonly upgraded: boolean;
  readonly state: UpgradedModelState;
  /** Why the model as a whole is not done, apart from its agents. */
  readonly reasons: readonly string[];
  /** Problems that do not stop it from being done. */
  readonly warnings: readonly string[];
  readonly agents: readonly UpgradedAgent[];
  /** What to try for the model as a whole, in order; empty when it is done. */
  readonly next: readonly ShellCommand[];
}

/** The progress of a fleet with an upgrade. */
export interface UpgradedDocument {
  /** True only if every model and controller is done and everything could be read. */
  readonly upgraded: boolean;
  readonly controllers: readonly UpgradedController[];
  readonly models: readonly UpgradedModel[];
  readonly unread: readonly FleetUnread[];
  readonly notes: readonly string[];
}

/** The progress of a fleet with an upgrade to `target`; without one, to the version that each model is set to. */
export function judgeUpgraded(fleet: Fleet, target: string | undefined): UpgradedDocument {
  const models = fleet.models.map((model) => judgeModel(model, target));
  const controllers = judgeControllers(fleet, target);
  return {
    upgraded:
      fleet.unread.length === 0 &&
      models.length > 0 &&
      models.every((model) => model.upgraded) &&
      controllers.every((controller) => controller.upgraded),
    controllers,
    models,
    unread: fleet.unread,
    notes: fleet.notes,
  };
}

function judgeModel(model: FleetModel, target: string | undefined): UpgradedModel {
  const goal = target ?? model.version;
  const agents = goal === undefined ? [] : judgeAgents(model, goal);
  const faults = modelFaults(model, goal);
  const state = worstState([
    ...faults.map((fault) => fault.state),
    ...agents.map((agent) => modelStateOf(agent.state)),
  ]);
  const isDone = state === "done";
  return {
    controller: model.controller?.name ?? model.controllerName ?? null,
    model: formatModelName(model),
    label: model.label === "" ? formatModelPlace(model) : model.label,
    uuid: model.uuid ?? null,
    version: model.version ?? null,
    target: goal ?? null,
    upgraded: isDone,
    state,
    reasons: faults.map(({ text }) => text),
    warnings: warningsOf(model, goal),
    agents,
    next: isDone || goal === undefined ? [] : modelSteps(model, goal, state),
  };
}

/** Errors of charms and instances do not concern the agents: Juju upgrades them anyway. */
function warningsOf(model: FleetModel, goal: string | undefined): string[] {
  const units = (model.units ?? [])
    .filter(({ workload }) => workload.current === "error")
    .map(({ name, workload }) => `unit ${name}: workload in error: ${workload.message ?? "no message"}`);
  const machines = (model.machines ?? [])
    .filter(({ state, instance }) => state === "ok" && /error/.test(instance.current ?? ""))
    .map(
      ({ id, instance }) =>
        `machine ${id}: instance in ${instance.current}: ${instance.message ?? "no message"}`,
    );
  const message = model.status.message ?? "";
  const aborted = message.startsWith("last upgrade aborted") ? [`Juju says: ${message}`] : [];
  const isAhead =
    goal !== undefined && model.version !== undefined && compareVersionTexts(model.version, goal) > 0;
  return [
    ...(isAhead ? [`the model is set to ${model.version}, which is later than ${goal}`] : []),
    ...aborted,
    ...machines,
    ...units,
  ];
}

/** A reason why a model as a whole is not done. */
export interface ModelFault {
  readonly state: UpgradedModelState;
  /** For people, without a full stop. */
  readonly text: string;
}

/** Why a model is not done, apart from its agents. `goal` is undefined if no version is known. */
export function modelFaults(model: FleetModel, goal: string | undefined): ModelFault[] {
  return [
    ...versionFaults(model, goal),
    ...listingFaults(model),
    ...statusFaults(model),
    ...applicationFaults(model),
  ];
}

function versionFaults({ version }: FleetModel, goal: string | undefined): ModelFault[] {
  if (goal === undefined) return [{ state: "not-readable", text: "no file contains its version; give --to" }];
  if (version === undefined || compareVersionTexts(version, goal) >= 0) return [];
  return [
    { state: "not-begun", text: `the model is set to ${version}: its upgrade to ${goal} was not started` },
  ];
}

/** Without a status, nothing is known about the agents. */
function listingFaults(model: FleetModel): ModelFault[] {
  if (model.machines === undefined && model.units === undefined) {
    return [{ state: "not-readable", text: "there is no juju status of this model" }];
  }
  if (model.units === undefined || model.machines === undefined) {
    return [{ state: "not-readable", text: "its file lists only machines: add juju status for its units" }];
  }
  const isEmpty = model.machines.length === 0 && model.units.length === 0;
  if (!isEmpty || !model.isController) return [];
  const { version } = model.controller ?? {};
  if (model.type === "caas") {
    // Before 3.0 the listing does not contain the controller's pod as an agent.
    return version === model.version && version !== undefined
      ? []
      : [
          {
            state: "not-readable",
            text: "no file contains the version of the controller: add juju show-controller",
          },
        ];
  }
  return [
    { state: "not-readable", text: "a controller model without machines: nothing is known about its nodes" },
  ];
}

/**
 * The model's own status. `available` keeps the message of the last upgrade or migration; only the status counts.
 * Source: juju state/upgrade.go upgradeStatusHistoryAndOps, state/modelmigration.go migStatusHistoryAndOps @3.6.28
 */
function statusFaults(model: FleetModel): ModelFault[] {
  const { current, message, reason } = model.status;
  const words = [current, message, reason].filter((part) => part !== undefined && part !== "").join(": ");
  if (model.isMigrating === true)
    return [{ state: "in-progress", text: `the model is being migrated: ${words}` }];
  switch (current) {
    case undefined:
    case "available":
      return model.life === "dying" || model.life === "dead"
        ? [{ state: "in-progress", text: `the model is ${model.life}: it is being removed` }]
        : [];
    case "busy":
    case "destroying":
      return [{ state: "in-progress", text: `the model is ${words}` }];
    case "suspended":
    case "error":
      return [{ state: "failed", text: `the model is ${words}` }];
    default:
      return [{ state: "not-readable", text: `the model has an unknown status: ${words}` }];
  }
}

/** The number of units of an application that could not be read is not known. */
function applicationFaults({ applications = [] }: FleetModel): ModelFault[] {
  return applications
    .filter(({ statusError }) => statusError !== undefined)
    .map(({ name, statusError }) => ({
      state: "not-readable",
      text: `application ${name} could not be read, so its units are unknown: ${statusError ?? ""}`,
    }));
}
