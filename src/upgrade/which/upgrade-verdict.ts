import { shellCommand } from "../../shared/shell-command.ts";
import type { UpgradeOutcome } from "../../juju/decisions/outcome.ts";
import { saysNothingFound } from "../../juju/decisions/messages.ts";
import { includesVersion } from "../../juju/decisions/newest.ts";
import type { Knowledge } from "../../juju/knowledge/knowledge.ts";
import { edgeBetween } from "../../juju/upgrade-edge.ts";
import {
  compareVersions,
  formatMajorMinor,
  toPatch,
  type JujuVersion,
  formatVersion,
} from "../../juju/version.ts";
import { streamOf, type Listed } from "./listed.ts";
import type { UpgradeQuestion } from "./which-question.ts";
import type { AgentFamily } from "../../juju/stream.ts";
import type { FetchHint } from "../fetch-hint.ts";
import { blocked, chosen, notFound, upToDate, type Verdict } from "./verdict.ts";

/** What an upgrade's answer is evaluated with. */
export interface UpgradeContext {
  readonly question: UpgradeQuestion;
  readonly current: JujuVersion;
  readonly controller: JujuVersion;
  /** The requested version, where there is one that can be read. */
  readonly requested: JujuVersion | undefined;
  readonly listed: Listed;
  /** The streams that are searched, in order. */
  readonly streams: readonly string[];
  readonly knowledge: Knowledge;
  /** How to get agents here. */
  readonly fetchHint: FetchHint;
  /** Whether upstream listed a version at the last sync; undefined where that is not known. */
  readonly isListedUpstream: (version: string) => boolean | undefined;
  /** Which lists the controller reads. */
  readonly family: AgentFamily;
}

/** What Juju's answer means for an upgrade from this mirror. */
export function evaluateUpgrade(answer: UpgradeOutcome, context: UpgradeContext): Verdict {
  const { question } = context;
  switch (answer.outcome) {
    case "upgrade":
      return answer.changed
        ? chosen(
            "upgrade",
            answer.chosen,
            `Juju upgrades this ${subject(question)} from ${formatVersion(context.current)} to ${answer.chosen}.`,
          )
        : upToDate(answer.chosen, `This ${subject(question)} runs ${answer.chosen} already.`);
    case "upload-local":
      return chosen("upgrade", answer.chosen, `The client uploads its own jujud as ${answer.chosen}.`);
    case "no-op":
      return upToDate(answer.chosen, `This ${subject(question)} runs ${answer.chosen} already.`);
    case "needs-local-agent":
      return missing(context, "The client would upload its own jujud, and has none.");
    case "up-to-date":
      return evaluateNothingNewer(answer.message, context);
    case "error":
      return evaluateRefusal(answer.error, context);
    default:
      return answer satisfies never;
  }
}

/** From 2.9.33 Juju prints "no upgrades available" and exits with 0 even where the requested version is not listed. */
function evaluateNothingNewer(message: string, context: UpgradeContext): Verdict {
  const { question, current, requested, listed } = context;
  const isAbove = requested !== undefined && compareVersions(requested, toPatch(current)) > 0;
  if (isAbove && !isListed(requested, context) && compareVersions(requested, current) !== 0) {
    return missing(
      context,
      `${formatVersion(requested)} is not listed where this controller looks; Juju prints "${message}".`,
    );
  }
  if (listed.isEmpty && question.stored.isEmpty && requested === undefined) {
    return missing(context, `Nothing is listed that this controller reads; Juju prints "${message}".`);
  }
  return upToDate(formatVersion(current), message);
}

function evaluateRefusal(error: string, context: UpgradeContext): Verdict {
  const { question, current, requested, knowledge } = context;
  if (question.requested !== undefined && requested === undefined) {
    return blocked(
      "JAM_VERSION_INVALID",
      error,
      "Write the version as Juju does, for example 3.6.5 or 3.6-beta2.",
    );
  }
  if (saysNothingFound(error)) return missing(context, error);
  const edge = requested === undefined ? undefined : edgeBetween(current, requested, knowledge);
  if (requested !== undefined && edge?.kind === "migrate")
    return evaluateMigration(requested, error, context);
  return blocked("JAM_UPGRADE_REFUSED", error, hintOn(context));
}

/** Juju refuses to go there in place; a new controller of that version can take the models. */
function evaluateMigration(requested: JujuVersion, error: string, context: UpgradeContext): Verdict {
  const target = formatVersion(requested);
  const isHere = !context.listed.isEmpty && isListed(requested, context);
  if (!isHere && context.isListedUpstream(target) !== true) return missing(context, error);
  const { question, fetchHint } = context;
  const fetch = isHere
    ? ""
    : `${fetchHint({ versions: target, arches: question.arches, stream: context.streams[0] })} Then: `;
  return {
    ...chosen("migrate", target, error),
    hint: `${fetch}Bootstrap a controller of ${target} and migrate the models to it: \`${shellCommand`jam plan --from ${formatVersion(context.current)} --to ${target}`}\`.`,
  };
}

function hintOn({ question, controller, current, requested }: UpgradeContext): string {
  if (requested !== undefined && compareVersions(requested, current) < 0) {
    return `Juju does not go back from ${formatVersion(current)}; leave --to out to see what comes next.`;
  }
  if (!question.isController && (requested === undefined || compareVersions(requested, controller) > 0)) {
    return (
      `Upgrade the controller first (\`${shellCommand`jam which --current ${formatVersion(controller)}`}\`), ` +
      `or name a version that it can carry: --to ${formatVersion(controller)}.`
    );
  }
  if (requested === undefined) return "Juju's message names the obstacle.";
  return `\`${shellCommand`jam plan --from ${formatVersion(current)} --to ${formatVersion(requested)}`}\` shows whether there is another upgrade path.`;
}

function missing(
  { question, current, family, fetchHint, listed, requested, streams }: UpgradeContext,
  message: string,
): Verdict {
  const versions = requested === undefined ? formatMajorMinor(current) : formatVersion(requested);
  const stream = streams[0] ?? "released";
  const arches = question.arches ?? question.nodeArches ?? [];
  return notFound(
    listed.isEmpty ? "JAM_MIRROR_EMPTY" : "JAM_AGENT_NOT_FOUND",
    message,
    fetchHint({ versions, arches, stream, family }),
  );
}

function isListed(version: JujuVersion, { question, listed, streams }: UpgradeContext): boolean {
  return (
    streamOf(listed, streams, version) !== undefined || includesVersion(question.stored.versions, version)
  );
}

/** What is upgraded, in a sentence. */
export function subject({ isController }: Pick<UpgradeQuestion, "isController">): string {
  return isController ? "controller" : "model";
}

/** The requested version, or undefined where there is none or Juju cannot read it. */
export function requestedOf({ requested }: Pick<UpgradeQuestion, "requested">): JujuVersion | undefined {
  return requested !== undefined && "version" in requested ? requested.version : undefined;
}
