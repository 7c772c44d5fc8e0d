import type { HopStep } from "./knowledge/knowledge.ts";
import { formatMajorMinor, formatVersion, type JujuVersion } from "./version.ts";

/** One thing to do, with the command that does it. Words in capitals stand for names of the operator's own. */
export interface HopAction {
  readonly step: "install-client" | "bootstrap" | HopStep;
  readonly command: string;
}

/** What moves a controller, then its models, from one version to another in place. */
export function inPlaceActions(from: JujuVersion, to: JujuVersion): readonly HopAction[] {
  const version = formatVersion(to);
  // Before 2.0 an environment was its own controller, and the flag had another name.
  if (from.major < 2) {
    return [{ step: "upgrade-controller", command: `juju upgrade-juju -e ENVIRONMENT --version ${version}` }];
  }
  const [controller, model] = upgradeCommands(from);
  return [
    { step: "install-client", command: installCommand(to) },
    { step: "upgrade-controller", command: `${controller} --agent-version ${version}` },
    { step: "upgrade-model", command: `${model} --agent-version ${version}` },
  ];
}

/** What brings up a new controller and moves the models to it. */
export function migrateActions(to: JujuVersion): readonly HopAction[] {
  const version = formatVersion(to);
  return [
    { step: "install-client", command: installCommand(to) },
    { step: "bootstrap", command: `juju bootstrap CLOUD CONTROLLER-${version} --agent-version ${version}` },
    { step: "migrate", command: `juju migrate CONTROLLER:MODEL CONTROLLER-${version}` },
    {
      step: "upgrade-model",
      command: `juju upgrade-model -m CONTROLLER-${version}:MODEL --agent-version ${version}`,
    },
  ];
}

/** The command that brings one model of a controller to the controller's version. */
export function upgradeModelCommand(controller: JujuVersion): string {
  return `${upgradeCommands(controller)[1]} --agent-version ${formatVersion(controller)}`;
}

/** The snap is classic up to 2.9 and strictly confined from 3.0 on. */
function installCommand(to: JujuVersion): string {
  const classic = to.major < 3 ? " --classic" : "";
  return `snap install juju --channel ${formatMajorMinor(to)}/stable${classic}`;
}

/**
 * `upgrade-controller` exists from 2.6 and is the only way from 3.5 on; `upgrade-model` replaced `upgrade-juju` in 2.4.
 * Source: cmd/juju/commands/upgradejuju.go, upgrademodel.go, upgradecontroller.go @juju-2.3.9 to 3.6
 */
function upgradeCommands({ major, minor }: JujuVersion): readonly [controller: string, model: string] {
  if (major === 2 && minor < 4) {
    return ["juju upgrade-juju -m CONTROLLER:controller", "juju upgrade-juju -m CONTROLLER:MODEL"];
  }
  if (major === 2 && minor < 6) {
    return ["juju upgrade-model -m CONTROLLER:controller", "juju upgrade-model -m CONTROLLER:MODEL"];
  }
  return ["juju upgrade-controller -c CONTROLLER", "juju upgrade-model -m CONTROLLER:MODEL"];
}
