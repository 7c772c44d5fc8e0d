import { nearest } from "../shared/nearest.ts";
import type { Agent } from "./agent.ts";
import { ARCHES } from "./platform.ts";
import { findSeries, OS_TYPES } from "./release.ts";

/** One slip more would take words of other systems for ours. */
const MAX_SLIPS = 2;

type Place = Pick<Agent, "release" | "arch">;

/** The release that a misspelt word most likely stands for; undefined for one that Juju or an agent has, and for a strange one. */
export function nearRelease(word: string, agents: readonly Place[]): string | undefined {
  const known = new Set([...agents.map(({ release }) => release), ...OS_TYPES]);
  if (known.has(word) || findSeries(word) !== undefined) return undefined;
  return nearest(word, [...known], MAX_SLIPS);
}

/** As `nearRelease`, for an architecture. */
export function nearArch(word: string, agents: readonly Place[]): string | undefined {
  return nearestOther(word, [...agents.map(({ arch }) => arch), ...ARCHES]);
}

/** The candidate that a word is not, and most likely stands for. */
export function nearestOther(word: string, candidates: readonly string[]): string | undefined {
  return candidates.includes(word) ? undefined : nearest(word, [...new Set(candidates)], MAX_SLIPS);
}

/** `No release is called ubunto: did you mean 3.6.27-ubuntu-arm64?`, for a name or a part of one; undefined where all its words are right. */
export function describeNearAgent(text: string, agents: readonly Place[]): string | undefined {
  const wrong: string[] = [];
  const known = new Set<string>([
    ...agents.flatMap(({ release, arch }) => [release, arch]),
    ...ARCHES,
    ...OS_TYPES,
  ]);
  const words = text.split("-").map((word) => {
    // Versions begin with a digit; their tags (beta2) have one that no release or architecture has after such letters.
    if (!/^[a-z]/.test(word) || /^(?:alpha|beta|rc|juju)\d*$/.test(word)) return word;
    if (known.has(word) || findSeries(word) !== undefined) return word;
    const arch = nearArch(word, agents);
    const right = arch ?? nearRelease(word, agents);
    if (right === undefined) return word;
    wrong.push(`No ${arch === undefined ? "release" : "architecture"} is called ${word}`);
    return right;
  });
  return wrong.length === 0 ? undefined : `${wrong.join(". ")}: did you mean ${words.join("-")}?`;
}
