import { shellCommand } from "../../shared/shell-command.ts";
import { installsDistroInfo } from "../companions/companions-of.ts";
import { isFrom, isInSpan } from "../version-span.ts";
import { formatVersion } from "../version.ts";
import { backupStep, clientDataStep } from "./backup.ts";
import { placeOf, placesOf, type HopSituation, type ProcedureStep } from "./procedure.ts";

/** What comes before a hop, in order. */
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
    title: "all is well",
    text: "See that every machine and unit runs one version and is started.",
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
    title: "all is well",
    text: `See that everything is well and runs one version: machines started, units idle, no messages${
      nodes ? ", every controller node with its vote" : ""
    }. Juju refuses or gets stuck otherwise.`,
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
 * From 2.9.33 to 3.6 the controller model's setting counts for every model; before, each model's own when it is
 * looked up. Downloads go by the controller model's from 2.9.12 on.
 * Source: apiserver/common/tools.go @2.9.11, apiserver/tools.go @2.9.12, modelupgrader/findtools.go @2.9.33
 */
function agentsFromHere(situation: HopSituation): ProcedureStep {
  const { from, controller, models, url } = situation;
  const own = placeOf(controller, "controller");
  const setting = `agent-metadata-url=${url}`;
  const everyModel = !isFrom(from, "2.9.33") || isFrom(from, "4.0");
  return {
    id: "agents-from-here",
    title: "agents from here",
    text: `Let Juju look for agents in this mirror and nowhere else.${
      everyModel ? " Each model has a setting of its own." : ""
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
      text: "Once it runs the new version, each controller machine updates apt's lists and installs distro-info before its upgrade steps; where apt fails, the upgrade stops. See on every controller machine that the package is there and apt answers. apt-http-proxy redirects machines that exist; apt-mirror only those made later.",
      commands: [
        shellCommand`juju ssh -m ${own} N -- dpkg -s distro-info`,
        shellCommand`juju ssh -m ${own} N -- sudo apt-get update`,
        shellCommand`juju model-config -m ${own} apt-http-proxy=http://APT-PROXY    # only where apt has no source`,
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
    title: "room on each machine",
    text: "Each machine needs 250 MiB free in /var/lib/juju and in /tmp, or its agent stays behind without a word in juju status.",
    commands: [shellCommand`juju ssh -m ${place} N -- df -h /var/lib/juju /tmp`],
    source: "worker/upgrader/upgrader.go:checkForSpace @2.8.13 to 3.6.28",
  };
}

function targetKnows({ from, to, controller, newController }: HopSituation): ProcedureStep {
  const secrets = isFrom(from, "3.1");
  return {
    id: "target-knows",
    title: "users and clouds there",
    text: `Once the new controller runs, it has to know what the models use: every user (juju add-user), the cloud and region under the same name (juju add-cloud --controller), the credential${
      secrets ? ", and secret backends under the same name (juju add-secret-backend --import-id)" : ""
    }. No model of the same name and owner may be there.${
      isFrom(to, "4.0")
        ? " 4.0 takes only charms with a manifest that names bases, and no fan networking."
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
          ? "Relations to offers of the same controller break in a migration, unless the source runs 2.9.60 or 3.6.24 or later: upgrade it first, or migrate the models of both ends and see to the relations afterwards."
          : "",
        collapses ? "In 4.0 several entries of a model for one offer become one." : "",
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

/** The dry run of a migration came with 3.6.13; that of an upgrade leaves the check of lagging agents out. */
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
        text: "Let Juju run its own checks of each migration without starting it, once the new controller is there.",
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
      text: "Let Juju run its own checks without changing anything. It does not look for agents that lag, nor for an upgrade under way.",
      commands: [
        shellCommand`juju upgrade-controller -c ${controller} --agent-version ${formatVersion(to)} --dry-run`,
      ],
      source,
    },
  ];
}
