import type { Command } from "commander";
import { planFrom } from "../../upgrade/plan/make-plan.ts";
import type { PlanDocument } from "../../upgrade/plan/plan-document.ts";
import { readPlanParameters, type PlanParameters } from "../../upgrade/plan/parameters.ts";
import type { UsableWanted } from "../../upgrade/known-agents.ts";
import type { CommandContext } from "../command.ts";
import { readAdviceFor, readUsableAgents } from "../upstream-agents.ts";
import { readFleetFiles } from "./fleet-files.ts";
import { mirrorUrl } from "./mirror-url.ts";
import { readKnownVersions } from "./version-flag.ts";

/** The flags that define a plan, for `jam plan` and `jam ready`. */
export interface PlanFlags extends PlanParameters {
  readonly fleet?: readonly string[];
  readonly url?: string;
}

/** Adds the flags that define a plan. */
export function addPlanFlags(command: Command): void {
  command
    .option("--from <version>", "current version of controller and models (2.9.10)")
    .option("--to <version>", "target version; a minor version (3.6) means its newest patch")
    .option(
      "--fleet <file...>",
      "output of Juju about controllers and models, or folders with it; - reads standard input",
    )
    .addOption(
      command
        .createOption("--model-type <type>", "type of the models, with --from")
        .choices(["iaas", "caas"])
        .default("iaas"),
    )
    .option("--arch <arch...>", "architectures, where no status lists them (default: those in `select`)")
    .option("--os <os...>", "OS types, where no status lists them (default: ubuntu)")
    .option("--series <series...>", "series, which Juju up to 2.8 requests (default: all that are listed)")
    .option("--release <release...>", "OS types and series together")
    .option(
      "--client <version...>",
      "versions of clients in use; a client bootstraps exactly its own version",
    )
    .option("--stream <stream>", "agent-stream of the models", "released")
    .option(
      "--url <url>",
      "this mirror's address as controllers see it, for the commands (default: this host, server.listen)",
    );
}

/**
 * The plan for the flags.
 * @throws JamError JAM_USAGE_INVALID, JAM_VERSION_INVALID, JAM_FLEET_INVALID, JAM_AGENT_NOT_FOUND, JAM_PLAN_IMPOSSIBLE
 */
export async function planFromFlags(
  context: CommandContext,
  flags: PlanFlags,
  ask: UsableWanted["ask"],
): Promise<PlanDocument> {
  const config = await context.config();
  const { from, to, client = [] } = flags;
  const texts = [...(from === undefined ? [] : [from]), ...client];
  // A minor is a target of its own, and needs nothing that is known.
  const channel = to?.includes("/") === true ? [to] : [];
  const wish = readPlanParameters(flags, {
    hasFleet: flags.fleet !== undefined,
    known: await readKnownVersions(context, [...texts, ...channel]),
    nameOf: (field) => `--${field}`,
    example: "jam plan --from 2.9.10 --to 3.6, or jam plan --fleet status.json --to 3.6",
  });
  for (const note of wish.notes) await context.output.note(note);
  const fleet =
    flags.fleet === undefined
      ? undefined
      : await readFleetFiles(context, flags.fleet, { flag: "--fleet", isExplaining: false });
  const { composeKnowledge } = await import("../../compose/upgrade.ts");
  const known = await readUsableAgents(context, { streams: wish.streams, ask });
  return planFrom(wish, {
    fleet,
    known,
    knowledge: await composeKnowledge(config),
    select: config.rules.select,
    mirror: mirrorUrl(flags.url, config.server),
    now: context.now(),
    channel: await readAdviceFor(config, known),
  });
}
