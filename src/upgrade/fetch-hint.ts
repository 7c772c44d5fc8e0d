import { type Agent, formatAgentName } from "../juju/agent.ts";
import { type Verdict, selectAgents } from "../juju/select.ts";
import type { SelectionRules } from "../juju/select-rule.ts";
import { type AgentFamily, parseStreamContentId } from "../juju/stream.ts";
import {
  type JujuVersion,
  compareVersions,
  formatMajorMinor,
  formatVersion,
  isPrerelease,
  isVersion,
  parseVersion,
} from "../juju/version.ts";
import { parseVersionRange, versionsNextTo } from "../juju/version-range.ts";

/** What a hint on fetching agents is based on. */
export interface FetchView {
  readonly held: readonly Agent[];
  /** What upstream listed at the last sync, in the streams that were read; undefined if that is not known. */
  readonly upstream: readonly Agent[] | undefined;
  readonly rules: SelectionRules;
  /** True if this mirror does not sync. */
  readonly isOffline: boolean;
}

/** Agents that are missing here. */
export interface WantedAgents {
  /** A version, or a minor (`3.6`) or major for the newest of it. */
  readonly versions: string;
  /** Empty for any. */
  readonly arches?: readonly string[] | undefined;
  readonly stream?: string | undefined;
  /** Which lists count; undefined for both. */
  readonly family?: AgentFamily | undefined;
}

/** How to fetch agents, in sentences, or why that is not possible. */
export type FetchHint = (wanted: WantedAgents) => string;

/** The hint if nothing is known about upstream, such as for a question with its own lists. */
export const plainFetchHint: FetchHint = (wanted) =>
  `Run \`jam sync\` with a rule in \`select\` of jam.yaml that selects it: ${ruleFor(wanted)}.`;

/**
 * A hint that knows what is held, what upstream listed and what the rules select: agents that upstream does not list
 * cannot be synced, and an offline mirror does not sync.
 */
export function createFetchHint(view: FetchView): FetchHint {
  const verdicts = lazily(() => {
    const judged = selectAgents(view.upstream ?? [], view.rules);
    return new Map(judged.map((verdict) => [formatAgentName(verdict.agent), verdict]));
  });
  const held = lazily(() => new Set(view.held.map(formatAgentName)));
  return (wanted) => {
    const listed = (view.upstream ?? []).filter(listedTest(wanted));
    const get = (what: WantedAgents, agents: readonly Agent[]): string =>
      view.isOffline
        ? `This mirror is offline: import a bundle that has it (\`jam bundle import\`). On the side that creates it, add this rule to \`select\`: ${ruleFor(what)}.`
        : howToSync(
            what,
            agents.flatMap((agent) =>
              held().has(formatAgentName(agent)) ? [] : (verdicts().get(formatAgentName(agent)) ?? []),
            ),
          );
    // Only streams that a rule names were read: about the others nothing is known.
    if (listed.length === 0) return get(wanted, []);
    const { target, sentences, arches } = aim(wanted, listed);
    if (target === undefined) return [...sentences, view.isOffline ? CHOOSE : ADD_UPSTREAM].join(" ");
    const what = { ...wanted, versions: target, arches };
    const agents = listed.filter(
      ({ version, arch }) => version === target && (arches.length === 0 || arches.includes(arch)),
    );
    const isHere = sentences.length > 0 && agents.every((agent) => held().has(formatAgentName(agent)));
    return [...sentences, ...(isHere ? [] : [get(what, agents)])].join(" ");
  };
}

const CHOOSE = "Choose another version.";
const ADD_UPSTREAM = "Choose another version, or add an upstream that has it.";

/** Whether an agent is listed where the wanted ones are searched. */
export function listedTest({ stream = "released", family }: WantedAgents): (agent: Agent) => boolean {
  return ({ listings }) =>
    listings.some(({ contentId }) => {
      const listed = parseStreamContentId(contentId);
      return listed?.stream === stream && (family === undefined || listed.family === family);
    });
}

/** What can be fetched of it, and what cannot. */
interface Aim {
  /** The version to fetch; undefined where there is none. */
  readonly target: string | undefined;
  /** Architectures to fetch it for; empty for all. */
  readonly arches: readonly string[];
  /** What upstream does not have. */
  readonly sentences: readonly string[];
}

function aim({ versions, arches = [], stream = "released" }: WantedAgents, listed: readonly Agent[]): Aim {
  const meant = listed.filter(({ version }) => isMeant(version, versions));
  const newest = newestOf(meant.map(({ version }) => version));
  if (newest === undefined) {
    const near = describeNearest(versions, listed);
    const sentence = `Upstream listed no ${versions} in ${stream} at the last sync${near}.`;
    return { target: undefined, arches, sentences: [sentence] };
  }
  const lacking = arches.filter((arch) => !archesOf(meant, newest).includes(arch));
  if (lacking.length === 0) return { target: newest, arches, sentences: [] };
  const sentence = `Upstream listed ${newest} for ${archesOf(meant, newest).join(", ")} at the last sync, not for ${lacking.join(", ")}.`;
  const complete = newestOf(
    meant
      .map(({ version }) => version)
      .filter((one) => arches.every((arch) => archesOf(meant, one).includes(arch))),
  );
  if (complete !== undefined) {
    return { target: complete, arches, sentences: [sentence, `${complete} is the newest for all of them.`] };
  }
  const others = lacking.map((arch) => newestFor(arch, newest, listed));
  const rest = arches.filter((arch) => !lacking.includes(arch));
  return {
    target: rest.length === 0 ? undefined : newest,
    arches: rest,
    sentences: [sentence, ...others],
  };
}

function newestFor(arch: string, version: string, listed: readonly Agent[]): string {
  const minor = formatMajorMinor(parseVersion(version));
  const own = newestOf(
    listed
      .filter((agent) => agent.arch === arch && isMeant(agent.version, minor))
      .map((agent) => agent.version),
  );
  return own === undefined
    ? `It listed no ${minor} for ${arch}.`
    : `The newest ${minor} that it listed for ${arch} is ${own}.`;
}

/** Whether a version is the one that is wanted, or belongs to the minor or major. */
export function isMeant(version: string, versions: string): boolean {
  return (
    version === versions ||
    (!isVersion(versions) && /^[.-]/.test(version.slice(versions.length)) && version.startsWith(versions))
  );
}

/** Final releases before pre-releases. */
export function newestOf(versions: readonly string[]): string | undefined {
  const newest = [...new Set(versions)]
    .map((version) => parseVersion(version))
    .toSorted((a, b) => Number(isPrerelease(b)) - Number(isPrerelease(a)) || compareVersions(a, b))
    .at(-1);
  return newest === undefined ? undefined : formatVersion(newest);
}

function archesOf(agents: readonly Agent[], version: string): string[] {
  return [...new Set(agents.filter((agent) => agent.version === version).map(({ arch }) => arch))].sort();
}

function describeNearest(versions: string, listed: readonly Agent[]): string {
  const numbers = new Map<string, JujuVersion>(listed.map(({ version }) => [version, parseVersion(version)]));
  const near = versionsNextTo(parseVersionRange(versions), [...numbers.values()]).map(formatVersion);
  if (near.length === 0) return "";
  const described = near.map((version) => `${version} (${archesOf(listed, version).join(", ")})`);
  return `; nearest ${near.length > 1 ? "are" : "is"} ${described.join(" and ")}`;
}

/** If a rule selects it already, no other rule is needed; agents in `deny` cannot be selected. */
function howToSync(wanted: WantedAgents, verdicts: readonly Verdict[]): string {
  const denied = verdicts.find((verdict) => verdict.denied);
  if (denied !== undefined) {
    return `\`deny\` in jam.yaml excludes it: ${denied.reason}. Delete that entry, then run \`jam sync\`.`;
  }
  const [first] = verdicts;
  if (first !== undefined && verdicts.every(({ taken }) => taken)) {
    return `Rule ${first.rule ?? ""} of \`select\` selects it: run \`jam sync\`.`;
  }
  return plainFetchHint(wanted);
}

function ruleFor({ versions, arches = [], stream = "released" }: WantedAgents): string {
  const arch = arches.length === 0 ? "" : `, arch: [${arches.join(", ")}]`;
  const name = /^[a-z][a-z0-9-]*$/.test(stream) ? stream : JSON.stringify(stream);
  return `{ stream: ${name}, versions: "${versions}"${arch} }`;
}

function lazily<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
