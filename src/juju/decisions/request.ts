import type { Generation } from "./generation.ts";
import type { BootstrapGeneration, MigrationGeneration } from "./outcome.ts";

/** Stream name to the versions it lists; a stream that is absent has no index entry. */
export type StreamVersions = Readonly<Record<string, readonly string[]>>;

/** What streams and configuration a lookup meets. */
export interface LookupSource {
  /** Every version in any stream; the released stream when `streams` is absent. */
  readonly available?: readonly string[];
  /** `V@arch` is published for that arch only; without it, for all. Read by 4.0 only. */
  readonly streams?: StreamVersions;
  /** Model setting `agent-stream`; null and empty mean the default, `released`. */
  readonly configStream?: string | null;
  /** Model setting `development`. Default false. */
  readonly development?: boolean;
}

/** Another model on the same controller. */
export interface OtherModel {
  /** Without the owner; Juju's own words call it `admin/<name>`. */
  readonly name: string;
  readonly version: string;
}

/** "To which version would Juju upgrade this model?" */
export interface UpgradeQuestion extends LookupSource {
  /** Default: derived from the client and the controller. */
  readonly generation?: Generation;
  /** Version of the `juju` client. Default: that of the controller. */
  readonly client?: string;
  /** Agent version of the model. */
  readonly current: string;
  readonly modelType: "iaas" | "caas";
  /** The controller's own model. */
  readonly isController: boolean;
  /** Version that the controller runs. */
  readonly controllerVersion: string;
  /** `--agent-version`; null when absent. */
  readonly requested?: string | null;
  /** `--agent-stream`; null when absent. */
  readonly stream?: string | null;
  /** Versions already in the controller's agent store. */
  readonly stored?: readonly string[];
  /** Tags of the `jujud-operator` image, for Kubernetes models. */
  readonly registryTags?: readonly string[];
  /** Whether the client could upload a jujud of its own; absent when it has none. */
  readonly localAgent?: "official" | "custom";
  readonly otherModels?: readonly OtherModel[];
  /** 4.0: arch of each controller node. Default one amd64 node. */
  readonly nodeArches?: readonly string[];
  /** 4.0: version of each controller node. Default one node at `controllerVersion`. */
  readonly nodeVersions?: readonly string[];
  /** 4.0: machines on a base that 4.0 does not support. Default 0. */
  readonly unsupportedMachines?: number;
}

/** "With which version would this client bootstrap a controller?" */
export interface BootstrapQuestion extends LookupSource {
  /** Default: derived from the client. */
  readonly generation?: BootstrapGeneration;
  readonly client: string;
  /** `--auto-upgrade`; in 1.25 the absence of `--no-auto-upgrade`. */
  readonly autoUpgrade: boolean;
  /** `--agent-version`; null when absent. */
  readonly requested?: string | null;
}

/** "Would this target controller accept the model, as far as versions go?" */
export interface MigrateQuestion {
  /** Default: derived from the target controller, whose code decides. */
  readonly generation?: MigrationGeneration;
  readonly modelVersion: string;
  readonly sourceController: string;
  readonly targetController: string;
}
