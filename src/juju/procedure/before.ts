import { shellCommand } from "../../shared/shell-command.ts";
import { installsDistroInfo } from "../companions/companions-of.ts";
import { isFrom, isInSpan, formatVersion } from "../version.ts";
import { backupStep, clientDataStep } from "./backup.ts";
import { placeOf, placesOf, type HopSituation, type ProcedureStep } from "./procedure.ts";

/** The steps before a hop, in order. */
export function beforeSteps(situation: HopSituation): ProcedureStep[] {
  const { from, movesController, how, controllerType } = situation;
  if (from.major < 2) return [oldStatus(), backupStep(situation)];
  return [
    healthy(situation),
    ...(movesController ? [backupStep(situation), clientDataStep(situation)] : []),
    ...(how === "upgrade" ? [agentsFromHere(situation)] : []),
    ...(how === "upgrade" && movesController && controllerType === "iaas" ? nodesFetch(situation) : []),
    ...(how === "upgrade" && hasMachines(situation) ? [space(situation)] : []),
    ...(how === "migrate" ? [targetKnows(situation), ...crossModel(situation)] : []),
    ...dryRun(situation),
  ];
}

function oldStatus(): ProcedureStep {
  return {
    id: "healthy",
    title: "health check",
    text: "Check that every machine and unit runs the same version and is started.",
    commands: [shellCommand`juju status -e ENVIRONMENT`],
    source: "cmd/juju/commands/upgradejuju.go @juju-1.25.14",
  };
}

function healthy(situation: HopSituation): ProcedureStep {
  const { from, controller, movesController } = situation;
  const version = formatVersion(from);
  const nodes = movesController && situation.controllerType === "iaas" && !isFrom(from, "4.0");
  return {
    id: "healthy",
    title: "health check",
    text: `Check that everything is healthy and runs the same version: machines started, units idle, no messages${
      nodes ? ", every controller node with a vote" : ""
    }. Otherwise Juju refuses the upgrade, or it gets stuck.`,
    commands: [
      ...placesOf(situation).map(
        (place) => shellCommand`juju status -m ${place} --format json | jam upgraded --to ${version}`,
      ),
      ...(nodes ? [shellCommand`juju show-controller ${controller} --format json`] : []),
    ],
    source:
      "state/state.go:SetModelAgentVersion @2.8.13 to 3.6.28, migration/precheck.go:SourcePrecheck @3.6.28",
  };
}

/**
 * From 2.9.33 to 3.6 the setting of the controller model applies to every model; before, each model's own setting does.
 * Downloads use the setting of the controller model from 2.9.12.
 * Source: apiserver/common/tools.go @2.9.11, apiserver/tools.go @2.9.12, modelupgrader/findtools.go @2.9.33
 */
function agentsFromHere(situation: HopSituation): ProcedureStep {
  const { from, controller, models, url } = situation;
  const own = placeOf(controller, "controller");
  const setting = `agent-metadata-url=${url}`;
  const everyModel = !isFrom(from, "2.9.33") || isFrom(from, "4.0");
  return {
    id: "agents-from-here",
    title: "agents from this mirror",
    text: `Let Juju search for agents only in this mirror.${
      everyModel ? " Each model has its own setting." : ""
    }`,
    commands: [
      shellCommand`juju model-config -m ${own} ${setting}`,
      shellCommand`juju model-defaults -c ${controller} ${setting}`,
      ...(everyModel
        ? models.map(({ name }) => shellCommand`juju model-config -m ${placeOf(controller, name)} ${setting}`)
        : []),
    ],
    source:
      "apiserver/common/tools.go @2.9.11, apiserver/tools.go @2.9.12, modelupgrader/findtools.go @2.9.33",
  };
}

function nodesFetch({ to, controller }: HopSituation): ProcedureStep[] {
  if (!installsDistroInfo(to)) return [];
  const own = placeOf(controller, "controller");
  return [
    {
      id: "nodes-fetch",
      title: "apt on each controller machine",
      text: "With the new version, each controller machine updates the apt lists and installs distro-info before its upgrade steps; if apt fails, the upgrade stops. Check on every controller machine that the package is installed and that apt works. apt-http-proxy applies to existing machines, apt-mirror only to new ones.",
      commands: [
        shellCommand`juju ssh -m ${own} N -- dpkg -s distro-info`,
        shellCommand`juju ssh -m ${own} N -- sudo apt-get update`,
        shellCommand`juju model-config -m ${own} apt-http-proxy=http://APT-PROXY    # only if apt has no source`,
      ],
      source: "upgrades/preupgradesteps.go @2.8.13, 2.9.52, 3.6.28",
    },
  ];
}

function hasMachines({ controllerType, movesController, models }: HopSituation): boolean {
  return (movesController && controllerType === "iaas") || models.some(({ type }) => type === "iaas");
}

function space(situation: HopSituation): ProcedureStep {
  const place = placesOf(situation)[0] ?? "MODEL";
  return {
    id: "space",
    title: "free space on each machine",
    text: "Each machine needs 250 MiB free in /var/lib/juju and in /tmp, or its agent stays on the old version, and juju status does not show why.",
    commands: [shellCommand`juju ssh -m ${place} N -- df -h /var/lib/juju /tmp`],
    source: "worker/upgrader/upgrader.go:checkForSpace @2.8.13 to 3.6.28",
  };
}

function targetKnows({ from, to, controller, newController }: HopSituation): ProcedureStep {
  const secrets = isFrom(from, "3.1");
  return {
    id: "target-knows",
    title: "users and clouds",
    text: `The new controller has to know everything that the models use: every user (juju add-user), the cloud and region with the same name (juju add-cloud --controller), the credential${
      secrets ? ", and secret backends with the same name (juju add-secret-backend --import-id)" : ""
    }. It must not have a model with the same name and owner.${
      isFrom(to, "4.0")
        ? " 4.0 accepts only charms with a manifest that names bases, and does not support fan networking."
        : ""
    }`,
    commands: [
      shellCommand`juju users -c ${controller}`,
      shellCommand`juju users -c ${newController}`,
      shellCommand`juju clouds -c ${newController}`,
      ...(secrets ? [shellCommand`juju secret-backends -c ${newController}`] : []),
    ],
    source:
      "migration/precheck.go:TargetPrecheck, state/migration_import.go @3.6.28; internal/migration/precheck.go @4.0.15",
  };
}

/** Source: release notes of 2.9.60, 3.6.24 and 4.0.3. */
function crossModel({ from, to, hasCrossModelRelations, controller, models }: HopSituation): ProcedureStep[] {
  const breaks =
    isInSpan(from, { from: "2.9", to: "2.9.60" }) || isInSpan(from, { from: "3.0", to: "3.6.24" });
  const collapses = isFrom(to, "4.0") && from.major < 4;
  if (hasCrossModelRelations === false || (!breaks && !collapses)) return [];
  const [first] = models;
  return [
    {
      id: "cross-model-relations",
      title: "relations to offers",
      text: [
        breaks
          ? "Relations to offers of the same controller break in a migration unless the source runs 2.9.60, 3.6.24 or later: upgrade it first, or migrate the models of both ends and repair the relations afterwards."
          : "",
        collapses ? "4.0 joins several entries of a model for one offer into one." : "",
      ]
        .filter(Boolean)
        .join(" "),
      commands:
        first === undefined
          ? []
          : [shellCommand`juju status -m ${placeOf(controller, first.name)} --relations`],
      source: "release notes of 2.9.60, 3.6.24 and 4.0.3",
    },
  ];
}

/** `juju migrate --dry-run` exists since 3.6.13. That of an upgrade does not check for agents on older versions. */
function dryRun({
  from,
  to,
  how,
  movesController,
  controller,
  newController,
  models,
}: HopSituation): ProcedureStep[] {
  const source =
    "apiserver/facades/client/modelupgrader/upgrader.go:UpgradeModel @3.6.28; release notes of 3.6.13";
  if (how === "migrate") {
    if (!isFrom(from, "3.6.13")) return [];
    return [
      {
        id: "dry-run",
        title: "Juju's own checks",
        text: "When the new controller runs, let Juju run its own checks of each migration without starting it.",
        commands: models.map(
          ({ name }) => shellCommand`juju migrate --dry-run ${placeOf(controller, name)} ${newController}`,
        ),
        source,
      },
    ];
  }
  if (!movesController || isInSpan(from, { from: "2.0", to: "2.6" })) return [];
  return [
    {
      id: "dry-run",
      title: "Juju's own checks",
      text: "Let Juju run its own checks without changing anything. It does not look for agents on older versions, nor for an upgrade in progress.",
      commands: [
        shellCommand`juju upgrade-controller -c ${controller} --agent-version ${formatVersion(to)} --dry-run`,
      ],
      source,
    },
  ];
}
