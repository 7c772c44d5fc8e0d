/** One machine or container of a model, as far as upgrades ask about it. */
export interface FleetMachine {
  readonly id: string;
  /** Undefined when Juju did not tell. */
  readonly arch: string | undefined;
  /** `focal`, `win2016`; the base as Juju prints it (`ubuntu@28.04`) when it is not in the table of series. */
  readonly series: string | undefined;
  /** OS type; undefined when neither series nor base tells. */
  readonly os: string | undefined;
  /** Version of the machine's agent. */
  readonly version: string | undefined;
  /** `started`, `down`, … */
  readonly status: string | undefined;
  readonly message: string | undefined;
}

export interface FleetUnit {
  readonly name: string;
  /** Id of its machine; undefined on Kubernetes. */
  readonly machine: string | undefined;
  readonly version: string | undefined;
  readonly status: string | undefined;
  readonly message: string | undefined;
}

export interface FleetApplication {
  readonly name: string;
  /** As Juju prints it: `cs:mysql-58`, `postgresql`. */
  readonly charm: string;
  readonly isFromCharmStore: boolean;
  /** `22.04`, when the application names a base of Ubuntu's. */
  readonly ubuntu: string | undefined;
}

/** What one file says of a model; fields that it does not know are undefined. */
export interface FleetModel {
  readonly controller: string | undefined;
  /** Without its owner. */
  readonly name: string;
  readonly owner: string | undefined;
  readonly uuid: string | undefined;
  readonly isController: boolean | undefined;
  readonly type: "iaas" | "caas" | undefined;
  /** Agent version. */
  readonly version: string | undefined;
  /** Kind of cloud: `lxd`, `openstack`, `kubernetes`. */
  readonly cloudType: string | undefined;
  /** Juju's words about a migration or other work under way. */
  readonly activity: string | undefined;
  /** The three below come from `juju status`. */
  readonly machines: readonly FleetMachine[] | undefined;
  readonly units: readonly FleetUnit[] | undefined;
  readonly applications: readonly FleetApplication[] | undefined;
}

export interface FleetController {
  readonly name: string;
  readonly uuid: string | undefined;
  readonly version: string | undefined;
  readonly mongoVersion: string | undefined;
}

/** Controllers and models, joined from all files. */
export interface Fleet {
  /** By name. */
  readonly controllers: readonly FleetController[];
  /** By controller, the controller's own model first, then by name. */
  readonly models: readonly FleetModel[];
  /** What is unclear, for people. */
  readonly notes: readonly string[];
}

/** `admin/web` only where the owner has to be told. */
export function formatModelName({ name, owner }: Pick<FleetModel, "name" | "owner">): string {
  return owner === undefined || owner === "admin" ? name : `${owner}/${name}`;
}
