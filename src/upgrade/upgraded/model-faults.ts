import { compareVersionTexts } from "../../juju/version.ts";
import type { FleetModel } from "../fleet/fleet.ts";
import type { UpgradedModelState } from "./states.ts";

/** Something about a model as a whole that keeps it from being done. */
export interface ModelFault {
  readonly state: UpgradedModelState;
  /** For people, without a full stop. */
  readonly text: string;
}

/** What keeps a model from being done, apart from its agents. `goal` is undefined when nothing tells a version. */
export function modelFaults(model: FleetModel, goal: string | undefined): ModelFault[] {
  return [
    ...versionFaults(model, goal),
    ...listingFaults(model),
    ...statusFaults(model),
    ...applicationFaults(model),
  ];
}

function versionFaults({ version }: FleetModel, goal: string | undefined): ModelFault[] {
  if (goal === undefined) return [{ state: "not-readable", text: "no file tells its version; give --to" }];
  if (version === undefined || compareVersionTexts(version, goal) >= 0) return [];
  return [
    { state: "not-begun", text: `the model is set to ${version}: it was not told to upgrade to ${goal}` },
  ];
}

/** Without a status nothing is known of the agents. */
function listingFaults(model: FleetModel): ModelFault[] {
  if (model.machines === undefined && model.units === undefined) {
    return [{ state: "not-readable", text: "no juju status of this model was given" }];
  }
  if (model.units === undefined || model.machines === undefined) {
    return [{ state: "not-readable", text: "its file lists machines only: give juju status for its units" }];
  }
  const isEmpty = model.machines.length === 0 && model.units.length === 0;
  if (!isEmpty || !model.isController) return [];
  const { version } = model.controller ?? {};
  if (model.type === "caas") {
    // The controller's pod is no agent of the listing before 3.0.
    return version === model.version && version !== undefined
      ? []
      : [
          {
            state: "not-readable",
            text: "no file tells what the controller runs: give juju show-controller",
          },
        ];
  }
  return [
    { state: "not-readable", text: "a controller model without machines: nothing is known of its nodes" },
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
      return [{ state: "not-readable", text: `the model has a status that is not known: ${words}` }];
  }
}

/** An application that could not be read hides how many units it has. */
function applicationFaults({ applications = [] }: FleetModel): ModelFault[] {
  return applications
    .filter(({ statusError }) => statusError !== undefined)
    .map(({ name, statusError }) => ({
      state: "not-readable",
      text: `application ${name} could not be read, so its units are unknown: ${statusError ?? ""}`,
    }));
}
