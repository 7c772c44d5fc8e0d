import type { Agent } from "./agent.ts";
import { osTypeOf } from "./release.ts";
import { parseStreamContentId, type AgentFamily } from "./stream.ts";
import { isInRange, namesPrerelease, parseVersionRange, type VersionRange } from "./version-range.ts";
import {
  compareVersions,
  formatMajorMinor,
  formatVersion,
  isPrerelease,
  parseVersion,
  type JujuVersion,
} from "./version.ts";

/** An agent with what the rules ask about it, read once. */
export interface Candidate {
  readonly agent: Agent;
  readonly number: JujuVersion;
  readonly streams: readonly string[];
  readonly families: readonly AgentFamily[];
  /** Undefined for a release that is neither an OS type nor a known series. */
  readonly os: string | undefined;
}

/**
 * The agent as the rules see it.
 * @throws JamError JAM_VERSION_INVALID
 */
export function candidateOf(agent: Agent): Candidate {
  const [only] = agent.listings;
  const { streams, families } =
    agent.listings.length === 1 && only !== undefined ? placesOfOne(only) : placesOf(agent.listings);
  return {
    agent,
    number: numberOf(agent.version),
    streams,
    families,
    os: osTypeOf(agent.release, only?.productId),
  };
}

type Places = Pick<Candidate, "streams" | "families">;

function placesOf(listings: Agent["listings"]): Places {
  const listed = listings.flatMap(({ contentId }) => parseStreamContentId(contentId) ?? []);
  return {
    streams: [...new Set(listed.map(({ stream }) => stream))],
    families: [...new Set(listed.map(({ family }) => family))],
  };
}

/** What was read last: lists have thousands of agents of one content id, and several of each version next to each other. */
let lastPlaces: { readonly contentId: string; readonly places: Places } | undefined;
let lastNumber: { readonly version: string; readonly number: JujuVersion } | undefined;

function placesOfOne(listing: Agent["listings"][number]): Places {
  const { contentId } = listing;
  if (lastPlaces?.contentId !== contentId) lastPlaces = { contentId, places: placesOf([listing]) };
  return lastPlaces.places;
}

function numberOf(version: string): JujuVersion {
  if (lastNumber?.version !== version) lastNumber = { version, number: parseVersion(version) };
  return lastNumber.number;
}

/** A compiled `select:` entry. */
export interface CompiledRule {
  /** Position in `select:`, from 1. */
  readonly number: number;
  readonly rule: SelectRule;
  readonly range: VersionRange | undefined;
  /** Whether a version is in the range; each is tested once. */
  readonly takesVersion: (candidate: Candidate) => boolean;
}

/** @throws JamError JAM_VERSION_INVALID for a range that cannot be read */
export function compileRule(rule: SelectRule, index: number): CompiledRule {
  const range = rule.versions === undefined ? undefined : parseVersionRange(rule.versions);
  return { number: index + 1, rule, range, takesVersion: rangeTest(range) };
}

function rangeTest(range: VersionRange | undefined): CompiledRule["takesVersion"] {
  if (range === undefined) return () => true;
  const tested = new Map<string, boolean>();
  return ({ agent, number }) => {
    const known = tested.get(agent.version) ?? isInRange(number, range);
    tested.set(agent.version, known);
    return known;
  };
}

/** What a rule can require, in the order in which it is checked. */
export const CONDITIONS = ["stream", "versions", "arch", "os", "series", "prereleases"] as const;
export type Condition = (typeof CONDITIONS)[number];

/**
 * Why the rule's conditions do not take the agent, or undefined when they do. `keep` compares agents with each
 * other and is not looked at here.
 */
export function objectionOf(compiled: CompiledRule, candidate: Candidate): string | undefined {
  for (const condition of CONDITIONS) {
    const objection = OBJECTIONS[condition](compiled, candidate);
    if (objection !== undefined) return objection;
  }
  return undefined;
}

/** The first condition that does not take the agent, or undefined when all do. */
export function firstObjection(compiled: CompiledRule, candidate: Candidate): Condition | undefined {
  return CONDITIONS.find((condition) => OBJECTIONS[condition](compiled, candidate) !== undefined);
}

type Objection = (compiled: CompiledRule, candidate: Candidate) => string | undefined;

const OBJECTIONS: Readonly<Record<Condition, Objection>> = {
  stream: ({ rule }, candidate) =>
    searchedStreams(rule, candidate).length > 0
      ? undefined
      : `stream ${either(candidate.streams)} is not ${either(rule.streams)}`,
  versions: ({ range, takesVersion }, candidate) =>
    takesVersion(candidate)
      ? undefined
      : `version ${candidate.agent.version} is not in "${range?.text ?? ""}"`,
  arch: ({ rule: { arch } }, { agent }) =>
    arch === undefined || arch.includes(agent.arch) ? undefined : `arch ${agent.arch} is not ${either(arch)}`,
  os: ({ rule: { os } }, candidate) =>
    os === undefined || (candidate.os !== undefined && os.includes(candidate.os))
      ? undefined
      : `OS ${candidate.os ?? `of ${candidate.agent.release}`} is not ${either(os)}`,
  series: ({ rule: { series } }, candidate) =>
    series === undefined || !belongsToSeries(candidate) || series.includes(candidate.agent.release)
      ? undefined
      : `series ${candidate.agent.release} is not ${either(series)}`,
  prereleases: prereleaseObjection,
};

/** The streams of the rule that list the agent. */
function searchedStreams({ streams }: SelectRule, candidate: Candidate): readonly string[] {
  return streams.includes("*")
    ? candidate.streams
    : candidate.streams.filter((stream) => streams.includes(stream));
}

/** True for an agent that is listed by series alone, as Juju up to 2.8 reads. */
export function belongsToSeries({ families }: Candidate): boolean {
  return !families.includes("agents");
}

function prereleaseObjection({ rule, range }: CompiledRule, candidate: Candidate): string | undefined {
  const { agent, number } = candidate;
  if (!isPrerelease(number) || rule.prereleases === true) return undefined;
  if (rule.prereleases === false)
    return `${agent.version} is a pre-release, and the rule has prereleases: false`;
  if (searchedStreams(rule, candidate).some((stream) => stream !== "released")) return undefined;
  if (range !== undefined && namesPrerelease(number, range)) return undefined;
  return `${agent.version} is a pre-release in the released stream; take it with prereleases: true, or name it in versions`;
}

/** Why a candidate that meets the conditions is not among the newest, or undefined. */
export type KeepTest = (candidate: Candidate) => string | undefined;

/**
 * Counts the distinct versions of each minor and architecture among what the rule's conditions take and no denial
 * hits: a version without an architecture does not displace the newest that has it.
 */
export function compileKeep(compiled: CompiledRule, allowed: readonly Candidate[]): KeepTest {
  const { keep } = compiled.rule;
  if (keep === undefined) return () => undefined;
  const taken = allowed.filter((candidate) => firstObjection(compiled, candidate) === undefined);
  const oldestKept = new Map<string, JujuVersion | undefined>();
  for (const [place, candidates] of Map.groupBy(taken, placeOf)) {
    const versions = new Map(candidates.map(({ number }) => [formatVersion(number), number]));
    oldestKept.set(place, [...versions.values()].sort((a, b) => compareVersions(b, a))[keep - 1]);
  }
  return (candidate) => {
    const oldest = oldestKept.get(placeOf(candidate));
    if (oldest === undefined || compareVersions(candidate.number, oldest) >= 0) return undefined;
    const { version, arch } = candidate.agent;
    return `${version} is not among the newest ${keep} of ${minorOf(candidate)} for ${arch}, which end at ${formatVersion(oldest)}`;
  };
}

function placeOf(candidate: Candidate): string {
  return `${minorOf(candidate)} ${candidate.agent.arch}`;
}

/** A rule's conditions in one line: `released, >=3.6, amd64 or arm64, newest 3 per minor`. */
export function describeRule({ rule }: CompiledRule): string {
  return describeConditions(rule);
}

/** As `describeRule`, for a rule that is not compiled: its range may be one that cannot be read any longer. */
export function describeConditions(rule: SelectRule): string {
  return [
    rule.streams.includes("*") ? "every stream" : either(rule.streams),
    rule.versions,
    rule.arch && either(rule.arch),
    rule.os && either(rule.os),
    rule.series && `series ${either(rule.series)}`,
    rule.keep === undefined ? undefined : `newest ${rule.keep} per minor`,
  ]
    .filter((part) => part !== undefined)
    .join(", ");
}

/** Why an agent may never be mirrored, or undefined. */
export type Denial = (candidate: Candidate) => string | undefined;

/**
 * The first denial of the list that hits an agent.
 * @throws JamError JAM_VERSION_INVALID for a range that cannot be read
 */
export function compileDenials(deny: readonly DenyRule[]): Denial {
  const rules = deny.map((rule) => ({ ...rule, range: parseVersionRange(rule.version) }));
  return ({ agent, number }) => {
    const hit = rules.find(
      ({ range, arch }) => isInRange(number, range) && (arch === undefined || arch.includes(agent.arch)),
    );
    if (hit === undefined) return undefined;
    const what = hit.arch === undefined ? hit.version : `${hit.version} on ${either(hit.arch)}`;
    return `denied (${what}): ${hit.reason ?? "no reason given"}`;
  };
}

/** `3.6`: agents are kept per minor. */
export function minorOf({ number }: Candidate): string {
  return formatMajorMinor(number);
}

/** `amd64 or arm64`. */
export function either(words: readonly string[]): string {
  return words.length === 0 ? "none" : words.join(" or ");
}

/** When a mirror in cache mode fetches a tarball: when it is requested for the first time, or when a sync runs. */
export const FETCH_TIMES = ["onRequest", "onSync"] as const;
export type FetchTime = (typeof FETCH_TIMES)[number];

/** One `select:` entry of the configuration: an agent is wanted when one rule takes it. */
export interface SelectRule {
  /** Juju's `agent-stream` names; `*` is every stream that upstream lists. */
  readonly streams: readonly string[];
  /** A range of Juju versions (`>=2.9.49 <3 || >=3.6`) or one version; absent takes every version. */
  readonly versions?: string;
  readonly arch?: readonly string[];
  /** OS types: `ubuntu` takes `:agents` items for ubuntu and `:tools` items of every Ubuntu series. */
  readonly os?: readonly string[];
  /** Series: narrows `:tools` items only; `:agents` items belong to no series. */
  readonly series?: readonly string[];
  /** Keep only the newest N versions of each major.minor and architecture, counted after the other conditions and `deny`. At least 1. */
  readonly keep?: number;
  /** Whether pre-releases (`3.6-beta2`) count; default: taken only outside the released stream or when named in `versions`. */
  readonly prereleases?: boolean;
  /** When a mirror in cache mode fetches what the rule takes. Default `onRequest`. */
  readonly fetch?: FetchTime;
}

/** One `deny:` entry: what it matches is never mirrored, whichever rule takes it. */
export interface DenyRule {
  /** An exact version or a range. */
  readonly version: string;
  readonly arch?: readonly string[];
  readonly reason?: string;
}

export interface SelectionRules {
  readonly select: readonly SelectRule[];
  readonly deny: readonly DenyRule[];
}
