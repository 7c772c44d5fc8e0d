import { shellCommand } from "../../shared/shell-command.ts";
import { databaseChannel } from "../images/image-tags.ts";
import {
  isFrom,
  isInSpan,
  rowFor,
  type VersionSpan,
  formatMajorMinor,
  type JujuVersion,
} from "../version.ts";
import { forAllModels, type Companion, type CompanionQuestion } from "./companion.ts";

/** The companions of a bootstrap on machines, in the order of their use. */
export function machineBootstrapCompanions(question: CompanionQuestion): Companion[] {
  const { version, cloudType } = question;
  return [
    agentStreams(question, "Without it, Juju contacts streams.canonical.com and fails."),
    ...controllerCharm(version),
    ...database(version),
    snapStore(version),
    ...(isCloudWithoutImages(cloudType) ? [] : [cloudImages(version)]),
    ...(cloudType === undefined || cloudType === "lxd" || question.hasContainers !== false
      ? [lxdImages(version)]
      : []),
    packages(version),
  ];
}

/** The agents of this mirror: the one companion that jam serves itself. */
export function agentStreams({ url }: CompanionQuestion, note: string): Companion {
  return {
    id: "agents",
    what: "agents from this mirror",
    need: "always",
    files: [],
    fetch: [],
    flags: forAllModels(`agent-metadata-url=${url}`),
    settings: [],
    isInCommand: true,
    later: "It can be changed at any time with juju model-config and juju model-defaults.",
    note: `--config applies to the controller model, --model-default to every later model. ${note}`,
    source: "environs/tools/urls.go:GetMetadataSources @2.9.42, 3.6.28, 4.0.15",
  };
}

interface BaseRow extends VersionSpan {
  readonly base: string;
}

/** Source: core/base/supported.go, version/supportedbase.go:DefaultSupportedLTSBase @2.9.42, 3.5.7, 3.6.28, 4.0.15 */
const CONTROLLER_BASES: readonly BaseRow[] = [
  { from: "2.9", to: "3.0", base: "ubuntu@20.04" },
  { from: "3.0", to: "3.6", base: "ubuntu@22.04" },
  { from: "3.6", base: "ubuntu@24.04" },
];

/** The base that a new controller's machine gets unless `--bootstrap-base` says otherwise. */
export function controllerMachineBase(version: JujuVersion): string | undefined {
  return rowFor(version, CONTROLLER_BASES)?.base;
}

const CHARM_FILE = "./juju-controller.charm";

/** Juju 2.9 and older have no controller charm. Source: internal/bootstrap/deployer.go @4.0.15, cmd/jujud/agent/controllercharm.go @3.6.28 */
function controllerCharm(version: JujuVersion): Companion[] {
  if (!isFrom(version, "3.0")) return [];
  const channel = `${formatMajorMinor(version)}/stable`;
  const base = controllerMachineBase(version) ?? "ubuntu@24.04";
  return [
    {
      id: "controller-charm",
      what: `charm juju-controller, channel ${channel}`,
      need: "always",
      files: ["juju-controller.charm"],
      fetch: [
        shellCommand`juju download juju-controller --channel ${channel} --base ${base} --filepath ${CHARM_FILE}`,
      ],
      flags: [shellCommand`--controller-charm-path ${CHARM_FILE}`],
      settings: [],
      isInCommand: true,
      later: "It applies only at bootstrap.",
      note: `Without it and without Charmhub, the bootstrap fails: "cannot deploy controller application: deploying charmhub controller charm". If Charmhub or your own store is reachable, omit the flag or give --controller-charm-channel ${channel}.`,
      source:
        "cmd/juju/commands/bootstrap.go, cmd/jujud/agent/controllercharm.go @3.6.28; internal/bootstrap/deployer.go @4.0.15",
    },
  ];
}

const SNAP_FILE = "./juju-db_REVISION.snap";
const ASSERT_FILE = "./juju-db_REVISION.assert";

/** MongoDB up to 3.6. Source: mongo/mongo.go:Install, cmd/juju/commands/bootstrap.go @2.9.42, 3.0.2, 3.6.28 */
function database(version: JujuVersion): Companion[] {
  const channel = databaseChannel(version);
  if (channel === undefined) return [];
  const needsFeature = !isFrom(version, "3.1");
  const companion: Companion = {
    id: "mongodb-snap",
    what: `snap juju-db, channel ${channel}, and the base snap that it names`,
    need: "always",
    files: ["juju-db_REVISION.snap", "juju-db_REVISION.assert"],
    fetch: [
      shellCommand`snap download juju-db --channel=${channel}`,
      // It prints the base snap, which has to be downloaded too.
      shellCommand`snap info --verbose ./juju-db_REVISION.snap`,
    ],
    flags: [shellCommand`--db-snap ${SNAP_FILE}`, shellCommand`--db-snap-asserts ${ASSERT_FILE}`],
    settings: [],
    // The feature flag has to be set in the environment, so the operator adds these flags.
    isInCommand: !needsFeature,
    later:
      "The channel (juju-db-snap-channel) cannot be changed after the bootstrap, and upgrades keep the installed MongoDB.",
    note: [
      "The files are used only on the first controller machine: further controller nodes install juju-db from the snap store. Keep the file names of snap download; the assert file has to be in the same folder as the snap.",
      needsFeature ? "Set JUJU_DEV_FEATURE_FLAGS=mongodb-snap for the two flags." : "",
      isFrom(version, "3.0") ? "" : "Machines older than 20.04 install MongoDB with apt.",
      "If a snap store proxy is reachable, omit the flags.",
    ]
      .filter(Boolean)
      .join(" "),
    source: "mongo/mongo.go, cmd/juju/commands/bootstrap.go @2.9.42, 3.0.2, 3.6.28; release notes of 3.6.19",
  };
  return isInSpan(version, { from: "3.6", to: "3.6.19" }) ? [companion, OLD_CHANNEL] : [companion];
}

const OLD_CHANNEL: Companion = {
  id: "mongodb-channel",
  what: "MongoDB 4.4 for an agent older than 3.6.19",
  need: "where-used",
  files: [],
  fetch: [],
  flags: [shellCommand`--config juju-db-snap-channel=4.4/stable`],
  settings: [],
  isInCommand: false,
  later: "It cannot be changed after the bootstrap.",
  note: "Required with a client of 3.6.19 or later: its default is 4.4.30, which older agents cannot use. Carry juju-db of 4.4/stable then.",
  source: "release notes of 3.6.19",
};

function snapStore(version: JujuVersion): Companion {
  const why = isFrom(version, "4.0")
    ? "Required for LXD on hosts of containers and for charms that install snaps."
    : "Required for further controller nodes, for LXD on hosts of containers and for charms that install snaps.";
  return {
    id: "snap-store",
    what: "a snap store proxy",
    need: "where-used",
    files: [],
    fetch: [],
    flags: forAllModels("snap-store-proxy-url=http://SNAP-PROXY"),
    settings: [],
    isInCommand: false,
    later:
      "It can be changed at any time with juju model-config, for existing machines too. lxd-snap-channel has to be set before the host is added.",
    note: `${why} The client downloads the proxy's assertions from that address; if it cannot reach it, give snap-store-proxy=ID and snap-store-assertions.`,
    source: "environs/config/config.go, worker/proxyupdater @2.9.42, 3.6.28",
  };
}

function isCloudWithoutImages(cloudType: string | undefined): boolean {
  return ["maas", "lxd", "localhost", "manual", "unmanaged"].includes(cloudType ?? "");
}

function cloudImages(version: JujuVersion): Companion {
  const base = controllerMachineBase(version);
  const canSwitchOff = isFrom(version, "3.3.3");
  return {
    id: "cloud-images",
    what: `cloud images${base === undefined ? "" : ` (${base} for the controller)`} and their metadata`,
    need: "where-used",
    files: [],
    fetch: [],
    flags: [
      ...forAllModels("image-metadata-url=http://IMAGES/simplestreams"),
      ...(canSwitchOff ? [shellCommand`--config image-metadata-defaults-disabled=true`] : []),
    ],
    settings: [],
    isInCommand: false,
    later: "It can be changed at any time with juju model-config.",
    note: "MAAS, LXD and manual clouds do not need it; on other clouds Juju contacts cloud-images.ubuntu.com without it. Generate the metadata with juju metadata generate-image, or mirror it with sstream-mirror.",
    source: "environs/imagemetadata/urls.go @2.9.42, 3.6.28",
  };
}

function lxdImages(version: JujuVersion): Companion {
  return {
    id: "lxd-images",
    what: "LXD images",
    need: "where-used",
    files: [],
    fetch: [],
    flags: [
      ...forAllModels("container-image-metadata-url=https://LXD-IMAGES"),
      ...(isFrom(version, "3.3.3")
        ? [shellCommand`--config container-image-metadata-defaults-disabled=true`]
        : []),
    ],
    settings: [],
    isInCommand: false,
    later: "It can be changed at any time with juju model-config.",
    note: "Required for an LXD cloud and for containers on machines. Juju requires https. Mirror the images with sstream-mirror or lxd-imagebuilder.",
    source: "container/lxd/manager.go, provider/lxd/environ.go @2.9.42, 3.6.28",
  };
}

interface PackagesRow extends VersionSpan {
  readonly packages: readonly string[];
}

/** Source: cloudconfig/cloudinit/cloudinit_ubuntu.go:getCommandsForAddingPackages @2.9.23, 2.9.24, 3.6.28, 4.0.15 */
const PACKAGES: readonly PackagesRow[] = [
  { from: "2.8", to: "2.9.24", packages: ["curl", "cpu-checker", "bridge-utils", "tmux", "ubuntu-fan"] },
  { from: "2.9.24", to: "4.0", packages: ["curl", "cpu-checker", "tmux", "ubuntu-fan"] },
  { from: "4.0", packages: ["curl", "tmux"] },
];

function packages(version: JujuVersion): Companion {
  const names = rowFor(version, PACKAGES)?.packages ?? [];
  return {
    id: "apt-packages",
    what: `apt packages ${names.join(" ")} on each new machine`,
    need: "where-used",
    files: [],
    fetch: [],
    flags: [
      ...forAllModels("apt-mirror=http://APT/ubuntu"),
      shellCommand`--model-default enable-os-refresh-update=false`,
      shellCommand`--model-default enable-os-upgrade=false`,
    ],
    settings: [],
    isInCommand: false,
    later:
      "juju model-config changes it for new machines; proxies (apt-http-proxy) apply to existing machines too.",
    note: [
      "Images that already contain the packages do not need a mirror; the enable-os settings skip updates, not these packages.",
      isInSpan(version, { from: "3.6.3", to: "3.6.13" }) ? "On 24.04, apt-mirror works from 3.6.13." : "",
    ]
      .filter(Boolean)
      .join(" "),
    source: "cloudconfig/cloudinit/cloudinit_ubuntu.go @2.9.42, 3.6.28, 4.0.15; release notes of 3.6.13",
  };
}
