import { isJamError, JamError } from "../../shared/errors.ts";
import { nearest } from "../../shared/nearest.ts";
import type { Agent } from "../../juju/agent.ts";
import { ARCHES, isArchWord, CURRENT_ARCHES } from "../../juju/platform.ts";
import { isOsType, isReleaseWord, OS_TYPES, osTypeOf } from "../../juju/release.ts";
import { parseVersion, type JujuVersion } from "../../juju/version.ts";
import { formatTrack, readVersionText, versionOfText, type KnownVersions } from "../../juju/version-text.ts";
import { preferredStreams } from "../../juju/decisions/streams.ts";
import type { Assumed } from "./group.ts";
import { parseTarget, type Target } from "./target.ts";

/** What to plan, as given: flags of `jam plan` and `jam ready`, parameters of the API. */
export interface PlanParameters {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly modelType?: "iaas" | "caas" | undefined;
  readonly arch?: readonly string[] | undefined;
  readonly os?: readonly string[] | undefined;
  readonly series?: readonly string[] | undefined;
  readonly release?: readonly string[] | undefined;
  readonly client?: readonly string[] | undefined;
  readonly stream?: string | undefined;
}

/** What to plan, checked. */
export interface PlanRequest {
  /** Undefined: the versions in the files of a fleet. */
  readonly from: JujuVersion | undefined;
  readonly modelType: "iaas" | "caas";
  /** Undefined: the newest patch of the minor that each controller runs. */
  readonly target: Target | undefined;
  readonly clients: readonly JujuVersion[];
  /** `agent-stream` of the models. */
  readonly stream: string;
  /** Streams that Juju searches for it. */
  readonly streams: readonly string[];
  readonly platforms: Pick<PlanParameters, "arch" | "os" | "series" | "release">;
  /** How some parameters were understood, to be printed. */
  readonly notes: readonly string[];
}

/** How the parameters were given. */
export interface ParameterContext {
  readonly hasFleet: boolean;
  /** What is known, for the newest version of a snap channel. */
  readonly known: KnownVersions;
  /** The name of a field for messages: `--from` for `from` on a command line. */
  readonly nameOf: (field: string) => string;
  /** For hints. */
  readonly example: string;
}

/**
 * What the parameters request.
 * @throws JamError JAM_USAGE_INVALID, JAM_VERSION_INVALID, JAM_AGENT_NOT_FOUND for a channel of which no version is known
 */
export function readPlanParameters(words: PlanParameters, context: ParameterContext): PlanRequest {
  const { nameOf, known } = context;
  checkStart(words, context);
  checkPlatforms(words, nameOf);
  const notes: string[] = [];
  const versionOf = (text: string, field: string): JujuVersion => {
    const { version, note } = versionOfText(text, nameOf(field), () => known);
    if (note !== undefined) notes.push(note);
    return parseVersion(version);
  };
  const target = words.to === undefined ? undefined : readTarget(words.to, { nameOf, versionOf, notes });
  const { stream = "released", modelType = "iaas", arch, os, series, release } = words;
  const version = target !== undefined && "version" in target ? target.version : undefined;
  return {
    from: words.from === undefined ? undefined : versionOf(words.from, "from"),
    modelType,
    target,
    clients: (words.client ?? []).map((text) => versionOf(text, "client")),
    stream,
    streams: preferredStreams("3.6.23+", { version, development: false, stream }),
    platforms: { arch, os, series, release },
    notes,
  };
}

interface TargetReading {
  readonly nameOf: (field: string) => string;
  readonly versionOf: (text: string, field: string) => JujuVersion;
  readonly notes: string[];
}

/** A channel without any known version means its minor, which is then looked up upstream. */
function readTarget(text: string, { nameOf, versionOf, notes }: TargetReading): Target {
  const word = readVersionText(text);
  if (word?.kind !== "channel") return parseTarget(text, nameOf("to"));
  try {
    return { version: versionOf(text, "to") };
  } catch (error) {
    const { major, minor } = word.track;
    if (!isJamError(error, "JAM_AGENT_NOT_FOUND") || minor === undefined) throw error;
    const taken = `the newest ${formatTrack(word.track)} that upstream lists is used for it`;
    notes.push(`${text} is a snap channel; ${taken}.`);
    return { minor: { major, minor } };
  }
}

/** A plan starts from a version or from a fleet. */
function checkStart({ from, to }: PlanParameters, { hasFleet, nameOf, example }: ParameterContext): void {
  const hint = `For example: ${example}`;
  if (from !== undefined && hasFleet) {
    throw new JamError(
      "JAM_USAGE_INVALID",
      `${nameOf("from")} and ${nameOf("fleet")} are mutually exclusive.`,
      {
        hint: `The files of a fleet contain the versions: omit ${nameOf("from")}.`,
      },
    );
  }
  if (from === undefined) {
    if (hasFleet) return;
    const start = `${nameOf("from")} VERSION and ${nameOf("to")} VERSION`;
    throw new JamError("JAM_USAGE_INVALID", `Give ${start}, or ${nameOf("fleet")}.`, { hint });
  }
  if (to === undefined) throw new JamError("JAM_USAGE_INVALID", `${nameOf("to")} is missing.`, { hint });
}

function checkPlatforms(
  { arch = [], os = [], series = [], release = [] }: PlanParameters,
  nameOf: ParameterContext["nameOf"],
): void {
  for (const one of arch) {
    const near = (ARCHES as readonly string[]).includes(one) ? undefined : nearest(one, ARCHES);
    if (!isArchWord(one) || near !== undefined) throw wrongWord(nameOf("arch"), one, ARCHES, near);
  }
  for (const one of os) {
    if (!isOsType(one)) throw wrongWord(nameOf("os"), one, OS_TYPES, nearest(one, OS_TYPES));
  }
  for (const one of [...series, ...release]) {
    if (!isReleaseWord(one)) throw wrongWord(nameOf("series"), one, ["focal", "jammy"], undefined);
  }
}

function wrongWord(
  flag: string,
  value: string,
  names: readonly string[],
  near: string | undefined,
): JamError {
  return new JamError("JAM_USAGE_INVALID", `${flag}: "${value}" is not one of ${names.join(", ")}.`, {
    hint: near === undefined ? `Use one of ${names.join(", ")}.` : `Did you mean ${near}?`,
    details: { flag, value },
  });
}

interface RulePlatforms {
  readonly arch?: readonly string[];
}

/** Named platforms take precedence over the rules of `select`; a rule for all architectures means the known ones. */
export function assumedPlatformsOf(
  named: PlanRequest["platforms"],
  rules: readonly RulePlatforms[],
  agents: readonly Agent[],
): Assumed {
  const { release = [] } = named;
  const series = [...(named.series ?? []), ...release.filter((one) => !isOsType(one))];
  const oses = [
    ...(named.os ?? []),
    ...release.filter(isOsType),
    ...series.flatMap((one) => osTypeOf(one) ?? "ubuntu"),
  ];
  return {
    arches: named.arch ?? archesOf(rules, agents),
    oses: oses.length === 0 ? ["ubuntu"] : [...new Set(oses)],
    series,
  };
}

/** Architectures to assume: those that rules name; for a rule without any, those of `agents`. */
export function archesOf(rules: readonly RulePlatforms[], agents: readonly Agent[]): readonly string[] {
  const named = rules.flatMap(({ arch }) => arch ?? []);
  const isOpen = rules.some(({ arch }) => arch === undefined);
  // Architectures that no current Juju is built for would only be missing everywhere.
  const current = new Set<string>(CURRENT_ARCHES);
  const known = isOpen ? agents.map(({ arch }) => arch).filter((arch) => current.has(arch)) : [];
  const arches = [...new Set([...named, ...known])].sort();
  return arches.length === 0 ? ["amd64"] : arches;
}
