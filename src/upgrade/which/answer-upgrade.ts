import type { UpgradeOutcome } from "../../juju/decisions/outcome.ts";
import { generationOf, type Generation } from "../../juju/decisions/generation.ts";
import type { StreamLists } from "../../juju/decisions/request.ts";
import { streamsOfUpgrade } from "../../juju/decisions/streams.ts";
import { note, type Rule, type Trace } from "../../juju/decisions/trace.ts";
import { decideUpgrade } from "../../juju/decisions/upgrade.ts";
import { readAnyVersion } from "../../juju/decisions/version-list.ts";
import { readsOf } from "../../juju/stream.ts";
import { formatVersion, type JujuVersion } from "../../juju/version.ts";
import { plainFetchHint } from "../fetch-hint.ts";
import type { VersionIndex } from "./version-index.ts";
import type { WhichAnswer } from "./which-answer.ts";
import { listedInQuestion, listedInIndex, missingArches } from "./listed.ts";
import type { UpgradeQuestion } from "./which-question.ts";
import { evaluateUpgrade, requestedOf, subject, type UpgradeContext } from "./upgrade-verdict.ts";
import { bothFamilies, upgradeWarnings } from "./upgrade-warnings.ts";
import { adviceWarnings, chosen, heedAdvice, notFound, upToDate, type Verdict } from "./verdict.ts";
import type { WhichState } from "./which-state.ts";

/** "To which version does this model or controller go?" */
export function answerUpgradeQuestion(state: WhichState, question: UpgradeQuestion): WhichAnswer {
  const { client, controller, current, generation, lists } = question;
  const isNamed = generation !== generationOf(controller, client);
  const reader = { family: readsOf(controller), generation, ...(isNamed ? {} : { version: controller }) };
  const mirror = lists === undefined ? bothFamilies(state.held, reader) : undefined;
  const completed = mirror === undefined ? question : withDefaults(question, mirror.index);
  const streams = mirror?.index.streams ?? lists ?? NO_LISTS;
  const trace: Trace = [];
  const juju = decideUpgrade({ ...completed, streams }, trace);
  if (trace.length === 0) note(trace, REFUSED_FIRST[generation] ?? BY_CLIENT);
  const requested = requestedOf(question);
  const context: UpgradeContext = {
    question: completed,
    current,
    controller,
    requested,
    listed: mirror === undefined ? listedInQuestion(streams) : listedInIndex(mirror.index),
    streams: streamsOfUpgrade(generation, question, requested),
    knowledge: state.knowledge,
    fetchHint: mirror === undefined ? plainFetchHint : state.fetchHint,
    isListedUpstream: (version) =>
      mirror === undefined ? undefined : state.upstream?.agents.some((agent) => agent.version === version),
    family: reader.family,
  };
  const plain = evaluateUpgrade(juju, context);
  const safe = question.safe && mirror !== undefined ? evaluateSafe(plain, context, mirror.index) : plain;
  const advice =
    safe.version === null || safe.decision === "up-to-date"
      ? []
      : adviceWarnings(current, readAnyVersion(safe.version), state.knowledge);
  const verdict = heedAdvice(safe, advice);
  const upstream =
    mirror === undefined || state.upstream === undefined
      ? undefined
      : decideFrom(question, state.upstream.for(reader));
  const target = verdict.decision === "upgrade" ? verdict.version : chosenBy(juju);
  return {
    kind: "upgrade",
    id: question.id,
    ...verdict,
    warnings: [
      ...advice,
      ...upgradeWarnings({ ...context, verdict, juju, target: target ?? undefined, mirror, upstream }),
    ],
    trace,
    generation,
    juju,
    mirror: mirror === undefined ? null : juju,
    upstream: upstream ?? null,
  };
}

const NO_LISTS: StreamLists = new Map();

const CHECKED_FIRST = "Versions are compared before anything is looked up, and that settles it.";
const SERVER = "apiserver/facades/client/modelupgrader";
const BY_CLIENT: Rule = {
  rule: CHECKED_FIRST,
  source: "cmd/juju/commands/upgrademodel.go:precheckVersion @juju-2.9.32",
};
const BY_SERVER: Rule = {
  rule: CHECKED_FIRST,
  source: `${SERVER}/upgrader.go:UpgradeModel @3.6 branch 1c91c54faf`,
};

/** Where an answer comes from for which nothing was looked up. */
const REFUSED_FIRST: Readonly<Partial<Record<Generation, Rule>>> = {
  "1.25": { rule: CHECKED_FIRST, source: "cmd/juju/commands/upgradejuju.go:Run @juju-1.25.14" },
  "2.9.33+": { rule: CHECKED_FIRST, source: `${SERVER}/upgrader.go:UpgradeModel @2.9 branch ff1125b6da` },
  "3.0": BY_SERVER,
  "3.1-3.2": BY_SERVER,
  "3.3.4-3.6.21": BY_SERVER,
  "3.6.23+": BY_SERVER,
  "4.0": { rule: CHECKED_FIRST, source: `${SERVER}/modelupgrader.go:UpgradeModel @4.0 branch c087a0e221` },
};

function chosenBy(juju: UpgradeOutcome): string | undefined {
  return "chosen" in juju ? juju.chosen : undefined;
}

/** What Juju does with what an index lists. */
function decideFrom(question: UpgradeQuestion, index: VersionIndex): UpgradeOutcome {
  return decideUpgrade({ ...withDefaults(question, index), streams: index.streams });
}

/** A Kubernetes model's registry is assumed to carry what is listed, a controller's nodes to have its arches. */
function withDefaults(question: UpgradeQuestion, index: VersionIndex): UpgradeQuestion {
  const { arches, isController, modelType } = question;
  return {
    ...question,
    registryTags: question.registryTags ?? (modelType === "caas" ? index.all : undefined),
    nodeArches: question.nodeArches ?? (isController ? arches : undefined),
  };
}

/**
 * The newest version that is listed for every arch of the model: Juju's own rules over lists without the incomplete ones.
 * Where that differs from Juju's own choice, the version has to be named.
 */
function evaluateSafe(plain: Verdict, context: UpgradeContext, index: VersionIndex): Verdict {
  const { current, question, streams } = context;
  if (plain.decision === "blocked" && plain.code !== "JAM_UPGRADE_REFUSED") return plain;
  const arches = question.arches ?? archesHeldOf(current, index, streams);
  const complete = index.completeFor(arches);
  const listed = listedInIndex(complete);
  const verdict = evaluateUpgrade(decideFrom(question, complete), { ...context, listed });
  const { version } = verdict;
  if (version === null || verdict.decision === "up-to-date") return verdict;
  if (missingArches(listed, streams, readAnyVersion(version), arches).length > 0) {
    return notFound(
      "JAM_AGENT_NOT_FOUND",
      `Juju would take ${version}, which is not listed for all of ${arches.join(", ")}.`,
      context.fetchHint({ versions: version, arches, stream: streams[0], family: context.family }),
    );
  }
  if (version === plain.version) return verdict;
  const message = `${version} is the newest that is listed for ${arches.join(", ")}; without a version Juju ${
    plain.version === null || plain.version === formatVersion(current)
      ? "takes none"
      : `takes ${plain.version}`
  }: name it with --agent-version ${version}.`;
  return verdict.decision === "upgrade"
    ? chosen("upgrade", version, message)
    : upToDate(version, `This ${subject(question)} runs ${version} already.`);
}

/** Where the question names no arches: those that the model's own version is held for, else the usual one. */
function archesHeldOf(
  current: JujuVersion,
  index: VersionIndex,
  streams: readonly string[],
): readonly string[] {
  const held = new Set(streams.flatMap((stream) => [...(index.archesOf(stream, current) ?? [])]));
  return held.size === 0 ? ["amd64"] : [...held];
}
