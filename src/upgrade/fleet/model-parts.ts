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
