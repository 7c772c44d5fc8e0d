import { compareVersions, parseVersion, type JujuVersion } from "../version.ts";
import type { VersionGeneration } from "../version.ts";

/** The fourteen ways in which Juju chose versions, named after the releases that behave so. */
export const GENERATIONS = [
  "1.25",
  "2.0-2.1",
  "2.3",
  "2.4-2.5",
  "2.7-2.8.6",
  "2.8.10-2.8.13",
  "2.9.0-2.9.31",
  "2.9.32",
  "2.9.33+",
  "3.0",
  "3.1-3.2",
  "3.3.4-3.6.21",
  "3.6.23+",
  "4.0",
] as const;

export type Generation = (typeof GENERATIONS)[number];

/** True for one of the fourteen names. */
export function isGeneration(text: string): text is Generation {
  return (GENERATIONS as readonly string[]).includes(text);
}

/** A release line and the generation it starts; the line runs until the next one. */
type Start = readonly [from: JujuVersion, generation: Generation];

function starts(lines: Readonly<Record<string, Generation>>): readonly Start[] {
  return Object.entries(lines).map(([from, generation]): Start => [parseVersion(from), generation]);
}

/**
 * Where the client decides (up to 2.9.32). A pre-release belongs to the release that it became.
 *
 * Releases between the ones that were read are put beside the nearest that shares the visible rules:
 * 2.2 with 2.0 (one stream, local jujud first), 2.6 with 2.7 (Kubernetes models and `upgrade-controller` begin),
 * 2.8.7-2.8.9 with 2.8.10 (any minor of the next major is a legal target; their minimum was still 2.9.0).
 * A client of 2.9.33 or later keeps the code of 2.9.32 for older controllers.
 */
const CLIENT_STARTS = starts({
  "1.0.0": "1.25",
  "2.0-alpha1": "2.0-2.1",
  "2.3-alpha1": "2.3",
  "2.4-alpha1": "2.4-2.5",
  "2.6-alpha1": "2.7-2.8.6",
  "2.8.7": "2.8.10-2.8.13",
  "2.9-alpha1": "2.9.0-2.9.31",
  "2.9.32": "2.9.32",
});

/**
 * Where the controller decides (2.9.33 and later). 3.3.0-3.3.3 and 3.4.0 still have the rules of 3.1;
 * whether 3.4.1 has the change of 3.3.4 is not known, 3.4.2 has, and both count as changed.
 * 3.6.22 comes before the change of 3.6.23. 4.1 and later count as 4.0 until they are read.
 */
const CONTROLLER_STARTS = starts({
  "2.9.33": "2.9.33+",
  "3.0-alpha1": "3.0",
  "3.1-alpha1": "3.1-3.2",
  "3.3.4": "3.3.4-3.6.21",
  "3.4-alpha1": "3.1-3.2",
  "3.4.1": "3.3.4-3.6.21",
  "3.6.23": "3.6.23+",
  "4.0-alpha1": "4.0",
});

const FIRST_SERVER_SIDE = parseVersion("2.9.33");
const FIRST_3 = parseVersion("3.0-alpha1");

/**
 * The generation whose rules decide for this pair. From 2.9.33 the controller decides, if the client asks it to;
 * a client older than 2.9.33 decides itself, and a newer one falls back to the rules of 2.9.32 for an old controller.
 */
export function generationOf(controller: JujuVersion, client: JujuVersion = controller): Generation {
  const clientDecides = compareVersions(client, FIRST_SERVER_SIDE) < 0;
  if (clientDecides && compareVersions(controller, FIRST_3) < 0) return lastStart(CLIENT_STARTS, client);
  if (compareVersions(controller, FIRST_SERVER_SIDE) < 0) return "2.9.32";
  return lastStart(CONTROLLER_STARTS, controller);
}

function lastStart(lines: readonly Start[], version: JujuVersion): Generation {
  let found = lines[0]?.[1] ?? "1.25";
  for (const [from, generation] of lines) {
    if (compareVersions(version, from) >= 0) found = generation;
  }
  return found;
}

/** Which rules read version texts in that generation. */
export function versionGenerationOf(generation: Generation): VersionGeneration {
  if (generation === "1.25") return "1.25";
  return generation === "4.0" ? "4.0" : "v2";
}
