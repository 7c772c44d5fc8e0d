import type { Published } from "../helpers/published.ts";

export const SYNC_SCENARIOS = ["fresh", "incremental", "removals"] as const;
export const KEPT_SCENARIOS = ["rollback", "prune"] as const;
/** Repair a mirror with damage of many kinds. */
const REPAIR_SCENARIOS = ["repair"] as const;
/** What changes a channel, and a prune of a mirror with channels. */
export const CHANNEL_SCENARIOS = ["promote", "channel-rollback", "withdraw", "channel-prune"] as const;
export const CREATE_SCENARIOS = ["create", "create-again", "create-over"] as const;
export const IMPORT_SCENARIOS = ["import-full", "import-volumes", "import-delta"] as const;
export const BUNDLE_SCENARIOS = [...CREATE_SCENARIOS, ...IMPORT_SCENARIOS] as const;
export const SCENARIOS = [
  ...SYNC_SCENARIOS,
  ...KEPT_SCENARIOS,
  ...REPAIR_SCENARIOS,
  ...CHANNEL_SCENARIOS,
  ...BUNDLE_SCENARIOS,
] as const;

/** What the killed run has to do: everything, add a version, or add one and let others go. */
export type SyncScenario = (typeof SYNC_SCENARIOS)[number];
/** Show an earlier snapshot, or delete what is no longer kept: of published trees too. */
export type KeptScenario = (typeof KEPT_SCENARIOS)[number];
export type ChannelScenario = (typeof CHANNEL_SCENARIOS)[number];
/** Write volumes to a medium that holds nothing of ours, the same bundle, or another bundle. */
export type CreateScenario = (typeof CREATE_SCENARIOS)[number];
/** Take in all volumes, one volume after the other, or what changed since the last bundle. */
export type ImportScenario = (typeof IMPORT_SCENARIOS)[number];
export type ScenarioName = (typeof SCENARIOS)[number];

/** A place to try one scenario again and again. */
export interface Stage extends AsyncDisposable {
  readonly scenario: ScenarioName;
  /** What leads from the start to the end; each of these runs is killed in its turn. */
  readonly runs: readonly StagedRun[];
  /** What clients of the mirror in a fork may see. */
  readonly watched: Watched;
  /** A folder with settings and a data directory as before the run at this place. Whoever takes it removes it. */
  fork(run: number): Promise<string>;
  /** Looks at a fork after a kill of the run at this place, lets it and those behind it come to their end, and looks again. */
  examine(folder: string, run: number): Promise<Finding>;
  /** Keeps book over a fork that is killed again and again. */
  follow(folder: string): Promise<Follower>;
}

/** For stages that are killed at system calls only, and each time in another fork. */
export const NOT_FOLLOWED: Follower = {
  beforeRun: async () => undefined,
  afterKill: async () => ({ resumed: 0, faults: [] }),
};

export interface StagedRun {
  /** For messages; undefined where there is only one. */
  readonly name: string | undefined;
  readonly args: readonly string[];
  /** The same, with system calls in the same order each time. */
  readonly steadyArgs: readonly string[];
  /** Folders of a fork that the run changes. */
  readonly changes: readonly string[];
}

export interface Watched {
  /** Fingerprints of what readers of `index2.json` may see, the older first. */
  readonly allowed: readonly string[];
  /** True where what leaves the index stays reachable for a while. */
  readonly isGraced: boolean;
}

/** What was found after a kill, and after the run that followed it. */
export interface Finding {
  /** What was to be seen right after the kill. */
  readonly shown: "old" | "new" | "mixture";
  /** What is wrong; empty where all is well. */
  readonly faults: readonly string[];
}

export interface Follower {
  beforeRun(): Promise<void>;
  afterKill(): Promise<Followed>;
}

export interface Followed {
  /** What a kill had cut off, or spared, and the run took up. */
  readonly resumed: number;
  readonly faults: readonly string[];
}

/** What a publication shows, and the part of it that readers of `index2.json` see. */
export interface StagedState extends Published {
  readonly index2Fingerprint: string;
}

export interface StageOptions {
  /** About the size of each tarball. Default a few thousand. */
  readonly tarballBytes?: number;
  /** How fast upstream sends. Default unlimited. */
  readonly bytesPerSecondPerConnection?: number;
}
