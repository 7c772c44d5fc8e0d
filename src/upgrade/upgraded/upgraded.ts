import { compareVersionTexts } from "../../juju/version.ts";
import type { Fleet, FleetModel, FleetUnread } from "../fleet/fleet.ts";
import { formatModelName, formatModelPlace } from "../fleet/fleet.ts";
import type { ShellCommand } from "../../shared/shell-command.ts";
import { modelSteps } from "./advice.ts";
import { judgeAgents, type UpgradedAgent } from "./agent.ts";
import { judgeControllers, type UpgradedController } from "./controller.ts";
import { modelFaults } from "./model-faults.ts";
import { modelStateOf, worstState, type UpgradedModelState } from "./states.ts";

export interface UpgradedModel {
  /** Name of its controller; null when no file names it. */
  readonly controller: string | null;
  /** With its owner where that is not `admin`. */
  readonly model: string;
  /** `prod:web`; with a part of the UUID where the name alone is not unique. */
  readonly label: string;
  readonly uuid: string | null;
  /** Agent version that the model is set to; null when no file tells. */
  readonly version: string | null;
  /** The version that its agents should run; null when neither the caller nor a file tells. */
  readonly target: string | null;
  readonly upgraded: boolean;
  readonly state: UpgradedModelState;
  /** What keeps the model as a whole from being done, apart from its agents. */
  readonly reasons: readonly string[];
  /** What deserves a look and does not keep it from being done. */
  readonly warnings: readonly string[];
  readonly agents: readonly UpgradedAgent[];
  /** What to try for the model as a whole, in order; empty when it is done. */
  readonly next: readonly ShellCommand[];
}

/** How far the fleet of some listings is with an upgrade. */
export interface UpgradedDocument {
  /** True only when every model and controller is done and everything could be read. */
  readonly upgraded: boolean;
  readonly controllers: readonly UpgradedController[];
  readonly models: readonly UpgradedModel[];
  readonly unread: readonly FleetUnread[];
  readonly notes: readonly string[];
}

/** How far a fleet is with an upgrade to `target`; without one, to the version that each model is set to. */
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

/** Charms and instances in error do not concern the agents: Juju upgrades them all the same. */
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
    ...(isAhead ? [`the model is set to ${model.version}, above ${goal}`] : []),
    ...aborted,
    ...machines,
    ...units,
  ];
}
