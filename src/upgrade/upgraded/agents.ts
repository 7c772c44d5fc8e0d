import { compareVersionTexts } from "../../juju/version.ts";
import type { ShellCommand } from "../../shared/shell-command.ts";
import type { FleetMachine, FleetModel, FleetUnit } from "../fleet/fleet.ts";
import { machineSteps, unitSteps } from "./next-steps.ts";
import { isOnTarget, type UpgradedState } from "./states.ts";

export interface UpgradedAgent {
  /** A container is a machine in a machine: `0/lxd/1`. */
  readonly kind: "machine" | "container" | "unit";
  /** Id of the machine or name of the unit. */
  readonly name: string;
  /** The version that the agent last reported; null if it is not known. */
  readonly version: string | null;
  readonly state: UpgradedState;
  /** Juju's own status of the agent: `started`, `down`, `idle`, `lost`. */
  readonly status: string | null;
  readonly message: string | null;
  /** What to try, in order; empty for an agent that is done or only has to wait for its model. */
  readonly next: readonly ShellCommand[];
}

/** Every machine, container and unit of a model, compared with the version that they should run. */
export function judgeAgents(model: FleetModel, goal: string): UpgradedAgent[] {
  return [
    ...(model.machines ?? []).map((machine) => machineOf(machine, model, goal)),
    ...(model.units ?? []).map((unit) => unitOf(unit, model, goal)),
  ];
}

function machineOf(machine: FleetMachine, model: FleetModel, goal: string): UpgradedAgent {
  const state = stateOf(machine, goal);
  return {
    kind: machine.host === undefined ? "machine" : "container",
    name: machine.id,
    ...saidOf(machine),
    state,
    next: hasToWait(state, model, goal) ? [] : machineSteps(machine, model, state),
  };
}

/** Juju prints no version for units that an operator runs, so these never count as done. */
const RUN_BY_OPERATOR = "run by an operator: Juju prints no version for it";

function unitOf(unit: FleetUnit, model: FleetModel, goal: string): UpgradedAgent {
  const state = stateOf(unit, goal);
  const said = saidOf(unit);
  const isSilent = unit.isRunByOperator && unit.version === undefined && state === "not-readable";
  return {
    kind: "unit",
    name: unit.name,
    ...said,
    message: said.message ?? (isSilent ? RUN_BY_OPERATOR : null),
    state,
    next: hasToWait(state, model, goal) ? [] : unitSteps(unit, model, state),
  };
}

function saidOf(agent: FleetMachine | FleetUnit): Pick<UpgradedAgent, "version" | "status" | "message"> {
  const message = agent.message === undefined || agent.message === "" ? null : agent.message;
  return { version: agent.version ?? null, status: agent.status ?? null, message };
}

function stateOf(agent: FleetMachine | FleetUnit, goal: string): UpgradedState {
  switch (agent.state) {
    case "failed":
    case "upgrading":
      return agent.state;
    case "down":
    case "lost":
      return "not-reachable";
    case "stopped":
      return agent.status === "rebooting" ? "upgrading" : "not-reachable";
    case "pending":
      return "not-started";
    case "unreadable":
      return "not-readable";
    case "ok": {
      if (agent.version === undefined) return "not-readable";
      const order = compareVersionTexts(agent.version, goal);
      return order === 0 ? "on-target" : order < 0 ? "behind" : "ahead";
    }
  }
}

/** An agent that works needs no steps of its own if the upgrade of its model was not started. */
function hasToWait(state: UpgradedState, { version }: FleetModel, goal: string): boolean {
  if (isOnTarget(state)) return true;
  return state === "behind" && version !== undefined && compareVersionTexts(version, goal) < 0;
}
