import { shellCommand } from "../../shared/shell-command.ts";
import { isFrom, isInSpan } from "../version-span.ts";
import { formatVersion } from "../version.ts";
import { placeOf, type FailureRule, type HopSituation } from "./procedure.ts";

const isMigration = ({ how }: HopSituation) => how === "migrate";
const firstModel = ({ controller, models }: HopSituation) => placeOf(controller, models[0]?.name ?? "MODEL");

/** What a bootstrap and the migrations after it can meet. */
export const MIGRATION_FAILURES: readonly FailureRule[] = [
  {
    id: "bootstrap-agents",
    symptom: "Juju cannot bootstrap because no agent binaries are available for your model",
    text: "The client did not find the agents in this mirror: another address, a version or an architecture that it does not hold.",
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
    text: "The controller could not get its charm: --controller-charm-path is missing (on machines), or nothing answers for Charmhub (on Kubernetes). A controller without it upgrades badly: destroy it and bootstrap again.",
    appliesTo: (situation) => isMigration(situation) && isFrom(situation.to, "3.0"),
    commands: ({ newController }) => [
      shellCommand`juju status -m ${placeOf(newController, "controller")} controller`,
    ],
    source: "cmd/jujud/agent/controllercharm.go @3.6.28, internal/bootstrap/deployer.go @4.0.15; juju #22621",
  },
  {
    id: "bootstrap-other",
    symptom: "the bootstrap fails or hangs",
    text: "Juju's own advice: repeat it with more output and keep the machine, so that its log can be read.",
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
    text: "Something in the model or in its controller is not at rest: an agent down, a unit not idle, a machine not running, another version. Nothing was changed; the model stays. Mend what it names and migrate again.",
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
    text: "The new controller does not take the model: its version, a name that is there already, a cloud, users or facades that are missing. Nothing was changed.",
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
        "The model stays where it was and keeps working. Juju's words name the cause:",
        'user "X" is permanently deleted: make that user on the new controller;',
        'credential "X" not found: give the model a credential that its owner has (juju set-credential);',
        "machine sanity check failed: the cloud has machines that Juju does not know, or the reverse: make them agree;",
        'unsupported schema "cs": refresh that application to a charm of Charmhub first.',
        "Then migrate again.",
        isInSpan(situation.from, { from: "3.0", to: "4.0" })
          ? "Check afterwards that the source model still takes changes: an abort that fails itself can leave it half active (juju #21459, open)."
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
    text: "A half imported model is left on the new controller, and a new try is refused. No command removes it (juju #20361, open): bootstrap another new controller and migrate there.",
    appliesTo: isMigration,
    commands: ({ newController }) => [shellCommand`juju models -c ${newController} --all`],
    source: "juju #20361",
  },
  {
    id: "agents-not-following",
    symptom: "the migration waits for agents to report, or fails in VALIDATION",
    text: "Machines cannot reach the new controller at port 17070, or too many come at once. Open the way; for a large model raise the limits on the new controller.",
    appliesTo: isMigration,
    commands: ({ newController }) => [
      shellCommand`juju controller-config -c ${newController} migration-agent-wait-time=30m agent-ratelimit-max=100 agent-ratelimit-rate=50ms`,
    ],
    source: "docs/howto/manage-models.md; worker/migrationmaster/worker.go @3.6.28",
  },
];
