import { shellCommand } from "../../shared/shell-command.ts";
import { installsDistroInfo } from "../companions/companions-of.ts";
import { isFrom, isInSpan, type VersionSpan, formatVersion } from "../version.ts";
import { MIGRATION_FAILURES } from "./migration-failures.ts";
import { placeOf, placesOf, type FailureAdvice, type FailureRule, type HopSituation } from "./procedure.ts";

/** What to do if a hop fails, by symptom; the most likely first. */
export function failuresOf(situation: HopSituation): FailureAdvice[] {
  if (situation.from.major < 2) return [];
  return [...UPGRADE_FAILURES, ...MIGRATION_FAILURES]
    .filter(({ appliesTo }) => appliesTo(situation))
    .map(({ id, symptom, text, commands, source }) => ({
      id,
      symptom,
      text: typeof text === "string" ? text : text(situation),
      commands: commands(situation),
      source,
    }));
}

const isUpgrade = ({ how }: HopSituation) => how === "upgrade";
const ownPlace = ({ controller }: HopSituation) => placeOf(controller, "controller");
const firstPlace = (situation: HopSituation) => placesOf(situation)[0] ?? ownPlace(situation);

/** True for an upgrade by a controller of these releases; without a span by any. */
function upgradeBy(span: VersionSpan, also?: (situation: HopSituation) => boolean) {
  return (situation: HopSituation) =>
    isUpgrade(situation) && isInSpan(situation.from, span) && (also === undefined || also(situation));
}

const onMachines = ({ controllerType, models, movesController }: HopSituation) =>
  (movesController && controllerType === "iaas") || models.some(({ type }) => type === "iaas");
const ofMachineController = ({ movesController, controllerType }: HopSituation) =>
  movesController && controllerType === "iaas";
const ofPodController = ({ movesController, controllerType }: HopSituation) =>
  movesController && controllerType === "caas";

const restart = (situation: HopSituation) =>
  shellCommand`juju ssh -m ${ownPlace(situation)} N -- sudo systemctl restart jujud-machine-N`;

const repeat = (situation: HopSituation, option: string) =>
  situation.movesController
    ? shellCommand`juju upgrade-controller -c ${situation.controller} --agent-version ${formatVersion(situation.to)} --${option}`
    : shellCommand`juju upgrade-model -m ${firstPlace(situation)} --agent-version ${formatVersion(situation.to)} --${option}`;

const UPGRADE_FAILURES: readonly FailureRule[] = [
  {
    id: "agents-lag",
    symptom: "some agents have not upgraded to the current model version",
    text: "A machine or unit does not run the model's version yet, or never had an agent. Repair or remove each of them. The option ignores them; they then have to catch up later.",
    appliesTo: upgradeBy({ from: "2.0", to: "4.0" }, onMachines),
    commands: (situation) => [
      shellCommand`juju status -m ${firstPlace(situation)} --format json | jam upgraded --to ${formatVersion(situation.from)}`,
      repeat(situation, "ignore-agent-versions"),
    ],
    source: "state/state.go:checkCanUpgradeIAAS @2.8.13 to 3.6.28; docs/howto/manage-models.md",
  },
  {
    id: "no-upgrades",
    symptom: "no upgrades available, or no matching agent binaries available",
    text: "Juju searched a source that does not list the target: another agent-metadata-url, another agent-stream, or a mirror without it.",
    appliesTo: isUpgrade,
    commands: (situation) => [
      shellCommand`juju model-config -m ${ownPlace(situation)} agent-metadata-url`,
      shellCommand`jam lookup --juju ${formatVersion(situation.from)} --for upgrade --agent-version ${formatVersion(situation.to)}`,
      shellCommand`jam list ${formatVersion(situation.to)}`,
    ],
    source: "apiserver/facades/client/modelupgrader/findtools.go @2.9.42, 3.6.28",
  },
  {
    id: "upgrade-in-progress",
    symptom: "upgrade in progress",
    text: "An earlier upgrade has not completed on every controller node. Wait for it. Only after fixing what stopped it, reset it. Resetting an upgrade that still runs breaks it.",
    appliesTo: upgradeBy({ from: "2.0", to: "4.0" }),
    commands: (situation) => [
      shellCommand`juju status -m ${ownPlace(situation)}`,
      repeat(situation, "reset-previous-upgrade"),
    ],
    source: "cmd/juju/commands/upgrademodel.go, upgradecontroller.go @2.9.42, 3.6.28",
  },
  {
    id: "no-reset",
    symptom: "aborting model upgrades is not supported",
    text: "4.0 has no --reset-previous-upgrade. Fix what stops the agents on the old version; they retry automatically.",
    appliesTo: upgradeBy({ from: "4.0" }),
    commands: (situation) => [
      shellCommand`juju debug-log -m ${ownPlace(situation)} --level ERROR --limit 50`,
    ],
    source: "apiserver/facades/client/modelupgrader/modelupgrader.go:AbortModelUpgrade @4.0.15",
  },
  {
    id: "database-node",
    symptom: "unable to upgrade, database node N (ADDRESS) has state DOWN",
    text: "A node of MongoDB is neither primary nor secondary. Start it, or remove its machine and add a new node, before anything else.",
    appliesTo: upgradeBy({ from: "2.0", to: "4.0" }, ofMachineController),
    commands: (situation) => [
      shellCommand`juju show-controller ${situation.controller}`,
      shellCommand`juju ssh -m ${ownPlace(situation)} N -- sudo systemctl status ${databaseService(situation)}`,
      shellCommand`juju ssh -m ${ownPlace(situation)} N -- sudo systemctl restart ${databaseService(situation)}`,
    ],
    source: "upgrades/upgradevalidation/validation.go:checkMongoStatusForControllerUpgrade @2.9.33 to 3.6.28",
  },
  {
    id: "gave-up",
    symptom: "status error: upgrade to V failed (giving up): …",
    text: "The upgrade steps failed and the agent does not retry, although it shows the new version. Read the log, fix the cause, then restart the agent: it runs the steps again.",
    appliesTo: upgradeBy({ from: "2.0", to: "4.0" }, onMachines),
    commands: (situation) => [
      shellCommand`juju ssh -m ${firstPlace(situation)} N -- sudo tail -n 100 /var/log/juju/machine-N.log`,
      shellCommand`juju ssh -m ${firstPlace(situation)} N -- sudo systemctl restart jujud-machine-N`,
    ],
    source: "worker/upgradesteps/worker.go @2.8.13 to 3.6.28; docs/howto/manage-models.md",
  },
  {
    id: "gave-up-4.0",
    symptom: "status error: upgrade to V failed, or failed to perform upgrade steps, check logs.",
    text: '4.0 has the two texts swapped: "(giving up)" means that it will retry, "(will retry)" means the last try. Read the log, fix the cause and restart the agent.',
    appliesTo: upgradeBy({ from: "4.0" }, onMachines),
    commands: (situation) => [
      shellCommand`juju ssh -m ${firstPlace(situation)} N -- sudo tail -n 100 /var/log/juju/machine-N.log`,
      shellCommand`juju ssh -m ${firstPlace(situation)} N -- sudo systemctl restart jujud-machine-N`,
    ],
    source: "internal/upgradesteps/worker.go:RunUpgradeSteps @4.0.15",
  },
  {
    id: "distro-info",
    symptom: "machine N cannot be upgraded: failed to update distro-info: updating package list",
    text: "apt failed on that controller machine. Configure a source (apt-http-proxy applies at once), or install the package manually, then restart the agent.",
    appliesTo: (situation) =>
      isUpgrade(situation) && ofMachineController(situation) && installsDistroInfo(situation.to),
    commands: (situation) => [
      shellCommand`juju ssh -m ${ownPlace(situation)} N -- sudo apt-get update`,
      shellCommand`juju scp -m ${ownPlace(situation)} distro-info_VERSION.deb distro-info-data_VERSION.deb N:`,
      shellCommand`juju ssh -m ${ownPlace(situation)} N -- sudo dpkg -i distro-info_VERSION.deb distro-info-data_VERSION.deb`,
      restart(situation),
    ],
    source: "upgrades/preupgradesteps.go @2.8.13, 2.9.52, 3.6.28",
  },
  {
    id: "database-upgrade",
    symptom:
      "status stays at upgrading database for V, waiting on primary database upgrade, or ends in error",
    text: "The primary runs the database steps; the other nodes wait ten minutes for it and fifteen for each other (aborted wait for other controllers). Check the primary first; when it works, restart the agents that gave up.",
    appliesTo: upgradeBy({ from: "2.0", to: "4.0" }, ofMachineController),
    commands: (situation) => [
      shellCommand`juju show-controller ${situation.controller}`,
      shellCommand`juju ssh -m ${ownPlace(situation)} N -- sudo tail -n 100 /var/log/juju/machine-N.log`,
      restart(situation),
    ],
    source: "worker/upgradedatabase, worker/upgradesteps @2.8.13 to 3.6.28",
  },
  {
    id: "agent-behind",
    symptom: "an agent keeps the old version, without a message",
    text: "It cannot download the new agent from its controller, or does not have the space for it (not enough free disk space … for upgrade). Its log shows which. After a restart it tries at once.",
    appliesTo: (situation) => isUpgrade(situation) && onMachines(situation),
    commands: (situation) => [
      shellCommand`juju ssh -m ${firstPlace(situation)} N -- df -h /var/lib/juju /tmp`,
      shellCommand`juju ssh -m ${firstPlace(situation)} N -- sudo tail -n 100 /var/log/juju/machine-N.log`,
      shellCommand`juju ssh -m ${firstPlace(situation)} N -- sudo systemctl restart jujud-machine-N`,
    ],
    source: "worker/upgrader/upgrader.go @2.8.13 to 3.6.28; internal/worker/upgrader @4.0.15",
  },
  {
    id: "agent-lost",
    symptom: "machine down, unit lost: agent is not communicating with the server",
    text: "The machine or its agent does not run. If juju ssh does not connect, use the access of your cloud. If the agent starts and stops again, compare agent.conf with that of another machine.",
    appliesTo: (situation) => isUpgrade(situation) && onMachines(situation),
    commands: (situation) => [
      shellCommand`juju ssh -m ${firstPlace(situation)} N -- systemctl status jujud-machine-N`,
      shellCommand`juju ssh -m ${firstPlace(situation)} N -- sudo systemctl restart jujud-machine-N`,
      shellCommand`juju show-status-log -m ${firstPlace(situation)} UNIT`,
    ],
    source: "docs/howto/manage-models.md",
  },
  {
    id: "api-port-closed",
    symptom: "after the upgrade the controller's API port 17070 cannot be reached",
    text: "3.6.19 to 3.6.21 open the port only if the application controller is exposed, and an upgrade from a release before 3.6.19 does not expose it. Expose it from a machine that still reaches the port; 3.6.23 does it automatically.",
    appliesTo: (situation) =>
      isUpgrade(situation) &&
      situation.movesController &&
      isInSpan(situation.to, { from: "3.6.19", to: "3.6.23" }) &&
      !isFrom(situation.from, "3.6.19"),
    commands: (situation) => [shellCommand`juju expose -m ${ownPlace(situation)} controller`],
    source: "release notes of 3.6.19 and 3.6.23; juju #22313",
  },
  {
    id: "controller-application",
    symptom: 'upgrade step "expose controller application" failed: not found',
    text: "The controller has no application named controller, because its charm could not be deployed at bootstrap. 3.6.23 stops there; upgrade to 3.6.24 or later, which skips that step.",
    appliesTo: (situation) =>
      isUpgrade(situation) && situation.movesController && formatVersion(situation.to) === "3.6.23",
    commands: (situation) => [shellCommand`juju status -m ${ownPlace(situation)} controller`],
    source: "state/upgrades.go:ExposeControllerApplication @3.6.24; juju #22621, #22622",
  },
  {
    id: "image-pull",
    symptom: "ImagePullBackOff, or a controller that does not respond",
    text: "A node cannot pull the new image. Push it to the registry, or correct the address, login or certificate of the registry on the nodes; the pod then starts automatically.",
    appliesTo: (situation) =>
      isUpgrade(situation) &&
      (ofPodController(situation) || situation.models.some(({ type }) => type === "caas")),
    commands: (situation) => {
      const namespace = namespaceOf(situation);
      return [
        shellCommand`kubectl get pods -n ${namespace}`,
        shellCommand`kubectl describe pods -n ${namespace}`,
        ...(ofPodController(situation)
          ? [shellCommand`kubectl logs controller-0 -c api-server -n ${namespace} --tail 100`]
          : []),
      ];
    },
    source: "caas/kubernetes/provider/controller_upgrade.go @2.9.42, 3.6.28",
  },
  {
    id: "registry-refuses",
    symptom:
      "unsupported protocol scheme, faild to get manifests, manifest response version not supported, x509, or 401",
    text: "The controller could not read the registry before the upgrade; nothing was changed. See the notes on the registry: format of the manifests, port, login, certificate.",
    appliesTo: upgradeBy({ from: "2.9", to: "4.0" }, ofPodController),
    commands: () => [shellCommand`skopeo inspect --raw docker://REGISTRY/juju/jujud-operator:VERSION`],
    source: "docker/registry/internal, apiserver/facades/client/modelupgrader/findagents.go @2.9.42, 3.6.28",
  },
  {
    id: "any-other",
    symptom: "anything else",
    text: "The Juju documentation advises to repeat the command with --debug --verbose and to read the log. Transient errors are common, so the last lines count.",
    appliesTo: isUpgrade,
    commands: (situation) => [
      shellCommand`juju debug-log -m ${firstPlace(situation)} --level ERROR --limit 50`,
      shellCommand`juju show-status-log -m ${firstPlace(situation)} --type machine N`,
    ],
    source: "docs/howto/manage-your-deployment/troubleshoot-your-deployment.md",
  },
];

/** The namespace of the controller's pod, else of the first model on Kubernetes. */
function namespaceOf(situation: HopSituation): string {
  if (ofPodController(situation)) return `controller-${situation.controller}`;
  const name = situation.models.find(({ type }) => type === "caas")?.name ?? "MODEL";
  return name.split("/").at(-1) ?? name;
}

/** MongoDB is a snap from 3.0; before, its unit is `juju-db`. */
function databaseService({ from }: HopSituation): string {
  return isFrom(from, "3.0") ? "snap.juju-db.daemon" : "juju-db";
}
