import { compareVersionTexts, parseVersion } from "../juju/version.ts";
import type { FleetMachine, FleetModel, FleetUnit } from "./fleet/fleet.ts";

/** Where an agent stands; `unknown` tells no version, as a machine that never came up. */
export type UpgradedState = "on-target" | "behind" | "ahead" | "unknown";

export interface UpgradedAgent {
  readonly kind: "machine" | "unit";
  /** Id of the machine or name of the unit. */
  readonly name: string;
  readonly version: string | null;
  readonly state: UpgradedState;
  /** Juju's own status of the agent: `started`, `down`, `idle`, `lost`. */
  readonly status: string | null;
  readonly message: string | null;
  /** What to try, in order; empty for one that is on the target. */
  readonly next: readonly string[];
}

export interface UpgradedModel {
  readonly controller: string | null;
  readonly model: string;
  readonly version: string;
  readonly target: string;
  readonly upgraded: boolean;
  readonly agents: readonly UpgradedAgent[];
  /** What concerns the model as a whole, in order. */
  readonly next: readonly string[];
}

/** How far a model's agents are with an upgrade to `target`; without one, to the version that the model is set to. */
export function judgeUpgraded(model: FleetModel, target: string | undefined): UpgradedModel {
  const version = model.version ?? "0.0.0";
  const goal = target ?? version;
  const context: Context = { model, goal, isOldModel: compareVersionTexts(version, goal) < 0 };
  const agents = [
    ...(model.machines ?? []).map((machine) => machineOf(machine, context)),
    ...(model.units ?? []).map((unit) => unitOf(unit, context)),
  ];
  const isUpgraded =
    !context.isOldModel && agents.every(({ state }) => state === "on-target" || state === "ahead");
  return {
    controller: model.controller ?? null,
    model: model.name,
    version,
    target: goal,
    upgraded: isUpgraded,
    agents,
    next: isUpgraded ? [] : modelSteps(context),
  };
}

interface Context {
  readonly model: FleetModel;
  readonly goal: string;
  /** The model itself was not told to upgrade yet. */
  readonly isOldModel: boolean;
}

function stateOf(version: string | undefined, goal: string): UpgradedState {
  if (version === undefined) return "unknown";
  const order = compareVersionTexts(version, goal);
  return order === 0 ? "on-target" : order < 0 ? "behind" : "ahead";
}

function machineOf(machine: FleetMachine, context: Context): UpgradedAgent {
  const { id, version, status, message } = machine;
  const state = stateOf(version, context.goal);
  const isFine = state === "on-target" || state === "ahead" || context.isOldModel;
  const next = isFine ? [] : machineSteps(machine, placeOf(context.model));
  return agentOf({ kind: "machine", name: id, version, state, status, message }, next);
}

function unitOf(unit: FleetUnit, context: Context): UpgradedAgent {
  const { name, version, status, message } = unit;
  const state = stateOf(version, context.goal);
  const isFine = state === "on-target" || state === "ahead" || context.isOldModel;
  return agentOf(
    { kind: "unit", name, version, state, status, message },
    isFine ? [] : unitSteps(unit, context),
  );
}

function agentOf(
  agent: {
    readonly kind: UpgradedAgent["kind"];
    readonly name: string;
    readonly version: string | undefined;
    readonly state: UpgradedState;
    readonly status: string | undefined;
    readonly message: string | undefined;
  },
  next: readonly string[],
): UpgradedAgent {
  const { version = null, status = null, message = null } = agent;
  return { ...agent, version, status, message: message === "" ? null : message, next };
}

/** `-m prod:web`. */
function placeOf({ controller, name }: FleetModel): string {
  return controller === undefined ? `-m ${name}` : `-m ${controller}:${name}`;
}

/** A machine's agent is `jujud-machine-N`, in a container `jujud-machine-0-lxd-1`. */
function machineSteps({ id, version, status }: FleetMachine, place: string): string[] {
  const agent = `machine-${id.replaceAll("/", "-")}`;
  if (version === undefined) {
    return [
      `juju show-machine ${place} ${id}    # did the cloud give an instance?`,
      `juju retry-provisioning ${place} ${id}    # after the cause is gone`,
    ];
  }
  const look = `juju debug-log ${place} --replay --no-tail --include ${agent} --level WARNING`;
  if (status === "down" || status === "lost") {
    return [
      `juju ssh ${place} ${id} -- sudo systemctl status jujud-${agent}    # does the machine answer at all?`,
      `juju ssh ${place} ${id} -- sudo systemctl restart jujud-${agent}`,
      look,
    ];
  }
  return [
    look,
    `juju ssh ${place} ${id} -- sudo tail -n 100 /var/log/juju/${agent}.log    # "agent binaries", "checksum", "no space"`,
    `juju ssh ${place} ${id} -- sudo systemctl restart jujud-${agent}    # it asks for its agent again`,
  ];
}

function unitSteps({ name, machine }: FleetUnit, { model }: Context): string[] {
  const place = placeOf(model);
  const agent = `unit-${name.replaceAll("/", "-")}`;
  const look = `juju debug-log ${place} --replay --no-tail --include ${agent} --level WARNING`;
  if (machine === undefined) {
    const pod = `${name.replaceAll("/", "-")} -n ${model.name}`;
    return [
      look,
      `kubectl describe pod ${pod}    # is the image there: ImagePullBackOff?`,
      `kubectl delete pod ${pod}    # it comes up again with the model's version`,
    ];
  }
  // Until 2.7 each unit had a process of its own; later it lives in its machine's.
  const version = parseVersion(model.version ?? "0.0.0");
  const isOwn = version.major < 2 || (version.major === 2 && version.minor < 8);
  const process = isOwn ? agent : `machine-${machine.replaceAll("/", "-")}`;
  return [look, `juju ssh ${place} ${machine} -- sudo systemctl restart jujud-${process}`];
}

/**
 * Where agents come from, seen from the model: the address of the mirror, proxies in between, the controller.
 * Source: juju documentation, "Troubleshoot your deployment"; cmd/juju/model/config.go
 */
function modelSteps({ model, goal, isOldModel }: Context): string[] {
  const place = placeOf(model);
  const controller = model.controller === undefined ? "-m controller" : `-m ${model.controller}:controller`;
  const steps: string[] = [];
  if (isOldModel) {
    steps.push(
      `juju upgrade-${model.isController === true ? `controller${controllerFlag(model)}` : `model ${place}`} --agent-version ${goal}    # the model is still set to ${model.version ?? "an older version"}`,
    );
  }
  if (model.activity !== undefined)
    steps.push(`# the model says: ${model.activity}; wait until that is over`);
  steps.push(
    `juju status ${place} --format json | jam upgraded --to ${goal}    # some minutes later: agents move one after the other`,
    `juju model-config ${controller} agent-metadata-url    # is it this mirror?`,
    `juju model-config ${controller} juju-no-proxy    # does it name the mirror's host?`,
    `juju debug-log ${controller} --replay --no-tail --include-module juju.apiserver --level WARNING    # the controller fetches for all`,
    `jam list ${goal}    # is the version here for every architecture?`,
  );
  return steps;
}

function controllerFlag({ controller }: FleetModel): string {
  return controller === undefined ? "" : ` -c ${controller}`;
}
