import type { RunningVersions } from "../mirror/running-versions.ts";
import type { Store } from "../store/store.ts";
import type { ChannelRules } from "./channels.ts";

/** What commands on channels work with; `compose/` joins it. */
export interface ChannelWork {
  readonly store: Store;
  /** The channels of jam.yaml. */
  readonly settings: readonly ChannelRules[];
  /** How long what a channel no longer lists stays reachable, in ms. */
  readonly graceMs: number;
  readonly now: () => Date;
  /** User and machine, for the history. */
  readonly who: string;
  /** What the last known fleet runs; undefined where nothing is known of one. */
  readonly running?: RunningVersions | undefined;
}
