/** A node of a controller, as `juju show-controller` lists it. */
export interface FleetNode {
  /** Id of the machine in the controller model. */
  readonly id: string;
  readonly instanceId: string | undefined;
  /** `ha-enabled`, `ha-pending`, `down, lost connection`; up to 3.6, with more than one node. */
  readonly haStatus: string | undefined;
  readonly isHaPrimary: boolean | undefined;
}

/** One real controller. Models refer to these objects, so that two controllers of one name stay two. */
export interface FleetController {
  /** Undefined if no file contains it: then the name identifies it. */
  readonly uuid: string | undefined;
  /** Every name that clients have for it, sorted; at least one. */
  readonly names: readonly string[];
  /** The first of `names`, for commands. */
  readonly name: string;
  /** Its name in output: the name, with a part of its UUID or a file if the name alone is not unique. */
  readonly label: string;
  /** Of its API server; undefined if no file contains it. */
  readonly version: string | undefined;
  /** `version`; else what its own model is set to, else the highest version of its models. None for JAAS. */
  readonly presumedVersion: string | undefined;
  /** Version that the controller model is set to. */
  readonly modelVersion: string | undefined;
  /** `3.6`, of the version. */
  readonly generation: string | undefined;
  readonly mongoVersion: string | undefined;
  /**
   * JAAS: one name for several controllers that no file names. Its version is that of JIMM, and its models are on those
   * controllers; no upgrade can be planned for it.
   */
  readonly isJaas: boolean;
  readonly cloud: string | undefined;
  readonly region: string | undefined;
  /** What the client's user may do: `superuser`, `login`. */
  readonly access: string | undefined;
  /** Undefined if no `juju show-controller` lists them. */
  readonly nodes: readonly FleetNode[] | undefined;
  /** Hosts of its API servers, without ports; undefined if no `juju show-controller` lists them. */
  readonly addresses: readonly string[] | undefined;
  /** What Juju could not read from it. */
  readonly errors: readonly string[];
  /** Files that contain it. */
  readonly files: readonly string[];
}

/** `status.migration` of a model: the latest attempt; it stays after the attempt was aborted. */
export interface FleetMigration {
  readonly text: string;
  readonly start: string | undefined;
  readonly end: string | undefined;
}

/** One model, joined from every file that contains it. Fields that no file contains are undefined. */
export interface FleetModel {
  /** Undefined if its files do not name it, or if several controllers are possible. */
  readonly controller: FleetController | undefined;
  /** The name of the controller in its file. */
  readonly controllerName: string | undefined;
  readonly uuid: string | undefined;
  /** Without its owner. */
  readonly name: string;
  readonly owner: string | undefined;
  /** Its name in output: `prod:web`, `site (e9ec6717):db`; unique in the fleet. */
  readonly label: string;
  readonly isController: boolean;
  readonly type: "iaas" | "caas" | undefined;
  /** Agent version that it is set to; changes as soon as an upgrade is requested. */
  readonly version: string | undefined;
  readonly life: Life | undefined;
  readonly cloud: string | undefined;
  readonly region: string | undefined;
  /** Kind of cloud: `lxd`, `openstack`, `kubernetes`. */
  readonly cloudType: string | undefined;
  /** `available`, `busy`, `suspended`, …; with Juju's message and, for `suspended`, its reason. */
  readonly status: StatusText & { readonly reason: string | undefined };
  readonly migration: FleetMigration | undefined;
  /** Being migrated to or from another controller; undefined if no file shows it. */
  readonly isMigrating: boolean | undefined;
  /** Juju's text about a migration or other work in progress. */
  readonly activity: string | undefined;
  /** The newer version that the controller found in its streams. */
  readonly upgradeAvailable: string | undefined;
  /** `valid`, `invalid`: `credential.validity-check`. */
  readonly credentialValidity: string | undefined;
  /** Machines and containers; undefined without a `juju status` or `juju machines`. */
  readonly machines: readonly FleetMachine[] | undefined;
  /** The next three are from `juju status`. */
  readonly units: readonly FleetUnit[] | undefined;
  readonly applications: readonly FleetApplication[] | undefined;
  readonly endpoints: readonly FleetEndpoint[] | undefined;
  /** Files that contain it. */
  readonly files: readonly string[];
}

/** Something that could not be read or placed. While there is any, nothing counts as ready or done. */
export interface FleetUnread {
  /** A whole file, an entry of a file, or a model that was read and cannot be assigned. */
  readonly kind: "file" | "part" | "unplaced";
  readonly file: string;
  /** Where in the file: `machines.0.juju-status`; empty for the whole file. */
  readonly place: string;
  readonly text: string;
}

/** One document of one file, and whether it was read. */
export interface FleetSource {
  readonly file: string;
  /** Position in a file of several documents, from 1. */
  readonly document: number | undefined;
  /** The command that printed it: `juju status`; undefined for any other document. */
  readonly command: string | undefined;
  /** As far as its structure shows: `2.x`, `3.x or 4.x`. */
  readonly juju: string | undefined;
  readonly format: "json" | "yaml" | undefined;
  /** `left-out`: a file of another kind in a folder, skipped. `unread`: should be a listing and could not be read. */
  readonly outcome: "read" | "left-out" | "unread";
  /** What it contains: `prod:web at 3.6.9, 3 machines, 3 units`. If it was not read, why not. */
  readonly told: string;
  /** If it was not read, what to do about it. */
  readonly next: string | undefined;
}

/** Controllers and models, joined from all files. */
export interface Fleet {
  /** By label. */
  readonly controllers: readonly FleetController[];
  /** By controller, the controller's own model first, then by name; those without a controller last. */
  readonly models: readonly FleetModel[];
  /** What is unclear, for people. */
  readonly notes: readonly string[];
  readonly unread: readonly FleetUnread[];
  readonly sources: readonly FleetSource[];
}

/** `web`, or `ann/web` if the owner is not `admin`. */
export function formatModelName({ name, owner }: Pick<FleetModel, "name" | "owner">): string {
  return owner === undefined || owner === "admin" ? name : `${owner}/${name}`;
}

/** `prod:web`, as `-m` takes it; without the controller if no file names it. */
export function formatModelPlace(model: FleetModel): string {
  const controller = model.controller?.name ?? model.controllerName;
  return `${controller === undefined ? "" : `${controller}:`}${formatModelName(model)}`;
}

/**
 * The state of an agent, by its status and message as Juju prints them:
 * `ok` works · `upgrading` runs its upgrade steps · `failed` status error or failed · `down` a machine that does not
 * respond · `lost` a unit that does not respond · `stopped` does not run now · `pending` never had an agent ·
 * `unreadable` Juju or jam could not read it: nothing is known, so it never counts as good.
 */
export type AgentState =
  "ok" | "upgrading" | "failed" | "down" | "lost" | "stopped" | "pending" | "unreadable";

/** One of Juju's statuses: of an agent, an instance, a workload, an application. */
export interface StatusText {
  readonly current: string | undefined;
  readonly message: string | undefined;
  /** As Juju prints it: local time of the client, or ISO 8601 with `--utc`. */
  readonly since: string | undefined;
}

export type Life = "alive" | "dying" | "dead";

/** Fields of machines, containers and units. */
interface FleetAgent {
  /** The version that the agent last reported; undefined if it never reported one. */
  readonly version: string | undefined;
  readonly state: AgentState;
  /** `juju-status.current`: `started`, `down`, `idle`, `lost`. */
  readonly status: string | undefined;
  /** The agent's message, that of failed provisioning, or why the agent is unreadable. */
  readonly message: string | undefined;
  /** `juju-status.message` alone. */
  readonly agentMessage: string | undefined;
  /** Since when the status is what it is. */
  readonly since: string | undefined;
  /** What could not be read, in Juju's words or jam's. */
  readonly statusError: string | undefined;
}

/** One machine or container. */
export interface FleetMachine extends FleetAgent {
  /** `0`, `0/lxd/1`. */
  readonly id: string;
  /** Id of the machine that a container is in, one level up. */
  readonly host: string | undefined;
  /** From its hardware; for a container from its host; else from its constraints. Undefined if all are missing. */
  readonly arch: string | undefined;
  /** `ubuntu@22.04`; undefined if both base and series are missing. */
  readonly base: string | undefined;
  /** `focal`, `win2016`; the base as Juju prints it (`ubuntu@28.04`) if it is not in the table of series. */
  readonly series: string | undefined;
  /** OS type; undefined if both base and series are missing. */
  readonly os: string | undefined;
  readonly life: Life;
  /** `pending` before the instance exists. */
  readonly instanceId: string | undefined;
  /** Added by hand (`manual:ADDRESS`): cannot be provisioned again. */
  readonly isManual: boolean;
  /** `machine-status`: faults of provisioning are here. */
  readonly instance: StatusText;
  /** `modification-status`: LXD profiles. */
  readonly modification: StatusText;
  /** True for a node of the controller. */
  readonly isControllerNode: boolean;
  /** `has-vote`, `adding-vote`, `no-vote`, `removing-vote`. */
  readonly memberStatus: string | undefined;
  /** The MongoDB primary, 2.8 to 3.6; undefined in other releases. */
  readonly isHaPrimary: boolean | undefined;
  /** Role in the Dqlite cluster, from 4.0. */
  readonly clusterRole: string | undefined;
}

/** One unit, subordinates included. */
export interface FleetUnit extends FleetAgent {
  readonly name: string;
  readonly application: string;
  /** Id of its machine, for a subordinate its principal's; undefined on Kubernetes. */
  readonly machine: string | undefined;
  /** The principal unit of a subordinate. */
  readonly principal: string | undefined;
  readonly isSubordinate: boolean;
  readonly workload: StatusText;
  readonly isLeader: boolean;
  /** The charm that the unit is being upgraded from. It does not concern the agent. */
  readonly upgradingFrom: string | undefined;
  readonly providerId: string | undefined;
  /**
   * A unit on Kubernetes that an operator runs (podspec charms, 2.x to 3.6): Juju prints no version for these.
   * Source: juju state/unit.go AgentTools, worker/caasoperator @3.6
   */
  readonly isRunByOperator: boolean;
}

export interface FleetApplication {
  readonly name: string;
  /** As Juju prints it: `cs:mysql-58`, `postgresql`. */
  readonly charm: string;
  readonly charmName: string | undefined;
  readonly charmChannel: string | undefined;
  readonly charmRevision: number | undefined;
  /** `charmhub`, `local`, `charmstore`, `jujucharms`. */
  readonly origin: string | undefined;
  readonly isFromCharmStore: boolean;
  /** `ubuntu@22.04`. */
  readonly base: string | undefined;
  readonly series: string | undefined;
  readonly os: string | undefined;
  /** `22.04`, if the base of the application is Ubuntu. */
  readonly ubuntu: string | undefined;
  readonly life: Life;
  /** On Kubernetes. */
  readonly scale: number | undefined;
  readonly status: StatusText;
  readonly isExposed: boolean;
  readonly providerId: string | undefined;
  /** Principals that a subordinate application is related to. */
  readonly subordinateTo: readonly string[];
  /** False for subordinates (their units are listed with their principals), for scale 0, and if it is unreadable. */
  readonly hasUnits: boolean;
  /** If set, the number of units is not known. */
  readonly statusError: string | undefined;
}

/** An offer, or an application of another model that this one consumes. Neither has agents here. */
export interface FleetEndpoint {
  readonly kind: "offer" | "remote-application";
  readonly name: string;
  readonly url: string | undefined;
  readonly statusError: string | undefined;
}
