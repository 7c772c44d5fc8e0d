import type { Command } from "commander";
import { isJamError, JamError } from "../../shared/errors.ts";
import { nearest } from "../../shared/nearest.ts";
import type { Agent } from "../../juju/agent.ts";
import { ARCHES, isArchWord } from "../../juju/arch.ts";
import { isOsType, isReleaseWord, OS_TYPES, osTypeOf } from "../../juju/release.ts";
import { parseVersion, type JujuVersion } from "../../juju/version.ts";
import { formatTrack, readVersionText } from "../../juju/version-text.ts";
import { preferredStreams } from "../../juju/which/streams.ts";
import { createAgentIndex } from "../../upgrade/plan/agent-index.ts";
import {
  anonymousGroup,
  groupsOf,
  unknownOf,
  type Assumed,
  type PlanGroup,
} from "../../upgrade/plan/group.ts";
import { makePlan } from "../../upgrade/plan/make-plan.ts";
import { notWellIn } from "../../upgrade/plan/not-well.ts";
import type { PlanDocument } from "../../upgrade/plan/plan-document.ts";
import { unplannedOf } from "../../upgrade/plan/unplanned.ts";
import { parseTarget, type Target } from "../../upgrade/plan/target.ts";
import type { CommandContext } from "../command.ts";
import { mirrorUrl, type MirrorUrl } from "../mirror-url.ts";
import { readFleetFiles } from "../input/fleet-files.ts";
import { readKnown, type KnownOptions } from "./known.ts";
import { readVersionAloud } from "./version-flag.ts";

/** The flags that say what to plan; `jam plan` and `jam ready` share them. */
export interface PlanFlags {
  readonly from?: string;
  readonly to?: string;
  readonly fleet?: readonly string[];
  readonly modelType?: "iaas" | "caas";
  readonly arch?: readonly string[];
  readonly os?: readonly string[];
  readonly series?: readonly string[];
  readonly release?: readonly string[];
  readonly client?: readonly string[];
  readonly stream?: string;
  readonly url?: string;
}

export function addPlanFlags(command: Command): void {
  command
    .option("--from <version>", "version that controller and models run now (2.9.10)")
    .option("--to <version>", "version to get to; a minor (3.6) means its newest patch")
    .option(
      "--fleet <file...>",
      "what Juju prints about controllers and models, or a folder of that; - reads standard input",
    )
    .addOption(
      command
        .createOption("--model-type <type>", "kind of the models, with --from")
        .choices(["iaas", "caas"])
        .default("iaas"),
    )
    .option("--arch <arch...>", "architectures, where no status tells (default: those of `select`)")
    .option("--os <os...>", "OS types, where no status tells (default: ubuntu)")
    .option("--series <series...>", "series, which Juju up to 2.8 asks for (default: all that are listed)")
    .option("--release <release...>", "OS types and series together")
    .option("--client <version...>", "clients in use: they bootstrap exactly their own version")
    .option("--stream <stream>", "agent-stream of the models", "released")
    .option(
      "--url <url>",
      "this mirror's address as controllers see it, for the commands (default: this host, server.listen)",
    );
}

/**
 * The plan that the flags ask for.
 * @throws JamError JAM_USAGE_INVALID, JAM_VERSION_INVALID, JAM_FLEET_INVALID, JAM_AGENT_NOT_FOUND, JAM_PLAN_IMPOSSIBLE
 */
export async function planFromFlags(
  context: CommandContext,
  flags: PlanFlags,
  ask: KnownOptions["ask"],
): Promise<PlanDocument> {
  const config = await context.config();
  checkStart(flags);
  const target = flags.to === undefined ? undefined : await readTarget(context, flags.to);
  const start = flags.from === undefined ? undefined : await readVersion(context, flags.from, "--from");
  const clients: JujuVersion[] = [];
  for (const text of flags.client ?? []) clients.push(await readVersion(context, text, "--client"));
  const fleet =
    start === undefined
      ? await readFleetFiles(context, flags.fleet ?? [], { flag: "--fleet", isExplaining: false })
      : undefined;
  const stream = flags.stream ?? "released";
  const version = target !== undefined && "version" in target ? target.version : undefined;
  const streams = preferredStreams("3.6.23+", { version, development: false, stream });
  checkPlatforms(flags);
  const known = await readKnown(context, { streams, ask });
  const index = createAgentIndex({ ...known, streams });
  const assumed = assume(flags, config.rules.select, [...known.held, ...known.upstream]);
  const mirror = mirrorUrl(flags.url, config.server);
  const unplaced: string[] = [];
  const groups: readonly PlanGroup[] =
    fleet === undefined
      ? [anonymousGroup(start as JujuVersion, flags.modelType ?? "iaas", assumed)]
      : groupsOf(fleet, assumed, unplaced);
  const warnings = [...(fleet?.notes ?? []), ...unplaced];
  const unknown = fleet === undefined ? [] : [...unplaced, ...unknownOf(fleet)];
  if (groups.length === 0) throw noControllers(warnings);
  const { composeKnowledge } = await import("../../compose/upgrade.ts");
  const plan = makePlan(
    {
      groups,
      target,
      stream,
      streams,
      createdAt: context.now(),
      warnings,
      unknown,
      unread: fleet === undefined ? [] : unplannedOf(fleet),
      notWell: fleet === undefined ? [] : notWellIn(fleet),
    },
    { index, knowledge: await composeKnowledge(config), clients, url: mirror.url },
  );
  const isNamed = mirror.isLoopback && JSON.stringify(plan.hops).includes(mirror.url);
  return isNamed ? { ...plan, warnings: [loopbackNote(mirror), ...plan.warnings] } : plan;
}

function loopbackNote({ url }: MirrorUrl): string {
  return `The commands name this mirror by ${url}, where no controller reaches it: give --url http://ADDRESS:8080/tools, or set server.listen.`;
}

/** A channel of which nothing is known yet stands for its minor, which upstream is asked about. */
async function readTarget(context: CommandContext, text: string): Promise<Target> {
  const word = readVersionText(text);
  if (word?.kind !== "channel") return parseTarget(text, "--to");
  try {
    return { version: await readVersion(context, text, "--to") };
  } catch (error) {
    const { major, minor } = word.track;
    if (!isJamError(error, "JAM_AGENT_NOT_FOUND") || minor === undefined) throw error;
    const taken = `the newest ${formatTrack(word.track)} that upstream lists is taken for it`;
    await context.output.note(`${text} is a snap channel; ${taken}.`);
    return { minor: { major, minor } };
  }
}

async function readVersion(context: CommandContext, text: string, field: string): Promise<JujuVersion> {
  return parseVersion(await readVersionAloud(context, text, field));
}

/** A plan begins at a version or at a fleet. */
function checkStart(flags: PlanFlags): void {
  const hint = "For example: jam plan --from 2.9.10 --to 3.6, or jam plan --fleet status.json --to 3.6";
  if (flags.from !== undefined && flags.fleet !== undefined) {
    throw new JamError("JAM_USAGE_INVALID", "--from and --fleet exclude each other.", {
      hint: "The files of a fleet tell the versions: leave --from out.",
    });
  }
  if (flags.from === undefined) {
    if (flags.fleet !== undefined) return;
    throw new JamError("JAM_USAGE_INVALID", "Give --from VERSION --to VERSION, or --fleet FILE….", { hint });
  }
  if (flags.to === undefined) throw new JamError("JAM_USAGE_INVALID", "--to is missing.", { hint });
}

function checkPlatforms({ arch = [], os = [], series = [], release = [] }: PlanFlags): void {
  for (const one of arch) {
    const near = (ARCHES as readonly string[]).includes(one) ? undefined : nearest(one, ARCHES);
    if (!isArchWord(one) || near !== undefined) throw wrongWord("--arch", one, ARCHES, near);
  }
  for (const one of os) {
    if (!isOsType(one)) throw wrongWord("--os", one, OS_TYPES, nearest(one, OS_TYPES));
  }
  for (const one of [...series, ...release]) {
    if (!isReleaseWord(one)) throw wrongWord("--series", one, ["focal", "jammy"], undefined);
  }
}

function wrongWord(
  flag: string,
  value: string,
  names: readonly string[],
  near: string | undefined,
): JamError {
  return new JamError("JAM_USAGE_INVALID", `${flag}: "${value}" is none of ${names.join(", ")}.`, {
    hint: near === undefined ? `Use one of ${names.join(", ")}.` : `Did you mean ${near}?`,
    details: { flag, value },
  });
}

interface RulePlatforms {
  readonly arch?: readonly string[];
}

/** Flags over what the rules of `select` ask for; a rule for every architecture means those that are known. */
function assume(flags: PlanFlags, rules: readonly RulePlatforms[], agents: readonly Agent[]): Assumed {
  const named = flags.release ?? [];
  const series = [...(flags.series ?? []), ...named.filter((one) => !isOsType(one))];
  const oses = [
    ...(flags.os ?? []),
    ...named.filter(isOsType),
    ...series.flatMap((one) => osTypeOf(one) ?? "ubuntu"),
  ];
  return {
    arches: flags.arch ?? archesOf(rules, agents),
    oses: oses.length === 0 ? ["ubuntu"] : [...new Set(oses)],
    series,
  };
}

/** Architectures to assume where nothing tells: those that rules name, for a rule without any those of `agents`. */
export function archesOf(rules: readonly RulePlatforms[], agents: readonly Agent[]): readonly string[] {
  const named = rules.flatMap(({ arch }) => arch ?? []);
  const isOpen = rules.some(({ arch }) => arch === undefined);
  // Architectures that no Juju is built for any more would only be missing everywhere.
  const current = new Set(["amd64", "arm64", "ppc64el", "s390x", "riscv64"]);
  const known = isOpen ? agents.map(({ arch }) => arch).filter((arch) => current.has(arch)) : [];
  const arches = [...new Set([...named, ...known])].sort();
  return arches.length === 0 ? ["amd64"] : arches;
}

function noControllers(warnings: readonly string[]): JamError {
  return new JamError("JAM_FLEET_INVALID", "The files name no controller that a plan can be made for.", {
    lines: warnings,
    hint: "Add what juju models --format json or juju show-controller --format json prints for each controller.",
  });
}
