import { compareVersions, parseVersion, type JujuVersion, type VersionGeneration } from "../version.ts";
import { type AgentFamily, readsOf } from "../stream.ts";

/** What the metadata look-up of one release of Juju does differently from that of others. */
export interface LookupRules {
  /** The releases that share these rules, for people. */
  readonly name: string;
  /** Without extension, in the order of the requests. */
  readonly indexes: readonly ("index2" | "index")[];
  readonly family: AgentFamily;
  /**
   * How a failed request is treated. `hidden`: every failure counts as not found. `statuses`: 404 and no
   * connection count as not found, other statuses fail. `strict`: only 404 counts as not found, and all but 404 and
   * 401 is tried three times. 401 lets the legacy index be tried in all of them.
   */
  readonly failures: "hidden" | "statuses" | "strict";
  /** Whether a product file that is not there is "not found" (2.9 and later) or an error of its own. */
  readonly keepsProductFailure: boolean;
  /** Whether the operator's source (`agent-metadata-url`) has Juju's key; without it no signature is ever good. */
  readonly customSourceHasKey: boolean;
  /** When the last source is read signed only: never, also in the place of `--metadata-source`, or only Canonical's. */
  readonly requiresSigned: "never" | "always" | "official";
  /** Up to 1.20 the stream is fixed. */
  readonly hasStreams: boolean;
  /** Juju's words for an empty result. */
  readonly words: { readonly noIndex: string; readonly noMatch: string };
  /** How version texts are read. */
  readonly versions: VersionGeneration;
}

/** Which lists are read is decided in `readsOf`. */
type OwnRules = Omit<LookupRules, "family">;

const TOOLS = { noIndex: "no tools available", noMatch: "no matching tools available" };
const BINARIES = { noIndex: "no agent binaries available", noMatch: "no matching agent binaries available" };

const FIRST: OwnRules = {
  name: "up to 1.20",
  indexes: ["index"],
  failures: "hidden",
  keepsProductFailure: false,
  customSourceHasKey: true,
  requiresSigned: "never",
  hasStreams: false,
  words: TOOLS,
  versions: "1.25",
};
const WITH_STREAMS: OwnRules = {
  ...FIRST,
  name: "1.21 to 1.25.1",
  indexes: ["index2", "index"],
  hasStreams: true,
};
const WITHOUT_KEY: OwnRules = { ...WITH_STREAMS, name: "1.25.2 to 1.25.14", customSourceHasKey: false };
const JUJU_2: OwnRules = {
  ...WITH_STREAMS,
  name: "2.0 and 2.1",
  requiresSigned: "always",
  versions: "v1",
};
const JUJU_2_2: OwnRules = { ...JUJU_2, name: "2.2 to 2.8.0", words: BINARIES };
const JUJU_2_8: OwnRules = { ...JUJU_2_2, name: "2.8.1 to 2.8", requiresSigned: "official" };
const JUJU_2_9: OwnRules = {
  ...JUJU_2_8,
  name: "2.9, 3.0 to 3.1.6 and 3.2",
  failures: "statuses",
  keepsProductFailure: true,
  versions: "v2",
};
const JUJU_3: OwnRules = { ...JUJU_2_9, name: "3.1.7 and later of 3.1, 3.3 to 3.6", failures: "strict" };
const JUJU_4: OwnRules = { ...JUJU_3, name: "4.0", versions: "4.0" };

/**
 * From which release on which rules hold. Whether late 2.9 and 3.2.4 repeat failed requests is not known; they count
 * as not.
 * Source: juju environs/simplestreams simplestreams.go, datasource.go, environs/tools urls.go, simplestreams.go at
 * 1.20.14, 1.25.1, 1.25.6, 2.0.4, 2.8.0, 2.8.5, 2.9.42, 3.6.11; commit b3e1811b33 (2.8.1), PR 16451 (3.1.7, 3.3).
 */
const STARTS: readonly (readonly [JujuVersion, LookupRules])[] = (
  [
    ["1.0.0", FIRST],
    ["1.21-alpha1", WITH_STREAMS],
    ["1.25.2", WITHOUT_KEY],
    ["2.0-alpha1", JUJU_2],
    ["2.2-alpha1", JUJU_2_2],
    ["2.8.1", JUJU_2_8],
    ["2.9-rc8", JUJU_2_9],
    ["3.1.7", JUJU_3],
    ["3.2-alpha1", JUJU_2_9],
    ["3.3-alpha1", JUJU_3],
    ["4.0-alpha1", JUJU_4],
  ] as const
).map(([from, rules]) => [parseVersion(from), withFamily(parseVersion(from), rules)]);

function withFamily(from: JujuVersion, rules: OwnRules): LookupRules {
  return { ...rules, family: readsOf(from) };
}

/** The rules by which Juju of this version looks agents up. */
export function lookupRulesOf(version: JujuVersion): LookupRules {
  return STARTS.findLast(([from]) => compareVersions(version, from) >= 0)?.[1] ?? withFamily(version, FIRST);
}

/**
 * How a part of a look-up fails, as far as Juju distinguishes failures: the first two are the errors `NotFound` and
 * `Unauthorized`, `no-match` is "metadata is there but lists nothing that fits", `failed` any other error, `panic` the
 * end of the program.
 */
export type LookupFaultKind = "not-found" | "unauthorized" | "no-match" | "failed" | "panic";

/** A failure inside a look-up: a value, because most of them only lead to the next document. */
export interface LookupFault {
  readonly fault: LookupFaultKind;
  readonly reason: string;
}

/** True for a failure. */
export function isFault(value: object): value is LookupFault {
  return "fault" in value;
}
