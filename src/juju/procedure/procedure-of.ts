import { formatVersion } from "../version.ts";
import { shellCommand } from "../../shared/shell-command.ts";
import { restoreWayBack } from "./backup.ts";
import { beforeSteps } from "./before.ts";
import { clientSteps } from "./client.ts";
import { failuresOf } from "./failures.ts";
import { placeOf, type HopProcedure, type HopSituation, type WayBack } from "./procedure.ts";
import { verifySteps, watchSteps } from "./watch.ts";

/** The procedure of a hop, without the commands of the upgrade itself, which are the steps of the hop. */
export function procedureOf(situation: HopSituation): HopProcedure {
  return {
    before: beforeSteps(situation),
    client: clientSteps(situation),
    watch: watchSteps(situation),
    verify: verifySteps(situation),
    ifItFails: failuresOf(situation),
    wayBack: wayBackOf(situation),
  };
}

function wayBackOf(situation: HopSituation): WayBack[] {
  const { from, how, movesController } = situation;
  if (from.major < 2) {
    return [
      {
        id: "unread",
        title: "not known",
        is: "unknown",
        text: "Whether 1.x can go back was not examined.",
        commands: [],
        source: "not read",
      },
    ];
  }
  if (how === "migrate") return migrationWayBack(situation);
  if (movesController) return [restoreWayBack(situation)];
  return [
    {
      id: "model-upgrade",
      title: "none",
      is: "none",
      text: "A model cannot go back to a lower version. Fix what stopped the upgrade and let it complete.",
      commands: [],
      source:
        "apiserver/facades/client/modelupgrader/upgrader.go @3.6.28; domain/modelagent/service/service.go @4.0.15",
    },
  ];
}

function migrationWayBack({ from, to, controller, newController, models }: HopSituation): WayBack[] {
  return [
    {
      id: "until-success",
      title: "until a model has migrated, it stays where it is",
      is: "source-stays",
      text: `Until its migration has succeeded, a model stays on ${controller} and works there; Juju undoes a migration that fails. As long as the new controller has no models, it can be destroyed and bootstrapped again.`,
      commands: [shellCommand`juju destroy-controller ${newController}`],
      source: "docs/howto/manage-models.md; worker/migrationmaster/worker.go @3.6.28",
    },
    {
      id: "after-success",
      title: "after that, none",
      is: "none",
      text: `Once a model is on ${newController}, it cannot go back: a controller of ${formatVersion(from)} refuses a model from one of ${formatVersion(to)}. Migrate the least important model first, and keep the old controller until every model is verified.`,
      commands: models
        .slice(0, 1)
        .map(({ name }) => shellCommand`juju status -m ${placeOf(newController, name)}`),
      source: "migration/precheck.go:TargetPrecheck @2.9.42, 3.6.28",
    },
  ];
}
