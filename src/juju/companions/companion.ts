import { shellCommand, type ShellCommand } from "../../shared/shell-command.ts";
import type { JujuVersion } from "../version.ts";

/** What a step needs from outside the gap next to the agents, and how Juju is told where it is. */
export interface Companion {
  /** Stable, for scripts and tests. */
  readonly id: string;
  /** In a few words: `charm juju-controller, channel 3.6/stable`. */
  readonly what: string;
  /** `always`: the step fails or asks the internet without it. `where-used`: it depends on the site. */
  readonly need: "always" | "where-used";
  /** Files to carry inside; words in capitals stand for what the download names. */
  readonly files: readonly string[];
  /** How to get the files, where there is a network. */
  readonly fetch: readonly ShellCommand[];
  /** Flags of `juju bootstrap`, each with its value; words in capitals stand for what is your own. */
  readonly flags: readonly ShellCommand[];
  /** Settings of a controller that runs already. */
  readonly settings: readonly ShellCommand[];
  /** True when the commands of the hop carry the flags already. */
  readonly isInCommand: boolean;
  /** Whether and how it can be changed later. */
  readonly later: string;
  /** What happens without it, and what else is to know. */
  readonly note: string;
  readonly source: string;
}

/** The flags that give a setting to the controller's own model and to every model made later. */
export function forAllModels(setting: string): ShellCommand[] {
  return [shellCommand`--config ${setting}`, shellCommand`--model-default ${setting}`];
}

/** A step of a hop, as far as companions depend on it. */
export interface CompanionQuestion {
  readonly step: "bootstrap" | "upgrade-controller" | "upgrade-model" | "migrate";
  /** Version after the step. */
  readonly version: JujuVersion;
  /** What the controller runs on. */
  readonly type: "iaas" | "caas";
  /** `agent-metadata-url` of this mirror. */
  readonly url: string;
  /** `lxd`, `maas`, `openstack`, …; undefined when no file tells. */
  readonly cloudType?: string | undefined;
  /** Whether models have containers on machines; undefined when no file tells. */
  readonly hasContainers?: boolean | undefined;
  /** The controller whose settings are changed, and its new name where one is bootstrapped. */
  readonly controller: string;
}
