import { shellCommand } from "../../shared/shell-command.ts";
import { ANY_MODEL, MACHINES, rows, type Precheck } from "./precheck.ts";

const VALIDATION = "upgrades/upgradevalidation/validation.go";

/**
 * What `upgrade-controller` and `upgrade-model` check about the state of agents, the controller and its models.
 * 4.0 checks none of the rows that end with 3.6.
 */
export const UPGRADE_PRECHECKS: readonly Precheck[] = [
  ...rows(
    {
      id: "agents-lagging",
      models: MACHINES,
      visibility: "listing",
      fact: "Some agents do not run the model's agent version, or never reported one.",
      remedy:
        "Wait until juju status shows the same version everywhere; remove machines that never started. --ignore-agent-versions (2.2 and later) skips this check.",
      message: "some agents have not upgraded to the current model version",
      source: "state/state.go:checkCanUpgradeIAAS @2.8.0, @3.6.28",
    },
    [
      { step: "upgrade-controller", server: { from: "1.20", to: "4.0" }, scope: "controller-model" },
      { step: "upgrade-model", server: { from: "1.20", to: "4.0" }, scope: "model" },
    ],
  ),
  {
    id: "controller-nodes-lagging",
    step: "upgrade-controller",
    server: { from: "4.0" },
    models: MACHINES,
    scope: "controller-model",
    visibility: "listing",
    fact: "A controller node does not run the controller's version.",
    remedy: "First complete the upgrade in progress on every controller node.",
    message: "controller upgrading is blocked for reason: controller nodes",
    source: "domain/controllerupgrader/service/service.go:validateControllerCanBeUpgraded @4.0.15",
  },
  {
    id: "mongo-replica-set",
    step: "upgrade-controller",
    server: { from: "2.0", to: "4.0" },
    models: ANY_MODEL,
    scope: "controller-model",
    visibility: "sign",
    fact: "A member of the MongoDB replica set is neither primary nor secondary.",
    remedy: "Bring the replica set back to one primary and healthy secondaries before the upgrade.",
    message: "unable to upgrade, database node",
    look: ({ controller }) =>
      shellCommand`juju ssh -m ${`${controller}:controller`} 0    # then rs.status() in the mongo shell`,
    source: `${VALIDATION}:checkMongoStatusForControllerUpgrade @2.9.33, @3.6.28; apiserver/facades/client/client/client.go:CheckMongoStatusForUpgrade @2.8.13`,
  },
  ...rows(
    {
      id: "mongo-version",
      models: ANY_MODEL,
      visibility: "listing",
      fact: "MongoDB is older than 4.4.",
      remedy: "Bootstrap a new controller and migrate the models to it.",
      message: 'mongo version has to be "4.4" at least',
      look: ({ controller }) =>
        shellCommand`juju show-controller ${controller} --format json    # mongo-version, shown to superusers`,
      source: `${VALIDATION}:checkMongoVersionForControllerModel @2.9.33, @3.6.28`,
    },
    [
      {
        step: "upgrade-controller",
        server: { from: "2.9.33", to: "3.0" },
        to: { from: "3.0" },
        scope: "controller-model",
      },
      { step: "upgrade-controller", server: { from: "3.0", to: "4.0" }, scope: "controller-model" },
    ],
  ),
  ...rows(
    {
      id: "model-migrating",
      models: ANY_MODEL,
      visibility: "listing",
      fact: "A model is being migrated.",
      remedy: "Wait until the migration has ended.",
      look: ({ controller }) => shellCommand`juju models -c ${controller} --format json`,
      source: `${VALIDATION}:checkModelMigrationModeForControllerUpgrade @2.9.33, @3.6.28; apiserver/facades/client/client/client.go:SetModelAgentVersion @2.8.13`,
    },
    [
      {
        step: "upgrade-controller",
        server: { from: "2.8", to: "2.9.33" },
        scope: "all-models",
        message: "is exporting, upgrade blocked",
      },
      {
        step: "upgrade-controller",
        server: { from: "2.9.33", to: "4.0" },
        scope: "all-models",
        message: 'model is under "exporting" mode, upgrade blocked',
      },
      { step: "migrate", server: { from: "2.8" }, scope: "model", message: "already in progress" },
    ],
  ),
  ...rows(
    {
      id: "model-dying",
      models: ANY_MODEL,
      visibility: "listing",
      fact: "The model is being removed.",
      remedy: "Wait until the model is removed, or exclude it.",
      look: ({ controller }) => shellCommand`juju models -c ${controller} --format json`,
      source:
        "apiserver/facades/client/modelupgrader/upgrader.go:UpgradeModel @2.9.44, @3.1.6; migration/precheck.go:SourcePrecheck @3.6.28",
    },
    [
      ...[
        { from: "2.9.44", to: "3.0" },
        { from: "3.1.6", to: "3.2.0" },
        { from: "3.2.2", to: "4.0" },
      ].map((server) => ({
        step: "upgrade-model" as const,
        server,
        scope: "model" as const,
        message: "model is not alive",
      })),
      { step: "migrate", server: { from: "2.8" }, scope: "model", message: "model is dying" },
    ],
  ),
  ...rows(
    {
      id: "upgrade-in-progress",
      models: ANY_MODEL,
      visibility: "sign",
      fact: "An upgrade of the controller is still in progress.",
      remedy:
        "Wait until every controller node has finished its upgrade steps; --reset-previous-upgrade cancels one that hangs.",
      message: "upgrade in progress",
      source: "state/upgrade.go:EnsureUpgradeInfo @3.6.28",
    },
    [
      { step: "upgrade-controller", server: { from: "2.0", to: "4.0" }, scope: "controller-model" },
      { step: "upgrade-model", server: { from: "2.0", to: "4.0" }, scope: "controller-model" },
      { step: "migrate", server: { from: "2.8" }, scope: "controller-model" },
    ],
  ),
  ...rows(
    {
      id: "credential-invalid",
      models: ANY_MODEL,
      visibility: "listing",
      fact: "The model's cloud credential is not valid.",
      remedy: "Give the model a valid credential: juju update-credential, juju set-credential.",
      look: ({ controller, model }) =>
        shellCommand`juju show-model ${`${controller}:${model}`} --format json    # credential.validity-check`,
      source:
        "state/model.go:Model.CloudCredentialTag, apiserver/common/credentialcommon @3.6.28; migration/precheck.go:SourcePrecheck @3.6.28",
    },
    [
      { step: "upgrade-controller", server: { from: "2.8", to: "4.0" }, scope: "controller-model" },
      { step: "upgrade-model", server: { from: "2.8", to: "4.0" }, scope: "model" },
      { step: "migrate", server: { from: "2.8" }, scope: "model", message: "model has revoked credentials" },
    ],
  ),
  ...rows(
    {
      id: "commands-disabled",
      models: ANY_MODEL,
      visibility: "operator",
      fact: "Changes are disabled with juju disable-command.",
      remedy: "Enable them for the upgrade: juju enable-command all.",
      message: "the operation has been blocked",
      look: ({ controller }) => shellCommand`juju disabled-commands --all -c ${controller}`,
      source: "apiserver/common/blockchecker.go @2.8.13, @4.0.15",
    },
    [
      { step: "upgrade-controller", server: { from: "2.0" }, scope: "controller-model" },
      { step: "upgrade-model", server: { from: "2.0" }, scope: "controller-model" },
    ],
  ),
  {
    id: "controller-application-missing",
    step: "upgrade-controller",
    server: { from: "3.0", to: "3.6.23" },
    to: { from: "3.6.23", to: "3.6.24" },
    models: ANY_MODEL,
    scope: "controller-model",
    visibility: "listing",
    fact: "The controller model has no application named controller: the upgrade steps of 3.6.23 fail without it.",
    remedy: "Upgrade to 3.6.24 or later, which skips that step.",
    message: "upgrade to 3.6.23 failed",
    source: "state/upgrades.go:ExposeControllerApplication @3.6.23, @3.6.24; juju #22621",
  },
  {
    id: "openstack-neutron",
    step: "upgrade-controller",
    server: { from: "2.0", to: "2.8.0" },
    to: { from: "2.8.0", to: "3.0" },
    models: MACHINES,
    scope: "controller-model",
    visibility: "operator",
    fact: "The cloud is an OpenStack without Neutron.",
    remedy: "Add Neutron to the OpenStack; 2.8 no longer supports nova-network.",
    message: "Unable to upgrade to",
    look: () => shellCommand`openstack network list`,
    source: "provider/openstack/upgrades.go:PrecheckUpgradeOperations @2.8.13",
  },
];
