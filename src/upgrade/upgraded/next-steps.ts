import { parseVersion } from "../../juju/version.ts";
import { printable } from "../../shared/printable.ts";
import { pathWord, shellCommand, type ShellCommand } from "../../shared/shell-command.ts";
import { formatModelPlace, type FleetMachine, type FleetModel, type FleetUnit } from "../fleet/fleet.ts";
import type { UpgradedModelState, UpgradedState } from "./states.ts";

/**
 * What to try for a machine or container, in order. Its agent is `jujud-machine-N`, in a container
 * `jujud-machine-0-lxd-1`.
 */
export function machineSteps(
  machine: FleetMachine,
  model: FleetModel,
  state: UpgradedState,
): readonly ShellCommand[] {
  const place = formatModelPlace(model);
  const agent = `machine-${machine.id.replaceAll("/", "-")}`;
  if (state === "not-started") return startSteps(machine, model, place);
  if (machine.life === "dead" || machine.life === "dying") {
    return [
      shellCommand`juju remove-machine -m ${place} ${machine.id} --force    # it is ${machine.life}; repeat this if it stays`,
    ];
  }
  const service = `jujud-${agent}`;
  switch (state) {
    case "not-reachable":
      return [
        shellCommand`juju ssh -m ${place} ${machine.id} -- sudo systemctl status ${service}    # does the machine respond?`,
        shellCommand`juju ssh -m ${place} ${machine.id} -- sudo systemctl restart ${service}`,
        warningsOf(place, agent),
      ];
    case "not-readable":
      return [shellCommand`juju show-machine -m ${place} ${machine.id} --format json    # ask Juju again`];
    case "failed":
      return [
        warningsOf(place, agent),
        shellCommand`juju ssh -m ${place} ${machine.id} -- sudo systemctl restart ${service}    # after fixing the cause: it runs its upgrade steps again`,
      ];
    case "upgrading":
      return [warningsOf(place, agent)];
    default:
      return behindSteps(machine, place, agent, service);
  }
}

/** An agent that cannot download its binaries keeps its version and works: only its log shows the reason. */
function behindSteps(
  { id }: FleetMachine,
  place: string,
  agent: string,
  service: string,
): readonly ShellCommand[] {
  const log = `/var/log/juju/${agent}.log`;
  return [
    warningsOf(place, agent),
    shellCommand`juju ssh -m ${place} ${id} -- sudo tail -n 100 ${log}    # "agent binaries", "checksum", "no space"`,
    shellCommand`juju ssh -m ${place} ${id} -- sudo systemctl restart ${service}    # it downloads its agent again`,
  ];
}

/**
 * A machine that never had an agent. `retry-provisioning` takes neither containers nor machines added by hand.
 * Source: juju cmd/juju/model/retryprovisioning.go @3.6.28
 */
function startSteps(
  { id, host, isManual, instance, arch }: FleetMachine,
  model: FleetModel,
  place: string,
): readonly ShellCommand[] {
  const look = shellCommand`juju show-machine -m ${place} ${id}    # read machine-status`;
  const isWithoutAgent = /no matching agent binaries/i.test(instance.message ?? "");
  const held =
    isWithoutAgent && model.version !== undefined
      ? [
          shellCommand`jam list ${model.version}    # the mirror has to hold it for ${arch ?? "the architecture of the machine"}`,
        ]
      : [];
  if (isManual) {
    return [
      ...held,
      look,
      shellCommand`juju remove-machine -m ${place} ${id} --force    # added manually: remove it, then add it again with juju add-machine ssh:USER@HOST`,
    ];
  }
  if (host !== undefined) {
    return [
      ...held,
      look,
      shellCommand`juju remove-machine -m ${place} ${id} --force    # a container: after fixing the cause, remove it and add it again`,
    ];
  }
  return [...held, look, shellCommand`juju retry-provisioning -m ${place} ${id}    # after fixing the cause`];
}

/** What to try for a unit, in order. */
export function unitSteps(unit: FleetUnit, model: FleetModel, state: UpgradedState): readonly ShellCommand[] {
  const place = formatModelPlace(model);
  const agent = `unit-${unit.name.replaceAll("/", "-")}`;
  if (state === "not-readable" && !unit.isRunByOperator) {
    return [shellCommand`juju show-unit -m ${place} ${unit.name} --format json    # ask Juju again`];
  }
  if (model.type === "caas") return podSteps(unit, model, place, agent);
  const look = warningsOf(place, agent);
  if (state === "not-started" || unit.machine === undefined) {
    return [
      shellCommand`juju show-unit -m ${place} ${unit.name}    # repair its machine first: see the machines above`,
      look,
    ];
  }
  // Until 2.7 each unit had its own process; later it is part of the process of its machine.
  const version = parseVersion(model.version ?? "0.0.0");
  const isOwn = version.major < 2 || (version.major === 2 && version.minor < 8);
  const service = `jujud-${isOwn ? agent : `machine-${unit.machine.replaceAll("/", "-")}`}`;
  return [look, shellCommand`juju ssh -m ${place} ${unit.machine} -- sudo systemctl restart ${service}`];
}

/** On Kubernetes an agent runs in a pod, so there is no machine to log in to. */
function podSteps(unit: FleetUnit, model: FleetModel, place: string, agent: string): readonly ShellCommand[] {
  const namespace = model.name;
  if (unit.isRunByOperator) {
    return [
      shellCommand`kubectl get pods -n ${namespace} -o wide    # the image of the operator shows the version: kubectl describe pod`,
    ];
  }
  const pod = unit.name.replaceAll("/", "-");
  return [
    warningsOf(place, agent),
    shellCommand`kubectl describe pod ${pod} -n ${namespace}    # is the image missing (ImagePullBackOff)?`,
    shellCommand`kubectl delete pod ${pod} -n ${namespace}    # it starts again with the version of the model`,
  ];
}

function warningsOf(place: string, agent: string): ShellCommand {
  return shellCommand`juju debug-log -m ${place} --replay --no-tail --include ${agent} --level WARNING`;
}

/**
 * The source of a model's agents: the address of the mirror, proxies in between, the controller.
 * Source: juju documentation, "Troubleshoot your deployment"; cmd/juju/model/config.go
 */
export function modelSteps(
  model: FleetModel,
  goal: string,
  state: UpgradedModelState,
): readonly ShellCommand[] {
  const place = formatModelPlace(model);
  const name = controllerOf(model);
  const controller = name === undefined ? "controller" : `${name}:controller`;
  if (model.machines === undefined || model.units === undefined) {
    return [
      shellCommand`juju status -m ${place} --format json > ${statusFileOf(model)}    # and add that file`,
    ];
  }
  return [
    ...(state === "not-begun" ? [upgradeStep(model, goal)] : []),
    ...(model.activity === undefined
      ? []
      : [shellCommand`# the model shows ${printable(model.activity)}: wait until that has ended`]),
    shellCommand`jam upgraded --to ${goal} --watch -- juju status -m ${place} --format json    # agents upgrade one after the other`,
    shellCommand`juju model-config -m ${controller} agent-metadata-url    # is it this mirror?`,
    shellCommand`juju model-config -m ${controller} juju-no-proxy    # does it contain the host of the mirror?`,
    shellCommand`juju debug-log -m ${controller} --replay --no-tail --include-module juju.apiserver --level WARNING    # the controller downloads for all`,
    shellCommand`jam list ${goal}    # does the mirror hold it for every architecture?`,
  ];
}

/** The name of the model's controller in clients. */
function controllerOf({ controller, controllerName }: FleetModel): string | undefined {
  return controller?.name ?? controllerName;
}

function statusFileOf(model: FleetModel): string {
  const parts = [controllerOf(model), model.owner, model.name].filter((part) => part !== undefined);
  return pathWord(`${parts.join("-").replaceAll("/", "-")}.json`);
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
