import { companionsOf } from "../../juju/companions/companions-of.ts";
import { imageNamesOf } from "../../juju/images/images-of.ts";
import { shellCommand } from "../../shared/shell-command.ts";
import type { BootstrapAnswer, BootstrapGeneration } from "../../juju/decisions/outcome.ts";
import { answerBootstrap, bootstrapGenerationOf } from "../../juju/decisions/bootstrap.ts";
import type { Generation } from "../../juju/decisions/generation.ts";
import { preferredStreams } from "../../juju/decisions/streams.ts";
import { note, type Rule, type Trace } from "../../juju/decisions/trace.ts";
import { saysNothingFound } from "../../juju/decisions/messages.ts";
import { readAnyVersion } from "../../juju/decisions/version-pool.ts";
import { readsOf } from "../../juju/upgrade-path.ts";
import { formatMajorMinor, isVersion, parseVersion, type JujuVersion } from "../../juju/version.ts";
import type { AgentFamily } from "../../juju/stream.ts";
import { plainFetchHint, type FetchHint } from "../fetch-hint.ts";
import { completeFor, type Shelf } from "./version-index.ts";
import type { WhichAnswer, WhichWarning } from "./which-answer.ts";
import { listedInTexts, listedOnShelf, missingArches, streamOf, type Listed } from "./listed.ts";
import type { BootstrapAsked } from "./which-question.ts";
import { adviceWarnings, blocked, chosen, heedAdvice, notFound, type Verdict } from "./verdict.ts";
import type { WhichWorld } from "./which-state.ts";

/** Whose search a client of that generation makes. */
const SEARCHES_LIKE: Readonly<Record<BootstrapGeneration, Generation>> = {
  "1.25": "1.25",
  "2.0-2.2": "2.0-2.1",
  "2.3-2.8": "2.3",
  "2.8": "2.8.10-2.8.13",
  "2.9": "2.9.33+",
  "3.6": "3.6.23+",
  "4.0": "4.0",
};

/** "With which version does this client bootstrap a controller from here?" */
export function answerBootstrapQuestion(world: WhichWorld, asked: BootstrapAsked): WhichAnswer {
  const client = readAnyVersion(asked.client);
  const generation = SEARCHES_LIKE[asked.generation];
  const isNamed = asked.generation !== bootstrapGenerationOf(client);
  const reader = { family: readsOf(client), generation, ...(isNamed ? {} : { version: client }) };
  const isOwn = asked.available !== undefined || asked.streams !== undefined;
  const shelf = isOwn ? undefined : world.held.for(reader);
  const isImage = asked.modelType === "caas" && !isOwn;
  const trace: Trace = [];
  const answer = (from: Shelf | undefined, into?: Trace): BootstrapAnswer =>
    isImage
      ? takeImage(asked, into)
      : answerBootstrap(from === undefined ? asked : withLists(asked, from), into);
  const juju = answer(shelf, trace);
  if (trace.length === 0) note(trace, CHECKED_FIRST);
  const ground: Ground = {
    asked,
    client,
    listed: shelf === undefined ? listedInTexts(asked) : listedOnShelf(shelf),
    streams: searched(asked, generation, client),
    fetchHint: isOwn ? plainFetchHint : world.fetchHint,
    family: reader.family,
  };
  const isSafe = asked.safe === true && shelf !== undefined && !isImage;
  const complete = isSafe ? completeFor(shelf, asked.arches ?? ["amd64"], generation === "4.0") : shelf;
  const judged = judge(isSafe ? answer(complete) : juju, ground);
  const advice =
    judged.version === null ? [] : adviceWarnings(undefined, readAnyVersion(judged.version), world.knowledge);
  const verdict = heedAdvice(judged, advice);
  const upstream = isOwn || world.upstream === undefined ? null : answer(world.upstream.for(reader));
  return {
    kind: "bootstrap",
    ...(asked.id === undefined ? {} : { id: asked.id }),
    ...verdict,
    warnings: [
      ...advice,
      ...(isImage ? [imageWarning(verdict)] : warningsOf(verdict, ground, juju)),
      ...(isOwn ? [] : companionWarnings(verdict, isImage)),
    ],
    trace,
    generation: asked.generation,
    juju,
    mirror: isOwn ? null : juju,
    upstream,
  };
}

const CHECKED_FIRST: Rule = {
  rule: "The version asked for is compared with the client's before anything is looked up.",
  source: "cmd/juju/commands/bootstrap.go:Init",
};

interface Ground {
  readonly asked: BootstrapAsked;
  readonly client: JujuVersion;
  readonly listed: Listed;
  readonly streams: readonly string[];
  /** How to get agents here. */
  readonly fetchHint: FetchHint;
  /** Which lists the client reads. */
  readonly family: AgentFamily;
}

function withLists(asked: BootstrapAsked, { available, streams }: Shelf): BootstrapAsked {
  return { ...asked, available, streams };
}

/**
 * On Kubernetes nothing is looked up: the image's tag is the version asked for, or the client's.
 * Source: juju environs/bootstrap/bootstrap.go bootstrapCAAS.
 */
function takeImage(asked: BootstrapAsked, trace?: Trace): BootstrapAnswer {
  const version = asked.requested ?? asked.client;
  note(trace, {
    rule: "On Kubernetes the image of the version asked for, else of the client's, is run; nothing is looked up.",
    source: "environs/bootstrap/bootstrap.go:bootstrapCAAS",
  });
  return { outcome: "bootstrap", agentVersion: version, binary: version };
}

function searched(asked: BootstrapAsked, generation: Generation, client: JujuVersion): readonly string[] {
  const requested = asked.requested ?? "";
  return preferredStreams(generation, {
    version: isVersion(requested) ? readAnyVersion(requested) : client,
    development: asked.development ?? false,
    stream: asked.configStream ?? "",
  });
}

function judge(juju: BootstrapAnswer, ground: Ground): Verdict {
  const { asked, client, family, fetchHint, listed, streams } = ground;
  const wanted = asked.requested ?? (asked.autoUpgrade ? formatMajorMinor(client) : asked.client);
  const missing = (message: string) =>
    notFound(
      listed.isEmpty ? "JAM_MIRROR_EMPTY" : "JAM_AGENT_NOT_FOUND",
      message,
      fetchHint({ versions: wanted, arches: asked.arches, stream: streams[0], family }),
    );
  switch (juju.outcome) {
    case "bootstrap":
      return chosen("bootstrap", juju.agentVersion, startOf(juju));
    case "local-agent":
      return missing(
        `${wanted} is not listed here; a client of ${asked.client} packages the jujud that lies beside it, if there is one.`,
      );
    case "error":
      if (saysNothingFound(juju.error)) return missing(juju.error.trimEnd());
      return blocked(
        "JAM_UPGRADE_REFUSED",
        juju.error,
        `Use a client of the minor you want: this one is ${asked.client}.`,
      );
    default:
      return juju satisfies never;
  }
}

function startOf({ agentVersion, binary }: Extract<BootstrapAnswer, { outcome: "bootstrap" }>): string {
  if (binary === agentVersion) return `This client bootstraps a controller of ${agentVersion}.`;
  return `This client bootstraps a controller of ${binary}, which then upgrades itself to ${agentVersion}.`;
}

function warningsOf(verdict: Verdict, ground: Ground, juju: BootstrapAnswer): WhichWarning[] {
  const { asked, client, family, fetchHint, listed, streams } = ground;
  const warnings: WhichWarning[] = [];
  const { version } = verdict;
  const arches = asked.arches ?? [];
  if (version === null) {
    if (
      verdict.decision === "not-found" &&
      !streams.some((stream) => listed.hasSeries(stream, formatMajorMinor(client)))
    ) {
      warnings.push({
        code: "falls-through",
        severity: "warn",
        message: `Nothing in ${streams.join(", ")} matches here, so the client asks its next source, streams.canonical.com.`,
        remedy: fetchHint({
          versions: asked.requested ?? asked.client,
          arches,
          stream: streams[0],
          family,
        }),
      });
    }
    return warnings;
  }
  const missing = missingArches(listed, streams, version, arches);
  if (missing.length > 0) {
    warnings.push({
      code: "arch-missing",
      severity: "warn",
      message: `${version} is not listed for ${missing.join(", ")}.`,
      remedy: fetchHint({ versions: version, arches, stream: streams[0], family }),
    });
  }
  const from = streamOf(listed, streams, version);
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
      message: `Juju by itself would take ${juju.agentVersion}.`,
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

/** What has to be inside a gap next to agents or images, with the flags that say where it is. */
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
