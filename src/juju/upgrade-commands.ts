import { joinParts, shellCommand, type ShellCommand } from "../shared/shell-command.ts";
import type { HopStep } from "./knowledge/knowledge.ts";
import { formatVersion, type JujuVersion } from "./version.ts";

/** What the commands name. */
export interface HopNames {
  readonly controller: string;
  /** What new controllers are called after: `prod` of `prod-3.6.27`. */
  readonly family: string;
  readonly model: string;
  /** What `juju bootstrap` needs to know: where agents, charm and database are. */
  readonly bootstrapFlags: readonly ShellCommand[];
}

/** For commands without a fleet: words in capitals are placeholders for names. */
export const PLACEHOLDERS: HopNames = {
  controller: "CONTROLLER",
  family: "CONTROLLER",
  model: "MODEL",
  bootstrapFlags: [],
};

/** One thing to do, with the command that does it. */
export interface HopAction {
  readonly step: "install-client" | "bootstrap" | HopStep;
  /** To be done for each model, not once. */
  readonly isPerModel?: true;
  readonly command: (names: HopNames) => ShellCommand;
}

/** What moves a controller, then its models, from one version to another in place. */
export function inPlaceActions(from: JujuVersion, to: JujuVersion): readonly HopAction[] {
  const version = formatVersion(to);
  // Before 2.0 an environment was its own controller, and the flag had another name.
  if (from.major < 2) {
    const command = () => shellCommand`juju upgrade-juju -e ENVIRONMENT --version ${version}`;
    return [{ step: "upgrade-controller", command }];
  }
  return [
    { step: "install-client", command: () => installCommand(to) },
    { step: "upgrade-controller", command: ({ controller }) => upgradeController(from, controller, version) },
    modelAction(from, version),
  ];
}

/** What brings up a new controller and moves the models to it. */
export function migrateActions(to: JujuVersion): readonly HopAction[] {
  const version = formatVersion(to);
  return [
    { step: "install-client", command: () => installCommand(to) },
    {
      step: "bootstrap",
      command: ({ family, bootstrapFlags }) =>
        joinParts([
          shellCommand`juju bootstrap CLOUD ${`${family}-${version}`} --agent-version ${version}`,
          ...bootstrapFlags,
        ]),
    },
    {
      step: "migrate",
      isPerModel: true,
      command: ({ controller, family, model }) =>
        shellCommand`juju migrate ${`${controller}:${model}`} ${`${family}-${version}`}`,
    },
    {
      step: "upgrade-model",
      isPerModel: true,
      command: ({ family, model }) =>
        shellCommand`juju upgrade-model -m ${`${family}-${version}:${model}`} --agent-version ${version}`,
    },
  ];
}

/** What brings one model of a controller to the controller's version. */
export function upgradeModelAction(controller: JujuVersion): HopAction {
  return modelAction(controller, formatVersion(controller));
}

/**
 * The client's snap from files, as it gets over a gap; this also replaces a snap that is installed. It is classic up
 * to 2.9 and strictly confined from 3.0 on.
 */
function installCommand(to: JujuVersion): ShellCommand {
  return to.major < 3
    ? shellCommand`sudo snap ack ./juju_REVISION.assert && sudo snap install ./juju_REVISION.snap --classic`
    : shellCommand`sudo snap ack ./juju_REVISION.assert && sudo snap install ./juju_REVISION.snap`;
}

/** `upgrade-controller` exists from 2.6 and is the only way from 3.5 on. Source: as `modelAction`. */
function upgradeController({ major, minor }: JujuVersion, controller: string, version: string): ShellCommand {
  const place = `${controller}:controller`;
  if (major === 2 && minor < 4) return shellCommand`juju upgrade-juju -m ${place} --agent-version ${version}`;
  if (major === 2 && minor < 6)
    return shellCommand`juju upgrade-model -m ${place} --agent-version ${version}`;
  return shellCommand`juju upgrade-controller -c ${controller} --agent-version ${version}`;
}

/**
 * `upgrade-model` replaced `upgrade-juju` in 2.4.
 * Source: cmd/juju/commands/upgradejuju.go, upgrademodel.go, upgradecontroller.go @juju-2.3.9 to 3.6
 */
function modelAction({ major, minor }: JujuVersion, version: string): HopAction {
  return {
    step: "upgrade-model",
    isPerModel: true,
    command: ({ controller, model }) => {
      const place = `${controller}:${model}`;
      return major === 2 && minor < 4
        ? shellCommand`juju upgrade-juju -m ${place} --agent-version ${version}`
        : shellCommand`juju upgrade-model -m ${place} --agent-version ${version}`;
    },
  };
}
