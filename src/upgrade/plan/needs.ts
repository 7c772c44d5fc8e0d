import type { ReadsFamily } from "../../juju/upgrade-path.ts";
import { formatVersion, type JujuVersion } from "../../juju/version.ts";
import type { AgentIndex, AgentNeed } from "./agent-index.ts";

/** What agents run on. */
export interface Platform {
  readonly arch: string;
  /** OS type. */
  readonly os: string;
  /** Undefined stands for every series that is listed. */
  readonly series: string | undefined;
  /** Kubernetes pulls images; streams only vouch for the version, for which one listing is enough. */
  readonly isVouchedFor?: true;
}

/** The agents of one version that Juju asks for on these platforms, each once. */
export function needsOf(
  version: JujuVersion,
  families: readonly ReadsFamily[],
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
    // From 3.0 on there are no agents for Windows, and for other systems only where upstream lists them.
    const isGone =
      os !== "ubuntu" && !wanted.version.startsWith("2.") && index.releases(wanted, os).length === 0;
    return isGone ? [] : [os];
  }
  const listed = index.releases(wanted, os);
  if (isVouchedFor === true) return listed.length === 0 ? [os] : listed.slice(-1);
  if (series !== undefined) return [series];
  return listed.length === 0 ? [os] : listed;
}
