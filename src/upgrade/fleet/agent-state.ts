import type { AgentState } from "./fleet.ts";

/** What Juju prints of an agent that its state depends on. */
export interface AgentSigns {
  /** `juju-status.current`. */
  readonly current: string | undefined;
  readonly message: string | undefined;
  /** Set if the agent's status, or the whole entry, could not be read. */
  readonly statusError: string | undefined;
}

/**
 * Messages while upgrade steps run, on an agent whose status is fine: `upgrading to X`, and around the database of
 * a controller `upgrading database for X` (up to 2.9.2 `… to X`), `waiting on primary database upgrade for X`,
 * `confirmed primary database upgrade for X`, `database upgrade for X completed`.
 * Sources: juju worker/upgradedatabase/worker.go @2.8.13, @2.9.42, @3.6.28; worker/upgradesteps/worker.go @2.8.13 to
 * @3.6.28; internal/upgradesteps/worker.go @4.0.15
 */
const UNDER_WAY = /\b(?:upgrading|database upgrade|upgrade in progress)\b/i;

/**
 * A failed step. The words in brackets are not looked at: 4.0 swapped "(will retry)" and "(giving up)".
 * Source: juju internal/upgradesteps/worker.go RunUpgradeSteps @4.0.15
 */
const FAILED_STEP = /\bupgrade to \S+ failed\b|\bfailed to perform upgrade steps\b/i;

/**
 * The state of the agent of a machine or container. Its instance does not count: a provisioning error is part of the
 * machine's message. The state of a host does not say anything about its containers, nor the reverse.
 * Source: juju apiserver/common/machinestatus.go MachineStatus @3.6.28; core/status/status.go
 */
export function machineState(signs: AgentSigns): AgentState {
  switch (signs.current) {
    case undefined:
      return "unreadable";
    case "started":
      return workingState(signs);
    default:
      return signs.statusError === undefined
        ? (MACHINE_STATES.get(signs.current) ?? "unreadable")
        : "unreadable";
  }
}

const MACHINE_STATES: ReadonlyMap<string, AgentState> = new Map([
  ["pending", "pending"],
  ["down", "down"],
  ["error", "failed"],
  ["stopped", "stopped"],
]);

/**
 * The state of a unit's agent. Operators on Kubernetes report `running` for idle. Up to 2.7 units have their own
 * upgrade steps, with the same messages as machines.
 * Source: juju apiserver/common/unitstatus.go @3.6.28; core/status/status.go; 4.0 domain/status/service/status.go
 */
export function unitState(signs: AgentSigns): AgentState {
  switch (signs.current) {
    case undefined:
      return "unreadable";
    case "idle":
    case "executing":
    case "running":
      return workingState(signs);
    default:
      return signs.statusError === undefined
        ? (UNIT_STATES.get(signs.current) ?? "unreadable")
        : "unreadable";
  }
}

const UNIT_STATES: ReadonlyMap<string, AgentState> = new Map([
  ["allocating", "pending"],
  ["pending", "pending"],
  ["lost", "lost"],
  ["failed", "failed"],
  ["error", "failed"],
  // Its machine restarts: the agent does not run until it is up again.
  ["rebooting", "stopped"],
  ["stopped", "stopped"],
]);

/** An agent reports its new version before its upgrade steps run: only the message shows the steps. */
function workingState({ message = "", statusError }: AgentSigns): AgentState {
  if (statusError !== undefined) return "unreadable";
  if (FAILED_STEP.test(message)) return "failed";
  return UNDER_WAY.test(message) ? "upgrading" : "ok";
}

/** Why an agent without a `status-error` is unreadable. */
export function describeUnknown(kind: "machine" | "unit", current: string | undefined): string {
  return current === undefined
    ? "the status of its agent is missing"
    : `"${current}" is not a known status of a ${kind}'s agent`;
}
