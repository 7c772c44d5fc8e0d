import { shellCommand, type ShellCommand } from "../../shared/shell-command.ts";
import type { JujuVersion } from "../version.ts";

/** What a step needs from outside the air gap in addition to the agents, and how Juju is configured to use it. */
export interface Companion {
  /** Stable, for scripts and tests. */
  readonly id: string;
  /** In a few words: `charm juju-controller, channel 3.6/stable`. */
  readonly what: string;
  /** `always`: without it the step fails or contacts the internet. `where-used`: it depends on the site. */
  readonly need: "always" | "where-used";
  /** Files to carry inside; words in capitals are parts of names that the download prints. */
  readonly files: readonly string[];
  /** Commands that download the files, with internet access. */
  readonly fetch: readonly ShellCommand[];
  /** Flags of `juju bootstrap`, each with its value; words in capitals are placeholders. */
  readonly flags: readonly ShellCommand[];
  /** Settings of a running controller. */
  readonly settings: readonly ShellCommand[];
  /** True if the commands of the hop already contain the flags. */
  readonly isInCommand: boolean;
  /** Whether and how it can be changed later. */
  readonly later: string;
  /** What happens without it, and other notes. */
  readonly note: string;
  readonly source: string;
}

/** The flags that set an option of the controller model and of every later model. */
export function forAllModels(setting: string): ShellCommand[] {
  return [shellCommand`--config ${setting}`, shellCommand`--model-default ${setting}`];
}

/** The properties of a step that its companions depend on. */
export interface CompanionQuestion {
  readonly step: "bootstrap" | "upgrade-controller" | "upgrade-model" | "migrate";
  /** Version after the step. */
  readonly version: JujuVersion;
  /** What the controller runs on. */
  readonly type: "iaas" | "caas";
  /** `agent-metadata-url` of this mirror. */
  readonly url: string;
  /** `lxd`, `maas`, `openstack`, …; undefined if no file shows it. */
  readonly cloudType?: string | undefined;
  /** Whether models have containers on machines; undefined if no file shows it. */
  readonly hasContainers?: boolean | undefined;
  /** The controller whose settings are changed; at a bootstrap the new name. */
  readonly controller: string;
}
