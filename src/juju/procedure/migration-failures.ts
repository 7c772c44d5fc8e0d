import { shellCommand } from "../../shared/shell-command.ts";
import { isFrom, isInSpan, formatVersion } from "../version.ts";
import { placeOf, type FailureRule, type HopSituation } from "./procedure.ts";

const isMigration = ({ how }: HopSituation) => how === "migrate";
const firstModel = ({ controller, models }: HopSituation) => placeOf(controller, models[0]?.name ?? "MODEL");

/** Failures of a bootstrap and of the migrations after it. */
export const MIGRATION_FAILURES: readonly FailureRule[] = [
  {
    id: "bootstrap-agents",
    symptom: "Juju cannot bootstrap because no agent binaries are available for your model",
    text: "The client did not find the agents in this mirror: it uses another address, or the mirror does not hold the version or architecture.",
    appliesTo: (situation) => isMigration(situation) && situation.controllerType === "iaas",
    commands: ({ to }) => [
      shellCommand`jam list ${formatVersion(to)}`,
      shellCommand`jam lookup --juju ${formatVersion(to)} --agent-version ${formatVersion(to)}`,
    ],
    source: "environs/bootstrap/bootstrap.go @2.9.42, 3.6.28, 4.0.15",
  },
  {
    id: "bootstrap-charm",
    symptom: "cannot deploy controller application: deploying charmhub controller charm",
    text: "The controller could not get its charm: --controller-charm-path is missing (on machines), or Charmhub is not reachable (on Kubernetes). Upgrades of a controller without its charm fail: destroy it and bootstrap again.",
    appliesTo: (situation) => isMigration(situation) && isFrom(situation.to, "3.0"),
    commands: ({ newController }) => [
      shellCommand`juju status -m ${placeOf(newController, "controller")} controller`,
    ],
    source: "cmd/jujud/agent/controllercharm.go @3.6.28, internal/bootstrap/deployer.go @4.0.15; juju #22621",
  },
  {
    id: "bootstrap-other",
    symptom: "the bootstrap fails or hangs",
    text: "The Juju documentation advises to repeat it with more output and to keep the machine, so that its log can be read.",
    appliesTo: isMigration,
    commands: ({ newController, to, controllerType }) => [
      shellCommand`juju bootstrap CLOUD ${newController} --agent-version ${formatVersion(to)} --debug --verbose --keep-broken    # and the flags of the plan`,
      ...(controllerType === "caas"
        ? [shellCommand`kubectl logs controller-0 -c api-server -n ${`controller-${newController}`}`]
        : []),
    ],
    source: "docs/howto/manage-controllers.md",
  },
  {
    id: "source-prechecks",
    symptom: "source prechecks failed: …",
    text: "The model or its controller is not ready: an agent is down, a unit is not idle, a machine does not run, or versions differ. Nothing was changed; the model stays. Fix what the message names and migrate again.",
    appliesTo: isMigration,
    commands: (situation) => [
      shellCommand`juju status -m ${firstModel(situation)} --format json | jam upgraded --to ${formatVersion(situation.from)}`,
      shellCommand`juju status -m ${placeOf(situation.controller, "controller")}`,
    ],
    source: "migration/precheck.go:SourcePrecheck @2.8.13 to 3.6.28; internal/migration/precheck.go @4.0.15",
  },
  {
    id: "target-prechecks",
    symptom: "target prechecks failed: …",
    text: "The new controller refuses the model: because of its version, a name that exists already, or a missing cloud, user or facade. Nothing was changed.",
    appliesTo: isMigration,
    commands: ({ newController }) => [
      shellCommand`juju models -c ${newController}`,
      shellCommand`juju status -m ${placeOf(newController, "controller")}`,
    ],
    source: "migration/precheck.go:TargetPrecheck @2.8.13 to 3.6.28; internal/migration/precheck.go @4.0.15",
  },
  {
    id: "migration-aborted",
    symptom: "migration: aborted, removing model from target controller: …",
    text: (situation) =>
      [
        "The model stays where it was and keeps working. The message names the cause:",
        'user "X" is permanently deleted: add that user on the new controller;',
        'credential "X" not found: give the model a credential that its owner has (juju set-credential);',
        "machine sanity check failed: the cloud has machines that Juju does not know, or the reverse: remove the difference;",
        'unsupported schema "cs": refresh that application to a Charmhub charm first.',
        "Then migrate again.",
        isInSpan(situation.from, { from: "3.0", to: "4.0" })
          ? "Check afterwards that the source model still accepts changes: if the abort itself fails, the model can stay partly disabled (juju #21459, open)."
          : "",
      ]
        .filter(Boolean)
        .join(" "),
    appliesTo: isMigration,
    commands: (situation) => [
      shellCommand`juju show-model ${firstModel(situation)}`,
      shellCommand`juju debug-log -m ${placeOf(situation.controller, "controller")} --include-module juju.worker.migrationmaster --limit 100`,
    ],
    source:
      "docs/howto/manage-models.md; worker/migrationmaster/worker.go @2.9.42, 3.6.28; apiserver/charms.go:processPost @3.1; juju #21459",
  },
  {
    id: "model-left-importing",
    symptom: "model with same UUID already exists, after the new controller broke down during a migration",
    text: "A partly imported model is left on the new controller, and a second try is refused. No command removes it (juju #20361, open): bootstrap another controller and migrate there.",
    appliesTo: isMigration,
    commands: ({ newController }) => [shellCommand`juju models -c ${newController} --all`],
    source: "juju #20361",
  },
  {
    id: "agents-not-following",
    symptom: "the migration waits for agents to report, or fails in VALIDATION",
    text: "Machines cannot reach port 17070 of the new controller, or too many connect at once. Open the port; for a large model raise the limits on the new controller.",
    appliesTo: isMigration,
    commands: ({ newController }) => [
      shellCommand`juju controller-config -c ${newController} migration-agent-wait-time=30m agent-ratelimit-max=100 agent-ratelimit-rate=50ms`,
    ],
    source: "docs/howto/manage-models.md; worker/migrationmaster/worker.go @3.6.28",
  },
];
