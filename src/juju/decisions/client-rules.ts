import type { JujuVersion } from "../version.ts";
import { tagsForClient, tagsForServer29 } from "./caas.ts";
import type { Generation } from "./generation.ts";
import {
  cannotChange,
  cannotLower,
  hostedModelAhead,
  LOOKUP_FAILURES,
  NO_COMPATIBLE_TOOLS,
  NO_COMPATIBLE_VERSIONS,
  NO_MATCHING_VERSIONS,
  upgradeControllerFirst,
} from "./messages.ts";
import { readVersion } from "./version-list.ts";

/** The generations in which the client of 2.x decides. */
export type ClientGeneration = Extract<
  Generation,
  "2.0-2.1" | "2.3" | "2.4-2.5" | "2.7-2.8.6" | "2.8.10-2.8.13" | "2.9.0-2.9.31" | "2.9.32"
>;

/**
 * When a 2.x client turns to a jujud of its own: before it looks at the streams, after they gave no choice,
 * only when they list nothing at all, or when its own version is not among the published ones.
 */
export type LocalUpload = "first" | "no-choice" | "nothing-listed" | "unpublished";

/** What differs between the 2.x clients. */
export interface ClientRules {
  /** `file @ref` of the command. */
  readonly file: string;
  readonly ref: string;
  readonly localUpload: LocalUpload;
  /** Whether the search for the next minor starts at the current tag, or below every tag. */
  readonly nextMinorTag: "current" | "lowest";
  /** Lowest version from which a major may be entered. */
  readonly majorMinimums: ReadonlyMap<number, JujuVersion>;
  /** `2.8-rc9` counts as 2.8.9 where a minimum is required. */
  readonly ignoresTag: boolean;
  /** A major is entered through its minor 0, and only a client of minor 0 serves the major before. */
  readonly onlyMinorZero: boolean;
  /** A patch below the current one is refused, not only a minor. */
  readonly refusesLowerPatch: boolean;
  /** From 2.7 the client does not look at why a lookup failed. */
  readonly lookupFailures: (typeof LOOKUP_FAILURES)["tools" | "binaries"] | undefined;
  readonly noMatch: string;
  readonly noCompatible: string;
  readonly lowerVersion: (current: JujuVersion, chosen: JujuVersion) => string;
  readonly aheadOfController: (chosen: JujuVersion, controller: JujuVersion) => string;
  /** The controller demands the minimum of every model. */
  readonly checksOtherModels: boolean;
  readonly tags: typeof tagsForClient;
  /** `--agent-stream`: unknown up to 2.3, then used for the one lookup, from 2.9 also written into the settings. */
  readonly streamOption: "none" | "lookup" | "lookup-and-settings";
}

const INTO_2 = new Map([[2, readVersion("1.25.4")]]);
const INTO_3 = new Map([[3, readVersion("2.8.9")]]);

const RULES_2_0: ClientRules = {
  file: "cmd/juju/commands/upgradejuju.go",
  ref: "juju-2.0.4",
  localUpload: "first",
  nextMinorTag: "current",
  majorMinimums: INTO_2,
  onlyMinorZero: true,
  ignoresTag: false,
  refusesLowerPatch: false,
  lookupFailures: LOOKUP_FAILURES.tools,
  noMatch: LOOKUP_FAILURES.tools["no-match"],
  noCompatible: NO_COMPATIBLE_TOOLS,
  lowerVersion: cannotChange,
  aheadOfController: hostedModelAhead,
  checksOtherModels: false,
  tags: tagsForClient,
  streamOption: "none",
};

const RULES_2_3: ClientRules = {
  ...RULES_2_0,
  ref: "juju-2.3.9",
  localUpload: "no-choice",
  refusesLowerPatch: true,
  lookupFailures: LOOKUP_FAILURES.binaries,
  noMatch: LOOKUP_FAILURES.binaries["no-match"],
  lowerVersion: cannotLower,
  aheadOfController: upgradeControllerFirst,
};

const RULES_2_4: ClientRules = {
  ...RULES_2_3,
  file: "cmd/juju/commands/upgrademodel.go",
  ref: "juju-2.5.8",
  nextMinorTag: "lowest",
  streamOption: "lookup",
};

const RULES_2_7: ClientRules = {
  ...RULES_2_4,
  ref: "juju-2.7.8",
  localUpload: "nothing-listed",
  lookupFailures: undefined,
  noMatch: NO_MATCHING_VERSIONS,
  noCompatible: NO_COMPATIBLE_VERSIONS,
};

const RULES_2_8_10: ClientRules = {
  ...RULES_2_7,
  ref: "juju-2.8.13",
  majorMinimums: INTO_3,
  onlyMinorZero: false,
  ignoresTag: true,
  checksOtherModels: true,
};

const RULES_2_9: ClientRules = {
  ...RULES_2_8_10,
  ref: "juju-2.9.31",
  tags: tagsForServer29,
  streamOption: "lookup-and-settings",
};

/** Source: juju cmd/juju/commands/upgradejuju.go (2.0.4, 2.3.9), upgrademodel.go (2.5.8 to 2.9.32). */
export const CLIENT_RULES: Readonly<Record<ClientGeneration, ClientRules>> = {
  "2.0-2.1": RULES_2_0,
  "2.3": RULES_2_3,
  "2.4-2.5": RULES_2_4,
  "2.7-2.8.6": RULES_2_7,
  "2.8.10-2.8.13": RULES_2_8_10,
  "2.9.0-2.9.31": RULES_2_9,
  "2.9.32": { ...RULES_2_9, ref: "juju-2.9.32", localUpload: "unpublished" },
};
