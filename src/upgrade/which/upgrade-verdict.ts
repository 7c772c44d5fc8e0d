import { shellCommand } from "../../shared/shell-command.ts";
import type { UpgradeAnswer } from "../../juju/decisions/outcome.ts";
import { saysNothingFound } from "../../juju/decisions/messages.ts";
import { readAnyVersion } from "../../juju/decisions/version-pool.ts";
import type { Knowledge } from "../../juju/knowledge/knowledge.ts";
import { edgeBetween } from "../../juju/upgrade-edge.ts";
import {
  compareVersions,
  formatMajorMinor,
  isVersion,
  toPatch,
  type JujuVersion,
} from "../../juju/version.ts";
import { streamOf, type Listed } from "./listed.ts";
import type { UpgradeAsked } from "./which-question.ts";
import type { AgentFamily } from "../../juju/stream.ts";
import type { FetchHint } from "../fetch-hint.ts";
import { blocked, chosen, notFound, upToDate, type Verdict } from "./verdict.ts";

/** What an upgrade's answer is judged by. */
export interface UpgradeGround {
  readonly asked: UpgradeAsked;
  readonly current: JujuVersion;
  readonly controller: JujuVersion;
  /** The version asked for, when it is one. */
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

/** What Juju's answer means to somebody who wants the model upgraded from here. */
export function judgeUpgrade(answer: UpgradeAnswer, ground: UpgradeGround): Verdict {
  const { asked } = ground;
  switch (answer.outcome) {
    case "upgrade":
      return answer.changed
        ? chosen(
            "upgrade",
            answer.chosen,
            `Juju upgrades this ${subject(asked)} from ${asked.current} to ${answer.chosen}.`,
          )
        : upToDate(answer.chosen, `This ${subject(asked)} runs ${answer.chosen} already.`);
    case "upload-local":
      return chosen("upgrade", answer.chosen, `The client uploads its own jujud as ${answer.chosen}.`);
    case "no-op":
      return upToDate(answer.chosen, `This ${subject(asked)} runs ${answer.chosen} already.`);
    case "needs-local-agent":
      return missing(ground, "The client would upload its own jujud, and has none.");
    case "up-to-date":
      return judgeNothingNewer(answer.message, ground);
    case "error":
      return judgeRefusal(answer.error, ground);
    default:
      return answer satisfies never;
  }
}

/** From 2.9.33 Juju says "no upgrades available", and exits 0, even where the version asked for is not to be had. */
function judgeNothingNewer(message: string, ground: UpgradeGround): Verdict {
  const { asked, current, requested, listed } = ground;
  const isAbove = requested !== undefined && compareVersions(requested, toPatch(current)) > 0;
  if (isAbove && !isListed(asked.requested ?? "", ground) && compareVersions(requested, current) !== 0) {
    return missing(
      ground,
      `${asked.requested} is not listed where this controller looks; Juju says "${message}".`,
    );
  }
  if (listed.isEmpty && (asked.stored ?? []).length === 0 && requested === undefined) {
    return missing(ground, `Nothing is listed that this controller reads; Juju says "${message}".`);
  }
  return upToDate(asked.current, message);
}

function judgeRefusal(error: string, ground: UpgradeGround): Verdict {
  const { asked, current, requested, knowledge } = ground;
  const isBadVersion = asked.requested !== undefined && asked.requested !== null && requested === undefined;
  if (isBadVersion) {
    return blocked(
      "JAM_VERSION_INVALID",
      error,
      "Write the version as Juju does, for example 3.6.5 or 3.6-beta2.",
    );
  }
  if (saysNothingFound(error)) return missing(ground, error);
  const edge = requested === undefined ? undefined : edgeBetween(current, requested, knowledge);
  if (edge?.kind === "migrate") return judgeMigration(asked.requested ?? "", error, ground);
  return blocked("JAM_UPGRADE_REFUSED", error, hintOn(ground));
}

/** Juju refuses to go there in place; a new controller of that version can take the models. */
function judgeMigration(target: string, error: string, ground: UpgradeGround): Verdict {
  const isHere = !ground.listed.isEmpty && isListed(target, ground);
  if (!isHere && ground.isListedUpstream(target) !== true) return missing(ground, error);
  const { asked, fetchHint } = ground;
  const fetch = isHere
    ? ""
    : `${fetchHint({ versions: target, arches: asked.arches, stream: ground.streams[0] })} Then: `;
  return {
    ...chosen("migrate", target, error),
    hint: `${fetch}Bootstrap a controller of ${target} and migrate the models to it: \`${shellCommand`jam plan --from ${ground.asked.current} --to ${target}`}\`.`,
  };
}

function hintOn({ asked, controller, current, requested }: UpgradeGround): string {
  if (requested !== undefined && compareVersions(requested, current) < 0) {
    return `Juju does not go back from ${asked.current}; leave --to out to see what comes next.`;
  }
  if (!asked.isController && (requested === undefined || compareVersions(requested, controller) > 0)) {
    return (
      `Upgrade the controller first (\`${shellCommand`jam which --current ${asked.controllerVersion}`}\`), ` +
      `or name a version that it can carry: --to ${asked.controllerVersion}.`
    );
  }
  if (requested === undefined) return "Juju's message says what stands in the way.";
  return `\`${shellCommand`jam plan --from ${asked.current} --to ${asked.requested ?? "VERSION"}`}\` shows whether another way leads there.`;
}

function missing(
  { asked, current, family, fetchHint, listed, streams }: UpgradeGround,
  message: string,
): Verdict {
  const versions = asked.requested ?? formatMajorMinor(current);
  const stream = streams[0] ?? "released";
  const arches = asked.arches ?? asked.nodeArches ?? [];
  return notFound(
    listed.isEmpty ? "JAM_MIRROR_EMPTY" : "JAM_AGENT_NOT_FOUND",
    message,
    fetchHint({ versions, arches, stream, family }),
  );
}

function isListed(version: string, { asked, listed, streams }: UpgradeGround): boolean {
  return streamOf(listed, streams, version) !== undefined || (asked.stored ?? []).includes(version);
}

/** What is upgraded, in a sentence. */
export function subject({ isController }: Pick<UpgradeAsked, "isController">): string {
  return isController ? "controller" : "model";
}

/** The version that is asked for, or undefined where there is none or it is not one. */
export function requestedOf({ requested }: Pick<UpgradeAsked, "requested">): JujuVersion | undefined {
  return requested === undefined || requested === null || !isVersion(requested, "1.25")
    ? undefined
    : readAnyVersion(requested);
}
