import { compareVersionTexts, parseVersion } from "../juju/version.ts";
import { printable } from "../shared/printable.ts";
import { shellCommand, shellWord, type ShellCommand } from "../shared/shell-command.ts";
import { formatModelPlace, type FleetMachine, type FleetModel, type FleetUnit } from "./fleet/fleet.ts";

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
  readonly next: readonly ShellCommand[];
}

export interface UpgradedModel {
  readonly controller: string | null;
  readonly model: string;
  readonly version: string;
  readonly target: string;
  readonly upgraded: boolean;
  readonly agents: readonly UpgradedAgent[];
  /** What concerns the model as a whole, in order. */
  readonly next: readonly ShellCommand[];
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
    controller: model.controller?.label ?? model.controllerName ?? null,
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
  const next = isFine ? [] : machineSteps(machine, formatModelPlace(context.model));
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
  next: readonly ShellCommand[],
): UpgradedAgent {
  const { version = null, status = null, message = null } = agent;
  return { ...agent, version, status, message: message === "" ? null : message, next };
}

/** A machine's agent is `jujud-machine-N`, in a container `jujud-machine-0-lxd-1`. */
function machineSteps({ id, version, status }: FleetMachine, place: string): ShellCommand[] {
  const agent = `machine-${id.replaceAll("/", "-")}`;
  if (version === undefined) {
    return [
      shellCommand`juju show-machine -m ${place} ${id}    # did the cloud give an instance?`,
      shellCommand`juju retry-provisioning -m ${place} ${id}    # after the cause is gone`,
    ];
  }
  // What follows `--` is read by a second shell, on the machine.
  const service = shellWord(`jujud-${agent}`);
  if (status === "down" || status === "lost") {
    return [
      shellCommand`juju ssh -m ${place} ${id} -- sudo systemctl status ${service}    # does the machine answer at all?`,
      shellCommand`juju ssh -m ${place} ${id} -- sudo systemctl restart ${service}`,
      warningsOf(place, agent),
    ];
  }
  const log = shellWord(`/var/log/juju/${agent}.log`);
  return [
    warningsOf(place, agent),
    shellCommand`juju ssh -m ${place} ${id} -- sudo tail -n 100 ${log}    # "agent binaries", "checksum", "no space"`,
    shellCommand`juju ssh -m ${place} ${id} -- sudo systemctl restart ${service}    # it asks for its agent again`,
  ];
}

function warningsOf(place: string, agent: string): ShellCommand {
  return shellCommand`juju debug-log -m ${place} --replay --no-tail --include ${agent} --level WARNING`;
}

function unitSteps({ name, machine }: FleetUnit, { model }: Context): ShellCommand[] {
  const place = formatModelPlace(model);
  const agent = `unit-${name.replaceAll("/", "-")}`;
  const look = warningsOf(place, agent);
  if (machine === undefined) {
    const pod = name.replaceAll("/", "-");
    return [
      look,
      shellCommand`kubectl describe pod ${pod} -n ${model.name}    # is the image there: ImagePullBackOff?`,
      shellCommand`kubectl delete pod ${pod} -n ${model.name}    # it comes up again with the model's version`,
    ];
  }
  // Until 2.7 each unit had a process of its own; later it lives in its machine's.
  const version = parseVersion(model.version ?? "0.0.0");
  const isOwn = version.major < 2 || (version.major === 2 && version.minor < 8);
  const service = shellWord(`jujud-${isOwn ? agent : `machine-${machine.replaceAll("/", "-")}`}`);
  return [look, shellCommand`juju ssh -m ${place} ${machine} -- sudo systemctl restart ${service}`];
}

/**
 * Where agents come from, seen from the model: the address of the mirror, proxies in between, the controller.
 * Source: juju documentation, "Troubleshoot your deployment"; cmd/juju/model/config.go
 */
function modelSteps({ model, goal, isOldModel }: Context): ShellCommand[] {
  const place = formatModelPlace(model);
  const name = controllerOf(model);
  const controller = name === undefined ? "controller" : `${name}:controller`;
  const steps: ShellCommand[] = [];
  if (isOldModel) steps.push(upgradeStep(model, goal));
  if (model.activity !== undefined)
    steps.push(shellCommand`# the model says ${printable(model.activity)}: wait until that is over`);
  steps.push(
    shellCommand`juju status -m ${place} --format json | jam upgraded --to ${goal}    # some minutes later: agents move one after the other`,
    shellCommand`juju model-config -m ${controller} agent-metadata-url    # is it this mirror?`,
    shellCommand`juju model-config -m ${controller} juju-no-proxy    # does it name the mirror's host?`,
    shellCommand`juju debug-log -m ${controller} --replay --no-tail --include-module juju.apiserver --level WARNING    # the controller fetches for all`,
    shellCommand`jam list ${goal}    # is the version here for every architecture?`,
  );
  return steps;
}

/** What clients call the model's controller. */
function controllerOf({ controller, controllerName }: FleetModel): string | undefined {
  return controller?.name ?? controllerName;
}

function upgradeStep(model: FleetModel, goal: string): ShellCommand {
  const { version = "an older version" } = model;
  const controller = controllerOf(model);
  if (!model.isController)
    return shellCommand`juju upgrade-model -m ${formatModelPlace(model)} --agent-version ${goal}    # the model is still set to ${version}`;
  return controller === undefined
    ? shellCommand`juju upgrade-controller --agent-version ${goal}    # the model is still set to ${version}`
    : shellCommand`juju upgrade-controller -c ${controller} --agent-version ${goal}    # the model is still set to ${version}`;
}
