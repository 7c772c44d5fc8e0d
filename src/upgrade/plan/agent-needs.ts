import type { Agent } from "../../juju/agent.ts";
import { osTypeOf } from "../../juju/release.ts";
import { parseStreamContentId, type AgentFamily } from "../../juju/stream.ts";
import { type JujuVersion, formatVersion, parseVersion } from "../../juju/version.ts";

/** An agent as one generation of Juju requests it. */
export interface AgentNeed {
  readonly version: string;
  /** OS type in the family `agents`, series in `tools`. */
  readonly release: string;
  readonly arch: string;
  readonly family: AgentFamily;
}

export interface FoundAgent {
  readonly agent: Agent;
  readonly state: "held" | "upstream";
}

/** Held and upstream agents of some streams, found by what Juju requests. */
export interface AgentIndex {
  /** Every version with at least one agent. */
  readonly versions: readonly JujuVersion[];
  /** The agent, held rather than upstream; undefined if there is none. */
  find(need: AgentNeed): FoundAgent | undefined;
  /** Releases of an OS that a family lists for a version and architecture, in order. */
  releases(wanted: Omit<AgentNeed, "release">, os: string): readonly string[];
}

export interface AgentIndexInput {
  readonly held: readonly Agent[];
  readonly upstream: readonly Agent[];
  /** Streams that are searched. */
  readonly streams: readonly string[];
}

/** The index of the known agents. */
export function createAgentIndex({ held, upstream, streams }: AgentIndexInput): AgentIndex {
  const found = new Map<string, FoundAgent>();
  const releases = new Map<string, Set<string>>();
  const versions = new Set<string>();
  const add = (agent: Agent, state: FoundAgent["state"]) => {
    for (const { contentId, productId } of agent.listings) {
      const listed = parseStreamContentId(contentId);
      if (listed === undefined || !streams.includes(listed.stream)) continue;
      const { family } = listed;
      const key = keyOf({ ...agent, family });
      if (!found.has(key)) found.set(key, { agent, state });
      versions.add(agent.version);
      const platform = `${agent.version} ${family} ${agent.arch} ${osTypeOf(agent.release, productId)}`;
      const names = releases.get(platform) ?? new Set();
      releases.set(platform, names.add(agent.release));
    }
  };
  for (const agent of held) add(agent, "held");
  for (const agent of upstream) add(agent, "upstream");
  return {
    versions: [...versions].map((version) => parseVersion(version)),
    find: (need) => found.get(keyOf(need)),
    releases: ({ version, family, arch }, os) =>
      [...(releases.get(`${version} ${family} ${arch} ${os}`) ?? [])].sort(),
  };
}

function keyOf({ version, release, arch, family }: AgentNeed): string {
  return `${version} ${family} ${release} ${arch}`;
}

/** The platform of a machine or pod. */
export interface Platform {
  readonly arch: string;
  /** OS type. */
  readonly os: string;
  /** Undefined means every series that is listed. */
  readonly series: string | undefined;
  /** Kubernetes pulls images; the streams only have to list the version, so one entry is enough. */
  readonly isVouchedFor?: true;
}

/** The agents of one version that Juju requests for these platforms, each once. */
export function needsOf(
  version: JujuVersion,
  families: readonly AgentFamily[],
  platforms: readonly Platform[],
  index: AgentIndex,
): AgentNeed[] {
  const needs = new Map<string, AgentNeed>();
  for (const platform of platforms) {
    for (const family of families) {
      const wanted = { version: formatVersion(version), family, arch: platform.arch };
      for (const release of releasesOf(wanted, platform, index)) {
        needs.set(`${release} ${platform.arch} ${family}`, { ...wanted, release });
      }
    }
  }
  return [...needs.values()];
}

function releasesOf(
  wanted: Omit<AgentNeed, "release">,
  { os, series, isVouchedFor }: Platform,
  index: AgentIndex,
): readonly string[] {
  if (wanted.family === "agents") {
    // From 3.0 there are no agents for Windows, and for other systems only if upstream lists them.
    const isGone =
      os !== "ubuntu" && !wanted.version.startsWith("2.") && index.releases(wanted, os).length === 0;
    return isGone ? [] : [os];
  }
  const listed = index.releases(wanted, os);
  if (isVouchedFor === true) return listed.length === 0 ? [os] : listed.slice(-1);
  if (series !== undefined) return [series];
  return listed.length === 0 ? [os] : listed;
}
