import type { Agent } from "./agent.ts";
import { osTypeOf } from "./release.ts";
import type { DenyRule, SelectRule } from "./selection-rules.ts";
import { parseStreamContentId, type AgentFamily } from "./stream.ts";
import { isInRange, namesPrerelease, parseVersionRange, type VersionRange } from "./version-range.ts";
import { formatMajorMinor, isPrerelease, parseVersion, type JujuVersion } from "./version.ts";

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
  const listed = agent.listings.flatMap(({ contentId }) => parseStreamContentId(contentId) ?? []);
  return {
    agent,
    number: parseVersion(agent.version),
    streams: [...new Set(listed.map(({ stream }) => stream))],
    families: [...new Set(listed.map(({ family }) => family))],
    os: osTypeOf(agent.release, agent.listings[0]?.productId),
  };
}

/** A `select:` entry, ready to be asked. */
export interface CompiledRule {
  /** Position in `select:`, from 1. */
  readonly number: number;
  readonly rule: SelectRule;
  readonly range: VersionRange | undefined;
}

/** @throws JamError JAM_VERSION_INVALID for a range that cannot be read */
export function compileRule(rule: SelectRule, index: number): CompiledRule {
  const range = rule.versions === undefined ? undefined : parseVersionRange(rule.versions);
  return { number: index + 1, rule, range };
}

/**
 * Why the rule's conditions do not take the agent, or undefined when they do. `keep` compares agents with each
 * other and is not looked at here.
 */
export function objectionOf({ rule, range }: CompiledRule, candidate: Candidate): string | undefined {
  const { agent, number } = candidate;
  const streams = rule.streams.includes("*")
    ? candidate.streams
    : candidate.streams.filter((stream) => rule.streams.includes(stream));
  if (streams.length === 0) return `stream ${either(candidate.streams)} is not ${either(rule.streams)}`;
  if (range !== undefined && !isInRange(number, range))
    return `version ${agent.version} is not in "${range.text}"`;
  if (rule.arch !== undefined && !rule.arch.includes(agent.arch))
    return `arch ${agent.arch} is not ${either(rule.arch)}`;
  return platformObjection(rule, candidate) ?? prereleaseObjection({ rule, range }, candidate, streams);
}

function platformObjection({ os, series }: SelectRule, candidate: Candidate): string | undefined {
  const { release } = candidate.agent;
  if (os !== undefined && !(candidate.os !== undefined && os.includes(candidate.os))) {
    return `OS ${candidate.os ?? `of ${release}`} is not ${either(os)}`;
  }
  const belongsToSeries = !candidate.families.includes("agents");
  if (series !== undefined && belongsToSeries && !series.includes(release)) {
    return `series ${release} is not ${either(series)}`;
  }
  return undefined;
}

function prereleaseObjection(
  { rule, range }: Pick<CompiledRule, "rule" | "range">,
  { agent, number }: Candidate,
  streams: readonly string[],
): string | undefined {
  if (!isPrerelease(number) || rule.prereleases === true) return undefined;
  if (rule.prereleases === false)
    return `${agent.version} is a pre-release, and the rule says prereleases: false`;
  if (streams.some((stream) => stream !== "released")) return undefined;
  if (range !== undefined && namesPrerelease(number, range)) return undefined;
  return `${agent.version} is a pre-release in the released stream; take it with prereleases: true, or name it in versions`;
}

/** A rule's conditions in one line: `released, >=3.6, amd64 or arm64, newest 3 per minor`. */
export function describeRule({ rule }: CompiledRule): string {
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

/** Says why an agent may never be mirrored, or undefined. */
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

function either(words: readonly string[]): string {
  return words.length === 0 ? "none" : words.join(" or ");
}
