import { shellCommand } from "../../shared/shell-command.ts";
import { ANY_MODEL, KUBERNETES, MACHINES, rows, type Precheck } from "./precheck.ts";

const PRECHECK =
  "migration/precheck.go:SourcePrecheck @2.8.13, @3.6.28; internal/migration/precheck.go @4.0.15";

const EVERY = { from: "2.8" };
const BEFORE_4 = { from: "2.8", to: "4.0" };

/** Checks of agents run for the migrating model and for the controller's own model. */
const MODEL_AND_CONTROLLER = [
  { step: "migrate", server: EVERY, scope: "model" },
  { step: "migrate", server: EVERY, scope: "controller-model" },
] as const;

const ONLY_MODEL = [{ step: "migrate", server: EVERY, scope: "model" }] as const;
const MODEL_BEFORE_4 = [{ step: "migrate", server: BEFORE_4, scope: "model" }] as const;

/** What `juju migrate` checks about machines, units and applications. None of it can be skipped. */
export const MIGRATE_PRECHECKS: readonly Precheck[] = [
  ...rows(
    {
      id: "machine-dying",
      models: MACHINES,
      visibility: "listing",
      fact: "A machine is being removed.",
      remedy: "Wait until it is removed; juju remove-machine N --force removes one that hangs.",
      message: "machine N is dying",
      source: PRECHECK,
    },
    MODEL_AND_CONTROLLER,
  ),
  ...rows(
    {
      id: "machine-not-running",
      models: MACHINES,
      visibility: "listing",
      fact: "The instance of a machine does not run.",
      remedy: "Fix the error in machine-status and run juju retry-provisioning, or remove the machine.",
      message: "machine N not running",
      source: PRECHECK,
    },
    MODEL_AND_CONTROLLER,
  ),
  ...rows(
    {
      id: "machine-not-started",
      models: MACHINES,
      visibility: "listing",
      fact: "The agent of a machine does not work.",
      remedy: "Restart the host, then the service jujud-machine-N, or remove the machine.",
      message: "machine N agent not functioning at this time",
      source: PRECHECK,
    },
    MODEL_AND_CONTROLLER,
  ),
  ...rows(
    {
      id: "agents-differ",
      models: MACHINES,
      visibility: "listing",
      fact: "An agent runs another version than its model.",
      remedy: "Upgrade the model and wait until every agent runs its version; no flag skips this check.",
      message: "agent binaries don't match model",
      source: PRECHECK,
    },
    MODEL_AND_CONTROLLER,
  ),
  ...rows(
    {
      id: "application-dying",
      models: ANY_MODEL,
      visibility: "listing",
      fact: "An application is being removed.",
      remedy: "Wait until it is removed; juju remove-application NAME --force removes one that hangs.",
      message: "application NAME is dying",
      source: PRECHECK,
    },
    ONLY_MODEL,
  ),
  ...rows(
    {
      id: "unit-not-idle",
      models: ANY_MODEL,
      visibility: "listing",
      fact: "The agent of a unit is neither idle nor executing.",
      remedy: "Wait, or repair the unit (juju resolved, the agent of its machine), or remove it.",
      message: "unit NAME not idle or executing",
      source: PRECHECK,
    },
    ONLY_MODEL,
  ),
  ...rows(
    {
      id: "workload-not-viable",
      models: ANY_MODEL,
      visibility: "listing",
      fact: "The workload of a unit is neither active nor about to be.",
      remedy: "Make the workload active; 4.0 does not migrate blocked, error, unknown or terminated ones.",
      message: "workload not active or viable",
      source: "internal/migration/precheck.go, core/status/present.go:IsUnitWorkloadPresent @4.0.15",
    },
    [{ step: "migrate", server: { from: "4.0" }, scope: "model" }],
  ),
  ...rows(
    {
      id: "unit-upgrading",
      models: ANY_MODEL,
      visibility: "listing",
      fact: "A unit is being upgraded to another charm revision.",
      remedy: "Wait until the unit has finished its charm upgrade.",
      message: "unit NAME is upgrading",
      source: PRECHECK,
    },
    ONLY_MODEL,
  ),
  ...rows(
    {
      id: "unit-dying",
      models: ANY_MODEL,
      visibility: "operator",
      fact: "A unit is being removed.",
      remedy: "Wait until it is removed; juju remove-unit --force removes one that hangs.",
      message: "unit NAME is dying",
      look: ({ controller, model }) =>
        shellCommand`juju show-unit -m ${`${controller}:${model}`} UNIT    # juju status never prints the life of a unit`,
      source: PRECHECK,
    },
    ONLY_MODEL,
  ),
  ...rows(
    {
      id: "relation-scope",
      models: ANY_MODEL,
      visibility: "operator",
      fact: "A unit has not joined one of its relations yet.",
      remedy: "Wait, or remove the relation.",
      message: "hasn't joined relation",
      look: ({ controller, model }) =>
        shellCommand`juju show-unit -m ${`${controller}:${model}`} UNIT    # in-scope of each related unit`,
      source: PRECHECK,
    },
    ONLY_MODEL,
  ),
  ...rows(
    {
      id: "migration-leftovers",
      models: ANY_MODEL,
      visibility: "operator",
      fact: "A reboot is requested, cleanups are pending, or an application has fewer units than min-units.",
      remedy: "Wait some minutes, add units, or lower min-units.",
      message: "cleanup needed",
      look: ({ controller, model }) =>
        shellCommand`juju migrate --dry-run ${`${controller}:${model}`} TARGET    # from 3.6.13 on`,
      source: PRECHECK,
    },
    MODEL_BEFORE_4,
  ),
  ...rows(
    {
      id: "application-scaling",
      models: KUBERNETES,
      visibility: "operator",
      fact: "An application is being provisioned or scaled.",
      remedy: "Wait until its pods run.",
      message: "has an ongoing scale operation",
      look: ({ model }) => shellCommand`kubectl get statefulset -n ${model}`,
      source: "migration/precheck.go:SourcePrecheck @3.6.28",
    },
    [{ step: "migrate", server: { from: "3.6.22", to: "4.0" }, scope: "model" }],
  ),
  ...rows(
    {
      id: "users-on-target",
      models: ANY_MODEL,
      visibility: "operator",
      fact: "A user of the model does not exist on the target controller.",
      remedy: "Add the users to the target, or revoke their access to the model.",
      message: "cannot initiate migration as the users granted access to the model do not exist",
      look: ({ controller, model }) =>
        shellCommand`juju show-model ${`${controller}:${model}`} --format json    # compare users with juju users -c TARGET`,
      source: "cmd/juju/commands/migrate.go:migrateModel, apiserver/facades/client/controller @3.6.28",
    },
    ONLY_MODEL,
  ),
  ...rows(
    {
      id: "cloud-name",
      models: ANY_MODEL,
      visibility: "operator",
      fact: "The target controller does not have the model's cloud and region with the same names.",
      remedy: "Add the cloud to the target with the same name: juju add-cloud --controller.",
      message: "not found on target controller",
      look: () => shellCommand`juju clouds --controller TARGET`,
      source: "state/model.go:NewModel @3.6.28; internal/migration/precheck.go @4.0.3",
    },
    ONLY_MODEL,
  ),
  ...rows(
    {
      id: "secret-backends",
      models: ANY_MODEL,
      visibility: "operator",
      fact: "The model uses a secret backend that the target does not have with the same name.",
      remedy: "Add the backend to the target: juju add-secret-backend.",
      message: "in model export not found",
      look: ({ controller, model }) =>
        shellCommand`juju show-model ${`${controller}:${model}`} --format json    # compare secret-backends with juju secret-backends -c TARGET`,
      source: "state/migration_import.go @3.1.0",
    },
    [{ step: "migrate", server: { from: "3.1" }, scope: "model" }],
  ),
  ...rows(
    {
      id: "charms-without-manifest",
      models: ANY_MODEL,
      visibility: "operator",
      fact: "A charm has no manifest that names its bases, for example a podspec charm or an old local charm.",
      remedy: "Refresh the charm to a revision with a manifest; podspec charms do not run in 4.0 at all.",
      message: "all charms now require a manifest.yaml file",
      look: ({ controller, model }) =>
        shellCommand`juju migrate --dry-run ${`${controller}:${model}`} TARGET    # names the charms`,
      source: "internal/migration/precheck.go @4.0.15",
    },
    [{ step: "migrate", server: { from: "3.6", to: "4.0" }, to: { from: "4.0" }, scope: "model" }],
  ),
  ...rows(
    {
      id: "fan-networking",
      models: MACHINES,
      visibility: "operator",
      fact: "The model uses fan networking.",
      remedy: "Remove fan-config and container-networking-method=fan from the model.",
      message: "fan networking not supported",
      look: ({ controller, model }) =>
        shellCommand`juju model-config -m ${`${controller}:${model}`} fan-config container-networking-method`,
      source: "internal/migration/precheck.go @4.0.15",
    },
    [{ step: "migrate", server: { from: "3.6", to: "4.0" }, to: { from: "4.0" }, scope: "model" }],
  ),
];
