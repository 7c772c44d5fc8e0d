import { companionsOf } from "../../juju/companions/companions-of.ts";
import { imageNamesOf } from "../../juju/images/images-of.ts";
import { shellCommand } from "../../shared/shell-command.ts";
import type { BootstrapOutcome } from "../../juju/decisions/outcome.ts";
import { decideBootstrap, searchGenerationOf } from "../../juju/decisions/bootstrap.ts";
import { type Generation, bootstrapGenerationOf } from "../../juju/decisions/generation.ts";
import { preferredStreams } from "../../juju/decisions/streams.ts";
import { note, type Rule, type Trace } from "../../juju/decisions/trace.ts";
import { saysNothingFound } from "../../juju/decisions/messages.ts";
import type { StreamLists } from "../../juju/decisions/request.ts";
import { readAnyVersion } from "../../juju/decisions/version-list.ts";
import {
  formatMajorMinor,
  isVersion,
  parseVersion,
  type JujuVersion,
  formatVersion,
} from "../../juju/version.ts";
import { type AgentFamily, readsOf } from "../../juju/stream.ts";
import { plainFetchHint, type FetchHint } from "../fetch-hint.ts";
import type { WhichAnswer, WhichWarning } from "./which-answer.ts";
import {
  listedInQuestion,
  listedInIndex,
  missingArches,
  streamOf,
  type Listed,
  hasSeries,
} from "./listed.ts";
import type { BootstrapQuestion } from "./which-question.ts";
import { adviceWarnings, blocked, chosen, heedAdvice, notFound, type Verdict } from "./verdict.ts";
import type { WhichState } from "./which-state.ts";

/** "With which version does this client bootstrap a controller from here?" */
export function answerBootstrapQuestion(state: WhichState, question: BootstrapQuestion): WhichAnswer {
  const { client, lists } = question;
  const generation = searchGenerationOf(question.generation);
  const isNamed = question.generation !== bootstrapGenerationOf(client);
  const reader = { family: readsOf(client), generation, ...(isNamed ? {} : { version: client }) };
  const index = lists === undefined ? state.held.for(reader) : undefined;
  const isImage = question.modelType === "caas" && index !== undefined;
  const decide = (streams: StreamLists, trace?: Trace): BootstrapOutcome =>
    isImage ? takeImage(question, trace) : decideBootstrap({ ...question, streams }, trace);
  const streams = index?.streams ?? lists ?? NO_LISTS;
  const trace: Trace = [];
  const juju = decide(streams, trace);
  if (trace.length === 0) note(trace, CHECKED_FIRST);
  const context: BootstrapContext = {
    question,
    client,
    listed: index === undefined ? listedInQuestion(streams) : listedInIndex(index),
    streams: searchedStreams(question, generation),
    fetchHint: index === undefined ? plainFetchHint : state.fetchHint,
    family: reader.family,
  };
  const complete =
    question.safe && index !== undefined && !isImage
      ? decide(index.completeFor(question.arches ?? ["amd64"]).streams)
      : juju;
  const evaluated = evaluate(complete, context);
  const advice =
    evaluated.version === null
      ? []
      : adviceWarnings(undefined, readAnyVersion(evaluated.version), state.knowledge);
  const verdict = heedAdvice(evaluated, advice);
  const upstream =
    index === undefined || state.upstream === undefined ? null : decide(state.upstream.for(reader).streams);
  return {
    kind: "bootstrap",
    id: question.id,
    ...verdict,
    warnings: [
      ...advice,
      ...(isImage ? [imageWarning(verdict)] : warningsOf(verdict, context, juju)),
      ...(index === undefined ? [] : companionWarnings(verdict, isImage)),
    ],
    trace,
    generation: question.generation,
    juju,
    mirror: index === undefined ? null : juju,
    upstream,
  };
}

const NO_LISTS: StreamLists = new Map();

const CHECKED_FIRST: Rule = {
  rule: "The requested version is compared with the client's before anything is looked up.",
  source: "cmd/juju/commands/bootstrap.go:Init",
};

interface BootstrapContext {
  readonly question: BootstrapQuestion;
  readonly client: JujuVersion;
  readonly listed: Listed;
  readonly streams: readonly string[];
  /** How to get agents here. */
  readonly fetchHint: FetchHint;
  /** Which lists the client reads. */
  readonly family: AgentFamily;
}

/**
 * On Kubernetes nothing is looked up: the image's tag is the requested version, or the client's.
 * Source: juju environs/bootstrap/bootstrap.go bootstrapCAAS.
 */
function takeImage(question: BootstrapQuestion, trace?: Trace): BootstrapOutcome {
  const version = wantedOf(question);
  note(trace, {
    rule: "On Kubernetes the image of the requested version, else of the client's, is run; nothing is looked up.",
    source: "environs/bootstrap/bootstrap.go:bootstrapCAAS",
  });
  return { outcome: "bootstrap", agentVersion: version, binary: version };
}

/** The requested version, as written where Juju cannot read it; else the client's. */
function wantedOf({ client, requested }: BootstrapQuestion): string {
  if (requested === undefined) return formatVersion(client);
  return "version" in requested ? formatVersion(requested.version) : requested.text;
}

function searchedStreams(
  { client, configStream, development, requested }: BootstrapQuestion,
  generation: Generation,
): readonly string[] {
  const version = requested !== undefined && "version" in requested ? requested.version : client;
  return preferredStreams(generation, { version, development, stream: configStream });
}

function evaluate(juju: BootstrapOutcome, context: BootstrapContext): Verdict {
  const { question, client, family, fetchHint, listed, streams } = context;
  const isOpen = question.requested === undefined && question.autoUpgrade;
  const wanted = isOpen ? formatMajorMinor(client) : wantedOf(question);
  const missing = (message: string) =>
    notFound(
      listed.isEmpty ? "JAM_MIRROR_EMPTY" : "JAM_AGENT_NOT_FOUND",
      message,
      fetchHint({ versions: wanted, arches: question.arches, stream: streams[0], family }),
    );
  switch (juju.outcome) {
    case "bootstrap":
      return chosen("bootstrap", juju.agentVersion, startOf(juju));
    case "local-agent":
      return missing(
        `${wanted} is not listed here; a client of ${formatVersion(client)} packages the jujud next to it, if there is one.`,
      );
    case "error":
      if (saysNothingFound(juju.error)) return missing(juju.error.trimEnd());
      return blocked(
        "JAM_UPGRADE_REFUSED",
        juju.error,
        `Use a client of the minor you want: this one is ${formatVersion(client)}.`,
      );
    default:
      return juju satisfies never;
  }
}

function startOf({ agentVersion, binary }: Extract<BootstrapOutcome, { outcome: "bootstrap" }>): string {
  if (binary === agentVersion) return `This client bootstraps a controller of ${agentVersion}.`;
  return `This client bootstraps a controller of ${binary}, which then upgrades itself to ${agentVersion}.`;
}

function warningsOf(verdict: Verdict, context: BootstrapContext, juju: BootstrapOutcome): WhichWarning[] {
  const { question, client, family, fetchHint, listed, streams } = context;
  const warnings: WhichWarning[] = [];
  const { version } = verdict;
  const arches = question.arches ?? [];
  if (version === null) {
    if (verdict.decision === "not-found" && !streams.some((stream) => hasSeries(listed, stream, client))) {
      warnings.push({
        code: "falls-through",
        severity: "warn",
        message: `Nothing in ${streams.join(", ")} matches here, so the client asks its next source, streams.canonical.com.`,
        remedy: fetchHint({
          versions: wantedOf(question),
          arches,
          stream: streams[0],
          family,
        }),
      });
    }
    return warnings;
  }
  const number = readAnyVersion(version);
  const missing = missingArches(listed, streams, number, arches);
  if (missing.length > 0) {
    warnings.push({
      code: "arch-missing",
      severity: "warn",
      message: `${version} is not listed for ${missing.join(", ")}.`,
      remedy: fetchHint({ versions: version, arches, stream: streams[0], family }),
    });
  }
  const from = streamOf(listed, streams, number);
  if (from !== undefined && from !== streams[0]) {
    warnings.push({
      code: "other-stream",
      severity: "warn",
      message: `${version} comes from ${from}; ${streams[0]} does not list it.`,
      remedy: `Bootstrap with --config agent-stream=${from}, or name the version with --to.`,
    });
  }
  if (juju.outcome === "bootstrap" && juju.agentVersion !== version) {
    warnings.push({
      code: "arch-missing",
      severity: "warn",
      message: `Without a version Juju would take ${juju.agentVersion}.`,
      remedy: `Name the version: ${shellCommand`juju bootstrap --agent-version ${version}`}.`,
    });
  }
  return warnings;
}

function imageWarning({ version }: Verdict): WhichWarning {
  const images =
    version === null || version === undefined || !isVersion(version)
      ? ["jujud-operator:VERSION"]
      : imageNamesOf({ version: parseVersion(version), what: "controller" });
  return {
    code: "images",
    severity: "info",
    message: `A Kubernetes controller runs container images: its registry has to carry ${images.join(", ")}.`,
    remedy: "Copy the images into the registry that caas-image-repo names.",
  };
}

/** What has to be inside an air gap in addition to agents or images, with the flags that name its place. */
function companionWarnings({ decision, version }: Verdict, isImage: boolean): WhichWarning[] {
  if (decision !== "bootstrap" || version === null || !isVersion(version)) return [];
  const companions = companionsOf({
    step: "bootstrap",
    version: parseVersion(version),
    type: isImage ? "caas" : "iaas",
    url: "URL",
    controller: "CONTROLLER",
  }).filter(({ id, need }) => need === "always" && id !== "agents" && id !== "container-images");
  if (companions.length === 0) return [];
  const named = companions.map(({ what, flags }) => `${what} (${flags.join(" ")})`);
  return [
    {
      code: "companions",
      severity: "info",
      message: `Without internet a bootstrap needs more than ${isImage ? "images" : "agents"}: ${named.join("; ")}.`,
      remedy: "jam plan names everything that has to be inside, and how to fetch it.",
    },
  ];
}
