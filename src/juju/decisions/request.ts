import { isJamError } from "../../shared/errors.ts";
import { parseAgentBinary } from "../agent.ts";
import type { JujuVersion, VersionGeneration } from "../version.ts";
import type { Generation, BootstrapGeneration, MigrationGeneration } from "./generation.ts";
import type { Trace } from "./trace.ts";
import { readVersion, type VersionList } from "./version-list.ts";

/** Stream name to the versions it lists; a stream that is absent has no index entry. */
export type StreamLists = ReadonlyMap<string, VersionList>;

/** The streams and the settings that a search meets. */
export interface AgentSource {
  readonly streams: StreamLists;
  /** Model setting `agent-stream`; empty means the default, `released`. */
  readonly configStream: string;
  /** Model setting `development`. */
  readonly development: boolean;
}

/** A version named with `--agent-version`: read, or Juju's own words about why it cannot be. */
export type RequestedVersion =
  | { readonly text: string; readonly version: JujuVersion }
  | { readonly text: string; readonly error: string };

/** Another model on the same controller. */
export interface OtherModel {
  /** Without the owner; Juju's own words call it `admin/<name>`. */
  readonly name: string;
  readonly version: JujuVersion;
}

/** What an upgrade's outcome depends on, apart from `--agent-version`. */
interface UpgradeSituation extends AgentSource {
  readonly generation: Generation;
  /** Version of the `juju` client. */
  readonly client: JujuVersion;
  /** Agent version of the model. */
  readonly current: JujuVersion;
  readonly modelType: "iaas" | "caas";
  /** The controller's own model. */
  readonly isController: boolean;
  /** Version that the controller runs. */
  readonly controller: JujuVersion;
  /** `--agent-stream`; empty when absent. */
  readonly stream: string;
  /** Versions already in the controller's agent store. */
  readonly stored: VersionList;
  /** Tags of the `jujud-operator` image, for Kubernetes models. */
  readonly registryTags?: VersionList | undefined;
  /** Whether the client could upload a jujud of its own; undefined when it has none. */
  readonly localAgent?: "official" | "custom" | undefined;
  readonly otherModels: readonly OtherModel[];
  /** 4.0: arch of each controller node. Default one amd64 node. */
  readonly nodeArches?: readonly string[] | undefined;
  /** 4.0: version of each controller node. */
  readonly nodeVersions: readonly JujuVersion[];
  /** 4.0: machines on a base that 4.0 does not support. */
  readonly unsupportedMachines: number;
}

/** "To which version would Juju upgrade this model?" */
export interface UpgradeRequest extends UpgradeSituation {
  readonly requested: RequestedVersion | undefined;
}

/** An upgrade request whose `--agent-version`, if there is one, can be read. */
export interface ValidUpgradeRequest extends UpgradeSituation {
  readonly requested: JujuVersion | undefined;
  readonly trace: Trace | undefined;
}

/** "With which version would this client bootstrap a controller?" */
export interface BootstrapRequest extends AgentSource {
  readonly generation: BootstrapGeneration;
  readonly client: JujuVersion;
  /** `--auto-upgrade`; in 1.25 the absence of `--no-auto-upgrade`. */
  readonly autoUpgrade: boolean;
  readonly requested: RequestedVersion | undefined;
}

/** "Would this target controller accept the model, as far as versions go?" */
export interface MigrationRequest {
  /** That of the target controller, whose code decides. */
  readonly generation: MigrationGeneration;
  readonly model: JujuVersion;
  readonly sourceController: JujuVersion;
  readonly targetController: JujuVersion;
}

/** `--agent-version` as an upgrade reads it. */
export function readRequestedVersion(text: string, rules: VersionGeneration): RequestedVersion {
  return attempt(text, () => readVersion(text, rules));
}

/**
 * `--agent-version` as a bootstrap reads it: as a binary first (`2.9.25-xenial-amd64`), then as a plain version.
 * Source: juju cmd/juju/commands/bootstrap.go Init.
 */
export function readRequestedBinary(text: string, rules: "1.25" | "v2"): RequestedVersion {
  const binary = attempt(text, () => parseAgentBinary(text, rules).number);
  return "error" in binary ? readRequestedVersion(text, rules) : binary;
}

/** Where Juju itself complains about a version, the complaint is its answer. */
function attempt(text: string, read: () => JujuVersion): RequestedVersion {
  try {
    return { text, version: read() };
  } catch (error) {
    if (isJamError(error, "JAM_VERSION_INVALID")) return { text, error: error.message };
    throw error;
  }
}
