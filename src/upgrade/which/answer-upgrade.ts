import type { UpgradeAnswer } from "../../juju/decisions/outcome.ts";
import { generationOf, type Generation } from "../../juju/decisions/generation.ts";
import { streamsOfUpgrade } from "../../juju/decisions/streams.ts";
import { note, type Rule, type Trace } from "../../juju/decisions/trace.ts";
import { answerUpgrade } from "../../juju/decisions/upgrade.ts";
import { readAnyVersion } from "../../juju/decisions/version-pool.ts";
import { readsOf } from "../../juju/upgrade-path.ts";
import { plainFetchHint } from "../fetch-hint.ts";
import { completeFor, type Shelf } from "./version-index.ts";
import type { WhichAnswer } from "./which-answer.ts";
import { listedInTexts, listedOnShelf, missingArches } from "./listed.ts";
import type { UpgradeAsked } from "./which-question.ts";
import { judgeUpgrade, requestedOf, subject, type UpgradeGround } from "./upgrade-verdict.ts";
import { bothShelves, upgradeWarnings } from "./upgrade-warnings.ts";
import { adviceWarnings, chosen, heedAdvice, notFound, upToDate, type Verdict } from "./verdict.ts";
import type { WhichWorld } from "./which-state.ts";

/** "To which version does this model or controller go?" */
export function answerUpgradeQuestion(world: WhichWorld, asked: UpgradeAsked): WhichAnswer {
  const current = readAnyVersion(asked.current);
  const controller = readAnyVersion(asked.controllerVersion);
  const { generation } = asked;
  const client = asked.client === undefined ? undefined : readAnyVersion(asked.client);
  const isNamed = generation !== generationOf(controller, client);
  const reader = { family: readsOf(controller), generation, ...(isNamed ? {} : { version: controller }) };
  const isOwn = asked.available !== undefined || asked.streams !== undefined;
  const mirror = isOwn ? undefined : bothShelves(world.held, reader);
  const question = mirror === undefined ? asked : withShelf(asked, mirror.shelf);
  const trace: Trace = [];
  const juju = answerUpgrade(question, trace);
  if (trace.length === 0) note(trace, REFUSED_FIRST[generation] ?? BY_CLIENT);
  const requested = requestedOf(asked);
  const ground: UpgradeGround = {
    asked: question,
    current,
    controller,
    requested,
    listed: mirror === undefined ? listedInTexts(asked) : listedOnShelf(mirror.shelf),
    streams: streamsOfUpgrade(generation, asked, requested),
    knowledge: world.knowledge,
    fetchHint: isOwn ? plainFetchHint : world.fetchHint,
    isListedUpstream: (version) =>
      isOwn ? undefined : world.upstream?.agents.some((agent) => agent.version === version),
    family: reader.family,
  };
  const plain = judgeUpgrade(juju, ground);
  const safe = asked.safe === true && mirror !== undefined ? judgeSafe(plain, ground, mirror.shelf) : plain;
  const advice =
    safe.version === null || safe.decision === "up-to-date"
      ? []
      : adviceWarnings(current, readAnyVersion(safe.version), world.knowledge);
  const verdict = heedAdvice(safe, advice);
  const upstream =
    isOwn || world.upstream === undefined
      ? undefined
      : answerUpgrade(withShelf(asked, world.upstream.for(reader)));
  const target = verdict.decision === "upgrade" ? verdict.version : chosenBy(juju);
  return {
    kind: "upgrade",
    ...(asked.id === undefined ? {} : { id: asked.id }),
    ...verdict,
    warnings: [
      ...advice,
      ...upgradeWarnings({ ...ground, verdict, juju, target: target ?? undefined, mirror, upstream }),
    ],
    trace,
    generation,
    juju,
    mirror: isOwn ? null : juju,
    upstream: upstream ?? null,
  };
}

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

function chosenBy(juju: UpgradeAnswer): string | undefined {
  return "chosen" in juju ? juju.chosen : undefined;
}

/** The question with the lists of a shelf; a Kubernetes model's registry is taken to carry what is listed. */
function withShelf(asked: UpgradeAsked, { available, streams }: Shelf): UpgradeAsked {
  const { arches, modelType } = asked;
  const registryTags = modelType === "caas" ? (asked.registryTags ?? available) : asked.registryTags;
  const nodeArches = asked.nodeArches ?? (asked.isController ? arches : undefined);
  return {
    ...asked,
    available,
    streams,
    ...(registryTags === undefined ? {} : { registryTags }),
    ...(nodeArches === undefined ? {} : { nodeArches }),
  };
}

/**
 * The newest version that is listed for every arch of the model: Juju's own rules over lists without the incomplete ones.
 * Where that differs from what Juju takes by itself, the version has to be named.
 */
function judgeSafe(plain: Verdict, ground: UpgradeGround, shelf: Shelf): Verdict {
  const { asked, streams } = ground;
  if (plain.decision === "blocked" && plain.code !== "JAM_UPGRADE_REFUSED") return plain;
  const arches = asked.arches ?? archesHeldOf(asked.current, shelf, streams);
  const complete = completeFor(shelf, arches, asked.generation === "4.0");
  const listed = listedOnShelf(complete);
  const answer = answerUpgrade(withShelf(asked, complete));
  const verdict = judgeUpgrade(answer, { ...ground, listed });
  const { version } = verdict;
  if (version === null || verdict.decision === "up-to-date") return verdict;
  if (missingArches(listed, streams, version, arches).length > 0) {
    return notFound(
      "JAM_AGENT_NOT_FOUND",
      `Juju would take ${version}, which is not listed for all of ${arches.join(", ")}.`,
      ground.fetchHint({ versions: version, arches, stream: streams[0], family: ground.family }),
    );
  }
  if (version === plain.version) return verdict;
  const message = `${version} is the newest that is listed for ${arches.join(", ")}; Juju by itself ${
    plain.version === null || plain.version === asked.current ? "takes none" : `takes ${plain.version}`
  }: name it with --agent-version ${version}.`;
  return verdict.decision === "upgrade"
    ? chosen("upgrade", version, message)
    : upToDate(version, `This ${subject(asked)} runs ${version} already.`);
}

/** Where nobody says what arches the model has: those its own version is held for, else the usual one. */
function archesHeldOf(current: string, shelf: Shelf, streams: readonly string[]): readonly string[] {
  const held = new Set(streams.flatMap((stream) => [...(shelf.listings.get(stream)?.get(current) ?? [])]));
  return held.size === 0 ? ["amd64"] : [...held];
}
