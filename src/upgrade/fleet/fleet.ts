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
  /** Undefined when no file has it: then the name identifies it. */
  readonly uuid: string | undefined;
  /** Every name that clients have for it, sorted; at least one. */
  readonly names: readonly string[];
  /** The first of `names`, for commands. */
  readonly name: string;
  /** What it is called in output: its name, with a part of its UUID or a file where the name alone is not unique. */
  readonly label: string;
  /** Of its API server; undefined when no file tells. */
  readonly version: string | undefined;
  /** `version`; else what its own model is set to, else the highest version of its models. None for JAAS. */
  readonly presumedVersion: string | undefined;
  /** Version that the controller model is set to. */
  readonly modelVersion: string | undefined;
  /** `3.6`, of the version. */
  readonly generation: string | undefined;
  readonly mongoVersion: string | undefined;
  /**
   * JAAS: one name in front of controllers that no file tells. Its version is JIMM's, its models are on controllers of
   * their own; no upgrade can be planned for it.
   */
  readonly isJaas: boolean;
  readonly cloud: string | undefined;
  readonly region: string | undefined;
  /** What the client's user may do: `superuser`, `login`. */
  readonly access: string | undefined;
  /** Undefined when no `juju show-controller` lists them. */
  readonly nodes: readonly FleetNode[] | undefined;
  /** What Juju could not ask it. */
  readonly errors: readonly string[];
  /** Files that told of it. */
  readonly files: readonly string[];
}

/** `status.migration` of a model: the latest attempt, which stays when it was given up. */
export interface FleetMigration {
  readonly text: string;
  readonly start: string | undefined;
  readonly end: string | undefined;
}

/** One model, joined from every file that tells of it. Fields that no file tells are undefined. */
export interface FleetModel {
  /** Undefined when its files do not name it, or when it cannot be told which of several it is. */
  readonly controller: FleetController | undefined;
  /** What its file calls the controller. */
  readonly controllerName: string | undefined;
  readonly uuid: string | undefined;
  /** Without its owner. */
  readonly name: string;
  readonly owner: string | undefined;
  /** What it is called in output: `prod:web`, `site (e9ec6717):db`; unique in the fleet. */
  readonly label: string;
  readonly isController: boolean;
  readonly type: "iaas" | "caas" | undefined;
  /** Agent version that it is set to; changes as soon as an upgrade is asked for. */
  readonly version: string | undefined;
  readonly life: Life | undefined;
  readonly cloud: string | undefined;
  readonly region: string | undefined;
  /** Kind of cloud: `lxd`, `openstack`, `kubernetes`. */
  readonly cloudType: string | undefined;
  /** `available`, `busy`, `suspended`, …; with Juju's message and, for `suspended`, its reason. */
  readonly status: StatusText & { readonly reason: string | undefined };
  readonly migration: FleetMigration | undefined;
  /** On its way to or from another controller; undefined when no file tells. */
  readonly isMigrating: boolean | undefined;
  /** Juju's words about a migration or other work under way. */
  readonly activity: string | undefined;
  /** What the controller saw in its streams. */
  readonly upgradeAvailable: string | undefined;
  /** `valid`, `invalid`: `credential.validity-check`. */
  readonly credentialValidity: string | undefined;
  /** Machines and containers; undefined without a `juju status` or `juju machines`. */
  readonly machines: readonly FleetMachine[] | undefined;
  /** The three below come from `juju status`. */
  readonly units: readonly FleetUnit[] | undefined;
  readonly applications: readonly FleetApplication[] | undefined;
  readonly endpoints: readonly FleetEndpoint[] | undefined;
  /** Files that told of it. */
  readonly files: readonly string[];
}

/** Something that could not be read or placed. While there is any, nothing may be called ready or done. */
export interface FleetUnread {
  /** A whole file, an entry of one, or a model that is read and cannot be told from others. */
  readonly kind: "file" | "part" | "unplaced";
  readonly file: string;
  /** Where in the file: `machines.0.juju-status`; empty for the whole file. */
  readonly place: string;
  readonly text: string;
}

/** One document of one file, and what became of it. */
export interface FleetSource {
  readonly file: string;
  /** Position in a file of several documents, from 1. */
  readonly document: number | undefined;
  /** The command that printed it: `juju status`; undefined for what is no listing that is read. */
  readonly command: string | undefined;
  /** As far as its shape tells: `2.x`, `3.x–4.x`. */
  readonly juju: string | undefined;
  readonly format: "json" | "yaml" | undefined;
  /** `left-out` is a file of another kind in a folder; `unread` looks like a listing and could not be read. */
  readonly outcome: "read" | "left-out" | "unread";
  /** What it told: `prod:web at 3.6.9, 3 machines, 3 units`. For one that was not read, why not. */
  readonly told: string;
  /** For one that was not read: what to do about it. */
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

/** `admin/web` only where the owner has to be told. */
export function formatModelName({ name, owner }: Pick<FleetModel, "name" | "owner">): string {
  return owner === undefined || owner === "admin" ? name : `${owner}/${name}`;
}

/** `prod:web`, as `-m` takes it; without the controller where no file names it. */
export function formatModelPlace(model: FleetModel): string {
  const controller = model.controller?.name ?? model.controllerName;
  return `${controller === undefined ? "" : `${controller}:`}${formatModelName(model)}`;
}

/**
 * Where an agent stands, by its status and message as Juju prints them:
 * `ok` works · `upgrading` a step is under way · `failed` status error or failed · `down` a machine that does not
 * answer · `lost` a unit that does not answer · `stopped` does not run now · `pending` never had an agent ·
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

/** What machines, containers and units have in common. */
interface FleetAgent {
  /** Of the agent, as it last reported. Undefined when no agent reported any. */
  readonly version: string | undefined;
  readonly state: AgentState;
  /** `juju-status.current`: `started`, `down`, `idle`, `lost`. */
  readonly status: string | undefined;
  /** What is worth telling of the state: the agent's message, that of failed provisioning, or why it is unreadable. */
  readonly message: string | undefined;
  /** `juju-status.message` alone. */
  readonly agentMessage: string | undefined;
  /** Since when the status is what it is. */
  readonly since: string | undefined;
  /** Juju's or jam's words on what could not be read. */
  readonly statusError: string | undefined;
}

/** One machine or container. */
export interface FleetMachine extends FleetAgent {
  /** `0`, `0/lxd/1`. */
  readonly id: string;
  /** Id of the machine that a container is in, one level up. */
  readonly host: string | undefined;
  /** From its hardware, for a container its host's, else from its constraints. Undefined when none tells. */
  readonly arch: string | undefined;
  /** `ubuntu@22.04`; undefined when neither base nor series tells. */
  readonly base: string | undefined;
  /** `focal`, `win2016`; the base as Juju prints it (`ubuntu@28.04`) when it is not in the table of series. */
  readonly series: string | undefined;
  /** OS type; undefined when neither series nor base tells. */
  readonly os: string | undefined;
  readonly life: Life;
  /** `pending` while there is none. */
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
  /** The Mongo primary, 2.8 to 3.6; undefined where Juju does not tell. */
  readonly isHaPrimary: boolean | undefined;
  /** Role in the Dqlite cluster, 4.0 on. */
  readonly clusterRole: string | undefined;
}

/** One unit, subordinates included. */
export interface FleetUnit extends FleetAgent {
  readonly name: string;
  readonly application: string;
  /** Id of its machine, for a subordinate its principal's; undefined on Kubernetes. */
  readonly machine: string | undefined;
  /** Unit that a subordinate runs beside. */
  readonly principal: string | undefined;
  readonly isSubordinate: boolean;
  readonly workload: StatusText;
  readonly isLeader: boolean;
  /** The charm that the unit is being upgraded from; nothing of its agent. */
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
  /** `22.04`, when the application names a base of Ubuntu's. */
  readonly ubuntu: string | undefined;
  readonly life: Life;
  /** On Kubernetes. */
  readonly scale: number | undefined;
  readonly status: StatusText;
  readonly isExposed: boolean;
  readonly providerId: string | undefined;
  /** Principals that a subordinate application is related to. */
  readonly subordinateTo: readonly string[];
  /** False for subordinates, whose units are below their principals', for scale 0, and for one that is unreadable. */
  readonly hasUnits: boolean;
  /** How many units there are is then not known. */
  readonly statusError: string | undefined;
}

/** An offer, or an application of another model that this one consumes. Neither has agents here. */
export interface FleetEndpoint {
  readonly kind: "offer" | "remote-application";
  readonly name: string;
  readonly url: string | undefined;
  readonly statusError: string | undefined;
}
