import { shellCommand } from "../../shared/shell-command.ts";
import { ANY_MODEL, MACHINES, rows, type Precheck } from "./precheck.ts";

const VALIDATION = "upgrades/upgradevalidation/validation.go";

type Row = Pick<Precheck, "step" | "server" | "to" | "scope">;

/**
 * When a controller checks series, clouds and charms: 2.9 and early 3.x only for upgrades to 3.x, later ones always.
 * Source: upgrades/upgradevalidation/{upgrade,migrate}.go @2.9.33, @3.1.5, @3.1.6, @3.2.2, @3.3.0, @3.6.28
 */
const PLATFORM_ROWS: readonly Row[] = [
  { from: "2.9.33", to: "3.1.6", isTo3: true },
  { from: "3.1.6", to: "3.2.0", isTo3: false },
  { from: "3.2.0", to: "3.2.2", isTo3: true },
  { from: "3.2.2", to: "4.0", isTo3: false },
].flatMap(({ from, to, isTo3 }) => {
  const shared = { server: { from, to }, ...(isTo3 ? { to: { from: "3.0" } } : {}) };
  return [
    { step: "upgrade-controller" as const, scope: "all-models" as const, ...shared },
    { step: "upgrade-model" as const, scope: "model" as const, ...shared },
    { step: "migrate" as const, scope: "model" as const, ...shared },
  ];
});

const UBUNTU_BEFORE_FOCAL = {
  id: "ubuntu-before-focal",
  models: MACHINES,
  visibility: "listing",
  fact: "The model has machines on an Ubuntu release that the controller refuses.",
  message: "the model hosts deprecated ubuntu machine(s)",
  source: `${VALIDATION}:checkForDeprecatedUbuntuSeriesForModel @2.9.33, @2.9.53, @3.6.13`,
} as const;

/** No controller before 2.9.33 checks these; a model of an older one still fails at a later hop. */
export const PLATFORM_PRECHECKS: readonly Precheck[] = [
  ...rows(
    {
      id: "series-lock",
      models: MACHINES,
      visibility: "sign",
      fact: "A machine is being prepared for another series (juju upgrade-machine).",
      remedy: "Complete it: juju upgrade-machine N complete.",
      message: "unexpected upgrade series lock found",
      look: ({ controller, model }) =>
        shellCommand`juju show-machine -m ${`${controller}:${model}`}    # machine-status shows series upgrade …`,
      source: `${VALIDATION}:getCheckUpgradeSeriesLockForModel @2.9.33, @3.6.28; cmd/juju/commands/upgrademodel.go:validateModelUpgrade @2.8.4`,
    },
    [
      { step: "upgrade-controller", server: { from: "2.8.4", to: "2.9.33" }, scope: "controller-model" },
      { step: "upgrade-model", server: { from: "2.8.4", to: "4.0" }, scope: "model" },
      { step: "migrate", server: { from: "2.9.33", to: "4.0" }, scope: "model" },
    ],
  ),
  ...rows(
    {
      id: "windows-machines",
      models: MACHINES,
      visibility: "listing",
      fact: "The model has Windows machines.",
      remedy: "Remove the Windows machines before this hop.",
      message: "the model hosts deprecated windows machine(s)",
      source: `${VALIDATION}:checkNoWinMachinesForModel @2.9.33, @3.6.28`,
    },
    PLATFORM_ROWS,
  ),
  ...rows(
    {
      ...UBUNTU_BEFORE_FOCAL,
      remedy:
        "Move the units to machines on 22.04 or 20.04. On 2.9, upgrade to 2.9.53 or later first: it accepts 20.04 and 24.04.",
    },
    PLATFORM_ROWS.filter((row) => row.to !== undefined),
  ),
  ...rows(
    {
      ...UBUNTU_BEFORE_FOCAL,
      remedy:
        "Move the units to machines on 22.04 or 20.04 and remove the old ones. A patch upgrade does not help: such a controller refuses upgrades within its minor too.",
    },
    PLATFORM_ROWS.filter((row) => row.to === undefined),
  ),
  ...rows(
    {
      id: "lxd-before-5",
      models: MACHINES,
      visibility: "operator",
      fact: "The cloud is LXD and its server is older than 5.0.",
      remedy: "Upgrade the LXD servers to 5.0 or later.",
      message: 'LXD version has to be at least "5.0.0"',
      look: () => shellCommand`lxc version    # on each server of the cloud`,
      source: `${VALIDATION}:getCheckForLXDVersion @2.9.36, @3.6.28`,
    },
    PLATFORM_ROWS,
  ),
  ...rows(
    {
      id: "charm-store-charms",
      models: ANY_MODEL,
      visibility: "listing",
      fact: "Applications were deployed from the charm store (cs:).",
      remedy: "Refresh them to Charmhub charms with juju refresh --switch before this hop.",
      source: `${VALIDATION}:checkForCharmStoreCharms @3.0.3, @3.6.28; apiserver/charms.go:processPost @3.1.0`,
    },
    [
      {
        step: "migrate",
        server: { from: "2.8", to: "3.0.3" },
        to: { from: "3.1" },
        scope: "model",
        message: 'failed to migrate binaries: … unsupported schema "cs"',
      },
      ...[
        {
          step: "upgrade-controller" as const,
          server: { from: "3.0.3", to: "4.0" },
          scope: "all-models" as const,
        },
        {
          step: "upgrade-model" as const,
          server: { from: "3.0.3", to: "4.0" },
          to: { from: "3.1" },
          scope: "model" as const,
        },
        {
          step: "migrate" as const,
          server: { from: "3.0.3", to: "3.1.6" },
          to: { from: "3.1" },
          scope: "model" as const,
        },
        { step: "migrate" as const, server: { from: "3.1.6", to: "4.0" }, scope: "model" as const },
      ].map((row) => ({ ...row, message: "the model hosts deprecated charm store charms(s)" })),
    ],
  ),
  ...rows(
    {
      id: "bases-of-4.0",
      models: MACHINES,
      visibility: "listing",
      fact: "The model has machines on a base that 4.0 does not upgrade: Ubuntu 20.04, 22.04 and 24.04 are accepted, 26.04 from 4.0.11.",
      remedy: "Move the units to machines on one of these bases.",
      source:
        "domain/modelagent/service/service.go:validateModelCanBeUpgraded, core/base/supportedbases.go:WorkloadBases @4.0.15",
    },
    [
      {
        step: "upgrade-model",
        server: { from: "4.0" },
        scope: "model",
        message: "model upgrading is blocked for reason: model has",
      },
      { step: "migrate", server: { from: "4.0" }, scope: "model", message: "the model hosts" },
    ],
  ),
  ...rows(
    {
      id: "foreign-os-in-4.0",
      models: MACHINES,
      visibility: "listing",
      fact: "The model has machines that do not run Ubuntu: their import into 4.0 fails.",
      remedy: "Remove these machines before this hop.",
      message: "unknown os type",
      source: "domain/machine/modelmigration/import.go:encodeOSType @4.0.15",
    },
    [{ step: "migrate", server: { from: "3.6", to: "4.0" }, to: { from: "4.0" }, scope: "model" }],
  ),
];
