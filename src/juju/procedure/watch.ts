import { shellCommand } from "../../shared/shell-command.ts";
import { isFrom, isInSpan, formatVersion } from "../version.ts";
import { placeOf, placesOf, type HopSituation, type ProcedureStep } from "./procedure.ts";

/** What to watch while a hop runs. */
export function watchSteps(situation: HopSituation): ProcedureStep[] {
  const { from, how, controllerType, movesController, controller } = situation;
  if (from.major < 2) {
    return [
      step("status", "Wait until every agent runs the target version.", [
        shellCommand`watch -n 5 juju status -e ENVIRONMENT`,
      ]),
    ];
  }
  if (how === "migrate") return [migration(situation), ...afterMigration(situation)];
  const own = placeOf(controller, "controller");
  const first = placesOf(situation)[0] ?? own;
  return [
    upgraded(situation, placesOf(situation)),
    ...(movesController && controllerType === "caas"
      ? [
          step(
            "pods",
            "The controller's pod restarts with the new image; until then the controller does not respond.",
            [shellCommand`kubectl get pods -n ${`controller-${controller}`} -w`],
          ),
        ]
      : []),
    step(
      "log",
      `What the agents log meanwhile.${movesController && controllerType === "iaas" ? " While its upgrade steps run, a controller responds only to juju status and juju ssh." : ""}`,
      [shellCommand`juju debug-log -m ${first} --tail --level WARNING`],
    ),
  ];
}

/** How to verify that a hop is complete. */
export function verifySteps(situation: HopSituation): ProcedureStep[] {
  const { from, to, how, controller, newController, models, movesController } = situation;
  const version = formatVersion(to);
  if (from.major < 2) {
    return [
      step("status", "Every machine and unit runs the target version and is started.", [
        shellCommand`juju status -e ENVIRONMENT`,
      ]),
    ];
  }
  const places =
    how === "migrate" ? models.map(({ name }) => placeOf(newController, name)) : placesOf(situation);
  const target = how === "migrate" ? newController : controller;
  return [
    step(
      "upgraded",
      `Every agent runs ${version} and works: exit status 0. The version alone does not prove it, because agents report it before their upgrade steps run.`,
      places.map(
        (place) => shellCommand`juju status -m ${place} --format json | jam upgraded --to ${version}`,
      ),
    ),
    ...(movesController
      ? [
          step("controller", nodesText(situation), [
            shellCommand`juju controllers --refresh`,
            shellCommand`juju show-controller ${target}`,
          ]),
        ]
      : []),
    ...kubernetesVerify(situation),
    ...oldDatabase(situation),
    ...(how === "migrate"
      ? [
          step(
            "moved",
            "The models are on the new controller and no longer on the old one. Send each user a new registration.",
            [
              shellCommand`juju models -c ${newController}`,
              shellCommand`juju models -c ${controller}`,
              shellCommand`juju change-user-password -c ${newController} USER --reset`,
            ],
          ),
        ]
      : []),
  ];
}

function nodesText({ to, controllerType }: HopSituation): string {
  if (controllerType === "caas") return "The client shows the new version of the controller.";
  return isFrom(to, "4.0")
    ? "The client shows the new version of the controller; every controller machine is started and shows no message."
    : "The client shows the new version of the controller; with several nodes, each is ha-enabled and one is primary.";
}

/** An upgrade keeps the MongoDB of the bootstrap. Source: release notes of 2.9.56, 3.6.19 and 3.6.23 */
function oldDatabase({
  from,
  to,
  how,
  movesController,
  controller,
  controllerType,
}: HopSituation): ProcedureStep[] {
  const isOld =
    isInSpan(from, { from: "2.0", to: "2.9.56" }) || isInSpan(from, { from: "3.0", to: "3.6.19" });
  if (how === "migrate" || !movesController || !isOld) return [];
  const script =
    controllerType === "iaas" && isFrom(to, "3.6.19")
      ? " or run set-juju-db-snap-channel.sh of Juju's sources"
      : "";
  return [
    step(
      "database",
      `The upgrade keeps the MongoDB of the bootstrap, which has CVE-2025-14847 if it is older than 4.4.30: when you can, bootstrap a new controller and migrate the models${script}. Keep port 37017 closed until then.`,
      [shellCommand`juju show-controller ${controller}    # mongo-version`],
    ),
  ];
}

function kubernetesVerify({
  models,
  how,
  controllerType,
  movesController,
  controller,
  newController,
}: HopSituation): ProcedureStep[] {
  const pods = models.filter(({ type }) => type === "caas");
  const namespace = `controller-${how === "migrate" ? newController : controller}`;
  const commands = [
    ...(movesController && controllerType === "caas"
      ? [shellCommand`kubectl get pods -n ${namespace} -o jsonpath='{..image}'`]
      : []),
    ...pods.map(
      ({ name }) =>
        shellCommand`kubectl get pods -n ${name.split("/").at(-1) ?? name} -o jsonpath='{..image}'`,
    ),
  ];
  if (commands.length === 0) return [];
  return [
    step(
      "images",
      "On Kubernetes, check the images: jujud-operator has the new tag. Units of podspec charms show no version in juju status.",
      commands,
    ),
  ];
}

function upgraded(situation: HopSituation, places: readonly string[]): ProcedureStep {
  const version = formatVersion(situation.to);
  return step(
    "upgraded",
    "Shows for each agent whether it runs the target version and works, or what stops it. It exits when all are done.",
    places.map(
      (place) => shellCommand`jam upgraded --to ${version} --watch -- juju status -m ${place} --format json`,
    ),
  );
}

function migration({ controller, models }: HopSituation): ProcedureStep {
  return step(
    "migration",
    "Shows the phases of each migration, from starting to successful. After it, the model is no longer on the old controller.",
    models.map(({ name }) => shellCommand`watch -n 5 juju show-model ${placeOf(controller, name)}`),
  );
}

function afterMigration(situation: HopSituation): ProcedureStep[] {
  const { newController, models } = situation;
  return [
    upgraded(
      situation,
      models.map(({ name }) => placeOf(newController, name)),
    ),
  ];
}

/** The titles in the table. */
const TITLES = {
  status: "the status",
  upgraded: "agents",
  pods: "the controller's pod",
  log: "the log",
  migration: "the migration",
  controller: "the controller",
  images: "the images",
  database: "MongoDB",
  moved: "the models",
} as const;

function step(id: keyof typeof TITLES, text: string, commands: ProcedureStep["commands"]): ProcedureStep {
  return { id, title: TITLES[id], text, commands, source: SOURCE };
}

const SOURCE =
  "worker/upgradesteps, worker/upgradedatabase, worker/migrationmaster @2.9.42 to 3.6.28; internal/upgradesteps @4.0.15; docs/howto/manage-models.md";
