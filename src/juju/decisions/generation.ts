import {
  compareVersions,
  parseVersion,
  type JujuVersion,
  type VersionGeneration,
  isVersion,
} from "../version.ts";
import { JamError } from "../../shared/errors.ts";
import { readVersionText } from "../version-text.ts";

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
type Start<Name> = readonly [from: JujuVersion, generation: Name];

function starts<Name extends string>(lines: Readonly<Record<string, Name>>): readonly Start<Name>[] {
  return Object.entries(lines).map(([from, generation]): Start<Name> => [parseVersion(from), generation]);
}

/**
 * Where the client decides (up to 2.9.32). A pre-release belongs to the release that it became.
 *
 * Releases between those that were read are grouped with the nearest one that shares the visible rules:
 * 2.2 with 2.0 (one stream, local jujud first), 2.6 with 2.7 (Kubernetes models and `upgrade-controller` begin),
 * 2.8.7-2.8.9 with 2.8.10 (any minor of the next major is a legal target; their minimum was still 2.9.0).
 * A client of 2.9.33 or later keeps the code of 2.9.32 for older controllers.
 */
const CLIENT_STARTS = starts<Generation>({
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
const CONTROLLER_STARTS = starts<Generation>({
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
  if (clientDecides && compareVersions(controller, FIRST_3) < 0)
    return lastStart(CLIENT_STARTS, client, "1.25");
  if (compareVersions(controller, FIRST_SERVER_SIDE) < 0) return "2.9.32";
  return lastStart(CONTROLLER_STARTS, controller, "2.9.33+");
}

function lastStart<Name>(lines: readonly Start<Name>[], version: JujuVersion, first: Name): Name {
  let found = first;
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

/** The bootstrap rules that differ, named after the releases that share them. */
export const BOOTSTRAP_GENERATIONS = ["1.25", "2.0-2.2", "2.3-2.8", "2.8", "2.9", "3.6", "4.0"] as const;
export type BootstrapGeneration = (typeof BOOTSTRAP_GENERATIONS)[number];

/** 3.x clients share the rules of 3.6. */
const BOOTSTRAP_STARTS = starts<BootstrapGeneration>({
  "2.0-alpha1": "2.0-2.2",
  "2.3-alpha1": "2.3-2.8",
  "2.8-alpha1": "2.8",
  "2.9-alpha1": "2.9",
  "3.0-alpha1": "3.6",
  "4.0-alpha1": "4.0",
});

/** The rules that a client of this version bootstraps by. */
export function bootstrapGenerationOf(client: JujuVersion): BootstrapGeneration {
  return lastStart(BOOTSTRAP_STARTS, client, "1.25");
}

/** The migration prechecks that differ, named after the target controller that runs them. */
export const MIGRATION_GENERATIONS = [
  "2.3",
  "2.8.10",
  "2.9.0-2.9.32",
  "2.9.61",
  "3.0",
  "3.1",
  "3.5",
  "3.6",
  "4.0",
] as const;
export type MigrationGeneration = (typeof MIGRATION_GENERATIONS)[number];

const MIGRATION_STARTS = starts<MigrationGeneration>({
  "2.8.7": "2.8.10",
  "2.9-alpha1": "2.9.0-2.9.32",
  "2.9.33": "2.9.61",
  "3.0-alpha1": "3.0",
  "3.1-alpha1": "3.1",
  "3.2-alpha1": "3.5",
  "3.6-alpha1": "3.6",
  "4.0-alpha1": "4.0",
});

/** The precheck that a target controller of this version runs. */
export function migrationGenerationOf(target: JujuVersion): MigrationGeneration {
  return lastStart(MIGRATION_STARTS, target, "2.3");
}

const LAST_PATCH = 999_999_999;

/**
 * The generation that a name selects: one of `names`, a release such as `2.9.33`, or a minor such as `2.9` (also a channel,
 * `2.9/stable`). A minor means the newest behaviour of that minor, unless `running` is a release of it.
 * @throws JamError JAM_USAGE_INVALID naming `place` and the accepted forms
 */
export function readGeneration<Name extends string>(
  text: string,
  names: readonly Name[],
  generationOf: (version: JujuVersion) => Name,
  { place, running }: { readonly place: string; readonly running?: JujuVersion | undefined },
): Name {
  const exact = names.find((name) => name === text);
  if (exact !== undefined) return exact;
  const read = readVersionText(text);
  if (read !== undefined && "version" in read && isVersion(read.version))
    return generationOf(parseVersion(read.version));
  if (read !== undefined && "track" in read && read.track.minor !== undefined) {
    const { major, minor } = read.track;
    const isOfIt = running?.major === major && running.minor === minor;
    return generationOf(isOfIt ? running : { major, minor, tag: "", patch: LAST_PATCH, build: 0 });
  }
  throw new JamError("JAM_USAGE_INVALID", `${place}: "${text}" is not a Juju generation.`, {
    hint: `Write a minor (2.9, 3.6), a release (2.9.33), or one of ${names.join(", ")}.`,
    details: { field: place, value: text, choices: names },
  });
}
