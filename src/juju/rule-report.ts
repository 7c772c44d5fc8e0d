import type { Agent } from "./agent.ts";
import {
  belongsToSeries,
  candidateOf,
  compileDenials,
  compileKeep,
  compileRule,
  CONDITIONS,
  describeRule,
  firstObjection,
  minorOf,
  type Candidate,
  type CompiledRule,
  type Condition,
  type SelectionRules,
  type SelectRule,
} from "./select-rule.ts";
import { versionsNextTo } from "./version-range.ts";
import { compareVersions, formatVersion, isPrerelease, type JujuVersion } from "./version.ts";

/** What a rule names and does not get. */
export interface RuleGap {
  /** `rule` when it takes nothing at all; `newest` when the newest version of a minor is missing for an architecture. */
  readonly kind: "rule" | "stream" | "arch" | "os" | "series" | "newest";
  /** A sentence that names the rule and what is listed instead. */
  readonly message: string;
  /** The rules that would take what is missing, to ask another upstream for; none where `deny` is the reason. */
  readonly wants: readonly SelectRule[];
}

/** What one rule of `select` gets from what is listed. */
export interface RuleReport {
  /** Counted from 1. */
  readonly rule: number;
  /** The rule's conditions in one line. */
  readonly conditions: string;
  /** Agents that it takes, after `keep` and `deny`. */
  readonly taken: number;
  readonly gaps: readonly RuleGap[];
}

/** What is listed, to hold the rules against. */
export interface ListedAgents {
  readonly agents: readonly Agent[];
  /** Every stream that is listed, read or not. */
  readonly streams: readonly string[];
}

/**
 * What each rule takes, and what it names without getting it, with what is listed instead.
 * @throws JamError JAM_VERSION_INVALID for a range in the rules that cannot be read
 */
export function reportRules(listed: ListedAgents, rules: SelectionRules): RuleReport[] {
  const candidates = listed.agents.map(candidateOf);
  const denialOf = compileDenials(rules.deny);
  const denials = new Map(candidates.map((candidate) => [candidate, denialOf(candidate)]));
  const allowed = candidates.filter((candidate) => denials.get(candidate) === undefined);
  return rules.select.map(compileRule).map((rule): RuleReport => {
    const matches = candidates.filter((candidate) => firstObjection(rule, candidate) === undefined);
    const open = matches.filter((candidate) => denials.get(candidate) === undefined);
    const isKept = compileKeep(rule, allowed);
    const view: View = { rule, candidates, matches, open, listed, denials };
    return {
      rule: rule.number,
      conditions: describeRule(rule),
      taken: open.filter((candidate) => isKept(candidate) === undefined).length,
      gaps: open.length === 0 ? [nothingTaken(view)] : gapsOf(view),
    };
  });
}

interface View {
  readonly rule: CompiledRule;
  /** All that is listed. */
  readonly candidates: readonly Candidate[];
  /** Those that the rule's conditions take. */
  readonly matches: readonly Candidate[];
  /** Those of them that no denial hits. */
  readonly open: readonly Candidate[];
  readonly listed: ListedAgents;
  readonly denials: ReadonlyMap<Candidate, string | undefined>;
}

function nothingTaken(view: View): RuleGap {
  const { rule, matches, denials } = view;
  const name = `Rule ${rule.number} (${describeRule(rule)}) takes no agent`;
  const [first] = matches;
  if (first !== undefined) {
    const message = `${name}: all ${matches.length} that it names are excluded by deny, such as ${first.agent.version}: ${denials.get(first)}.`;
    return { kind: "rule", message, wants: [] };
  }
  return { kind: "rule", message: `${name}: ${reasonForNone(view)}.`, wants: [rule.rule] };
}

/** The condition at which the last agents fall out, and what they are instead. */
function reasonForNone({ rule, candidates, listed }: View): string {
  let left = candidates;
  for (const condition of CONDITIONS) {
    const next = left.filter((candidate) => !objects(rule, candidate, condition));
    if (next.length === 0) return REASONS[condition](rule, left, listed);
    left = next;
  }
  return "upstream lists none that meets all of its conditions";
}

/** Whether this condition, or one before it, does not take the agent. */
function objects(rule: CompiledRule, candidate: Candidate, condition: Condition): boolean {
  const first = firstObjection(rule, candidate);
  return first !== undefined && CONDITIONS.indexOf(first) <= CONDITIONS.indexOf(condition);
}

type Reason = (rule: CompiledRule, left: readonly Candidate[], listed: ListedAgents) => string;

const REASONS: Readonly<Record<Condition, Reason>> = {
  stream: ({ rule }, _left, { streams }) => {
    const known = rule.streams.filter((stream) => streams.includes(stream));
    return known.length > 0 || rule.streams.includes("*")
      ? `upstream lists no agent in ${rule.streams.includes("*") ? "any stream" : known.join(", ")}`
      : `upstream has no stream ${rule.streams.join(", ")}; it has ${listOf(streams)}`;
  },
  versions: (rule, left) =>
    `upstream lists no version in "${rule.range?.text ?? ""}"; ${nearest(rule, left)}`,
  arch: ({ rule }, left) =>
    `upstream lists these versions for ${listOf(left.map(({ agent }) => agent.arch))}, not for ${listOf(rule.arch ?? [])}`,
  os: ({ rule }, left) =>
    `upstream lists these versions for the OS types ${listOf(left.map(osOf))}, not for ${listOf(rule.os ?? [])}`,
  series: ({ rule }, left) =>
    `upstream lists these versions for the series ${listOf(left.map(({ agent }) => agent.release))}, not for ${listOf(rule.series ?? [])}`,
  prereleases: (_rule, left) =>
    `upstream lists pre-releases only, such as ${left.at(-1)?.agent.version}; prereleases: true takes them`,
};

function osOf({ os, agent }: Candidate): string {
  return os ?? agent.release;
}

/** The versions next to the range, with the architectures that exist for them. */
function nearest({ range }: CompiledRule, left: readonly Candidate[]): string {
  if (range === undefined) return "nothing is near it";
  const versions = versionsNextTo(range, distinct(left.map(({ number }) => number)));
  const described = versions.map((version) => {
    const arches = left.filter(({ number }) => compareVersions(number, version) === 0);
    return `${formatVersion(version)} (${listOf(arches.map(({ agent }) => agent.arch))})`;
  });
  return `nearest ${versions.length > 1 ? "are" : "is"} ${described.join(" and ")}`;
}

function gapsOf(view: View): RuleGap[] {
  return [...missingNames(view), ...incompleteNewest(view)];
}

/** A stream, architecture, OS type or series that the rule names, while it takes no agent of it. */
function missingNames(view: View): RuleGap[] {
  const { rule, candidates, matches, listed } = view;
  const { streams, arch, os, series } = rule.rule;
  const gap = (kind: Axis, missing: readonly string[], instead: string): RuleGap[] => {
    if (missing.length === 0) return [];
    const wants = { ...rule.rule, [kind === "stream" ? "streams" : kind]: missing };
    return [{ kind, message: describeGap(rule, { kind, missing, instead }), wants: [wants] }];
  };
  /** What there is instead among the agents that meet the rule's other conditions. */
  const instead = (kind: Axis) => {
    const open = compileRule(withoutAxis(rule.rule, kind), rule.number - 1);
    const others = candidates.filter((candidate) => firstObjection(open, candidate) === undefined);
    return `upstream lists these versions for ${listOf(others.flatMap(VALUES[kind]))}`;
  };
  const missing = (kind: Axis, named: readonly string[] = []) => {
    const found = new Set(matches.flatMap(VALUES[kind]));
    return named.filter((one) => one !== "*" && !found.has(one));
  };
  const unlisted = missing("stream", streams);
  const unknown = unlisted.filter((stream) => !listed.streams.includes(stream));
  const empty = unlisted.filter((stream) => !unknown.includes(stream));
  const bySeries = withoutSeries(rule, candidates).some(belongsToSeries);
  const gaps = (kind: Axis, names: readonly string[]) =>
    names.length === 0 ? [] : gap(kind, names, instead(kind));
  return [
    ...gap("stream", unknown, `upstream has ${listOf(listed.streams)}`),
    ...gaps("stream", empty),
    ...gaps("arch", missing("arch", arch)),
    ...gaps("os", missing("os", os)),
    ...gaps("series", bySeries ? missing("series", series) : []),
    ...deniedNames(view),
  ];
}

function describeGap(
  rule: CompiledRule,
  gap: { readonly kind: Axis; readonly missing: readonly string[]; readonly instead: string },
): string {
  return `Rule ${rule.number} (${describeRule(rule)}) takes no agent for the ${NAMES[gap.kind]} ${gap.missing.join(", ")}: ${gap.instead}.`;
}

/** What the rule names and upstream lists, while `deny` excludes all of it. */
function deniedNames({ rule, matches, open, denials }: View): RuleGap[] {
  const { streams, ...others } = rule.rule;
  const named = { stream: streams, arch: others.arch, os: others.os, series: others.series };
  return AXES.flatMap((kind) => {
    const left = new Set(open.flatMap(VALUES[kind]));
    return (named[kind] ?? []).flatMap((name): RuleGap[] => {
      const excluded = matches.filter((candidate) => VALUES[kind](candidate).includes(name));
      const [first] = excluded;
      if (first === undefined || left.has(name)) return [];
      const instead = `all ${excluded.length} are excluded by deny, such as ${first.agent.version}: ${denials.get(first)}`;
      return [{ kind, message: describeGap(rule, { kind, missing: [name], instead }), wants: [] }];
    });
  });
}

/** What the rule would take if it named no series. */
function withoutSeries(rule: CompiledRule, candidates: readonly Candidate[]): Candidate[] {
  if (rule.rule.series === undefined) return [];
  const open = compileRule(withoutAxis(rule.rule, "series"), rule.number - 1);
  return candidates.filter((candidate) => firstObjection(open, candidate) === undefined);
}

const AXES = ["stream", "arch", "os", "series"] as const;
type Axis = (typeof AXES)[number];

const NAMES = { stream: "stream", arch: "architecture", os: "OS type", series: "series" } as const;

/** What an agent is on each axis. */
const VALUES: Readonly<Record<Axis, (candidate: Candidate) => readonly string[]>> = {
  stream: ({ streams }) => streams,
  arch: ({ agent }) => [agent.arch],
  os: (candidate) => [osOf(candidate)],
  series: (candidate) => (belongsToSeries(candidate) ? [candidate.agent.release] : []),
};

/** The rule with one axis left open. */
function withoutAxis(rule: SelectRule, kind: Axis): SelectRule {
  if (kind === "stream") return { ...rule, streams: ["*"] };
  const { [kind]: _named, ...others } = rule;
  return { ...others, streams: rule.streams };
}

/** Minors whose newest version is missing for an architecture that the rule names and gets in other versions. */
function incompleteNewest({ rule, open }: View): RuleGap[] {
  const named = rule.rule.arch?.filter((one) => open.some(({ agent }) => agent.arch === one)) ?? [];
  const minors = [...Map.groupBy(open, minorOf)].map(([minor, candidates]) => {
    const finals = candidates.filter(({ number }) => !isPrerelease(number));
    return { minor, candidates: finals.length === 0 ? candidates : finals };
  });
  return named.flatMap((arch): RuleGap[] => {
    const incomplete = minors.flatMap(({ minor, candidates }) => {
      const newest = newestOf(candidates);
      const own = newestOf(candidates.filter(({ agent }) => agent.arch === arch));
      if (newest === undefined || (own !== undefined && compareVersions(own, newest) === 0)) return [];
      const version = formatVersion(newest);
      const instead =
        own === undefined ? `no ${minor} is` : `the newest ${minor} for it is ${formatVersion(own)}`;
      return [{ version, text: `${version} (${instead})` }];
    });
    if (incomplete.length === 0) return [];
    return [
      {
        kind: "newest",
        message: `Rule ${rule.number} (${describeRule(rule)}) names ${arch}, for which upstream does not list ${incomplete.map(({ text }) => text).join(", ")}.`,
        wants: incomplete.map(({ version }) => ({ ...rule.rule, versions: version, arch: [arch] })),
      },
    ];
  });
}

function newestOf(candidates: readonly Candidate[]): JujuVersion | undefined {
  return candidates
    .map(({ number }) => number)
    .toSorted(compareVersions)
    .at(-1);
}

function distinct(versions: readonly JujuVersion[]): JujuVersion[] {
  return [...new Map(versions.map((version) => [formatVersion(version), version])).values()];
}

function listOf(words: Iterable<string>): string {
  const sorted = [...new Set(words)].sort();
  return sorted.length === 0 ? "none" : sorted.join(", ");
}

/**
 * What in the rules has no effect, one sentence each: entries of `deny` that match nothing that is listed, and series where
 * no agent belongs to one. From 2.9 on agents are listed by OS type, too, and then they do not.
 * @throws JamError JAM_VERSION_INVALID for a range in the rules that cannot be read
 */
export function reportUseless(agents: readonly Agent[], { select, deny }: SelectionRules): string[] {
  const candidates = agents.map(candidateOf);
  const denials = deny.flatMap((entry, index) => {
    const denialOf = compileDenials([entry]);
    if (candidates.some((candidate) => denialOf(candidate) !== undefined)) return [];
    const what = entry.arch === undefined ? entry.version : `${entry.version} on ${entry.arch.join(" or ")}`;
    return [
      `Entry ${index + 1} of deny (${what}) has no effect: upstream lists no such agent in the streams of select.`,
    ];
  });
  const series = select.map(compileRule).flatMap((rule) => {
    const taken = withoutSeries(rule, candidates);
    if (taken.length === 0 || taken.some(belongsToSeries)) return [];
    return [
      `Rule ${rule.number} (${describeRule(rule)}) names a series, which has no effect: no agent that it selects belongs to a series.`,
    ];
  });
  return [...series, ...denials];
}
