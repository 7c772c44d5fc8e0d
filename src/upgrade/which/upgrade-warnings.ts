import { shellCommand } from "../../shared/shell-command.ts";
import type { UpgradeOutcome } from "../../juju/decisions/outcome.ts";
import { newest, includesVersion } from "../../juju/decisions/newest.ts";
import { readAnyVersion } from "../../juju/decisions/version-list.ts";
import {
  compareVersions,
  formatMajorMinor,
  formatVersion,
  isPrerelease,
  type JujuVersion,
  isSameMinor,
} from "../../juju/version.ts";
import { saysNothingFound } from "../../juju/decisions/messages.ts";
import { isInPlace } from "../../juju/upgrade-edge.ts";
import type { IndexReader, VersionIndexes, VersionIndex } from "./version-index.ts";
import type { WhichWarning } from "./which-answer.ts";
import { missingArches, streamOf, hasSeries } from "./listed.ts";
import { subject, type UpgradeContext } from "./upgrade-verdict.ts";
import type { Verdict } from "./verdict.ts";

/** What an answer is warned about. */
export interface WarningContext extends UpgradeContext {
  readonly verdict: Verdict;
  readonly juju: UpgradeOutcome;
  /** The version Juju would set; undefined where it sets none. */
  readonly target: string | undefined;
  /** Undefined where the question has its own lists. */
  readonly mirror: { readonly index: VersionIndex; readonly other: VersionIndex } | undefined;
  readonly upstream: UpgradeOutcome | undefined;
}

type Check = (context: WarningContext) => WhichWarning | undefined;

/** The traps of this answer, each with its remedy. */
export function upgradeWarnings(context: WarningContext): WhichWarning[] {
  const warnings: WhichWarning[] = [];
  for (const check of CHECKS) {
    const warning = check(context);
    if (warning !== undefined) warnings.push(warning);
  }
  return warnings;
}

/** The client of 2.8.10 to 2.9.32 lets a controller pass into 3.x, which no release ever carried out. */
const unsupportedMove: Check = ({ question, current, juju, knowledge, target }) => {
  if (target === undefined || !question.isController || juju.outcome !== "upgrade" || !juju.changed)
    return undefined;
  const to = readAnyVersion(target);
  if (to.major === current.major || isInPlace(current, to, knowledge)) return undefined;
  return {
    code: "unsupported-move",
    severity: "warn",
    message: `Juju ${question.generation} lets this pass, but no controller moves from ${formatVersion(current)} to ${target} in place: later releases refuse it.`,
    remedy: `Do not run it. \`${shellCommand`jam plan --from ${formatVersion(current)} --to ${target}`}\` shows the way.`,
  };
};

const archMissing: Check = (context) => {
  const { question, current, listed, streams, target } = context;
  const arches = question.arches ?? question.nodeArches ?? [];
  if (target === undefined || arches.length === 0 || question.modelType === "caas") return undefined;
  const version = readAnyVersion(target);
  if (streamOf(listed, streams, version) === undefined) return undefined;
  const missing = missingArches(listed, streams, version, arches);
  if (missing.length === 0) return undefined;
  return {
    code: "arch-missing",
    severity: "warn",
    message: `${target} is not listed for ${missing.join(", ")}; Juju takes it anyway, and those machines find no agent.`,
    remedy: `${fetchHint(context, target, arches)} ${insteadOf(newestComplete(context, version, arches), current)}`,
  };
};

/** What the whole model can run, here and now. */
function insteadOf(complete: JujuVersion | undefined, current: JujuVersion): string {
  return complete === undefined
    ? `Nothing above ${formatVersion(current)} is listed here for all of them.`
    : `Or take the newest that is complete, ${formatVersion(complete)}: --safe.`;
}

/** The newest version of a minor above what runs that is listed here for all of the arches. */
function newestComplete(
  { current, listed, streams }: WarningContext,
  { major, minor }: Pick<JujuVersion, "major" | "minor">,
  arches: readonly string[],
): JujuVersion | undefined {
  const versions = streams.flatMap((one) => listed.streams.get(one)?.versions ?? []);
  return newest(
    versions.filter(
      (version) =>
        version.major === major &&
        version.minor === minor &&
        compareVersions(version, current) > 0 &&
        missingArches(listed, streams, version, arches).length === 0,
    ),
  );
}

function fetchHint(context: UpgradeContext, versions: string, arches: readonly string[] | undefined): string {
  return context.fetchHint({ versions, arches, stream: context.streams[0], family: context.family });
}

/** 3.3.4 and later, and 4.0: a model follows its controller, and it is not checked whether the agents are listed. */
const notHeld: Check = (context) => {
  const { question, juju, listed, streams, target } = context;
  if (target === undefined || question.modelType === "caas" || juju.outcome === "upload-local")
    return undefined;
  const version = readAnyVersion(target);
  if (streamOf(listed, streams, version) !== undefined || includesVersion(question.stored.versions, version))
    return undefined;
  return {
    code: "not-held",
    severity: "warn",
    message:
      `${target} is not listed here. Juju sets it without looking; each machine then asks the controller, which has ` +
      "what it stored before and asks streams.canonical.com for the rest.",
    remedy: fetchHint(context, target, question.arches),
  };
};

/** Nothing is to do, and still new machines and units ask for the version that runs. */
const runsUnheld: Check = (context) => {
  const { current, question, listed, mirror, streams, verdict } = context;
  if (mirror === undefined || verdict.decision !== "up-to-date" || question.modelType === "caas")
    return undefined;
  const version = verdict.version === null ? current : readAnyVersion(verdict.version);
  if (includesVersion(question.stored.versions, version)) return undefined;
  const arches = question.arches ?? [];
  const missing = missingArches(listed, streams, version, arches);
  // Where nothing of the minor is held, the look-up itself is warned of.
  const isNowhere =
    streamOf(listed, streams, version) === undefined && streams.some((one) => hasMatch(context, one));
  if (missing.length === 0 && !(arches.length === 0 && isNowhere)) return undefined;
  const running = formatVersion(version);
  const where = missing.length === 0 ? "" : ` for ${missing.join(", ")}`;
  return {
    code: "agents-of-model",
    severity: "warn",
    message: `${running}, which runs, is not listed here${where}: a new machine finds no agent, unless its controller stored one.`,
    remedy: fetchHint(context, running, question.arches),
  };
};

/** What the lookup is about: a number, or everything of a minor (3.x, 4.0) or a major. */
function hasMatch(
  { question, controller, current, listed, requested }: WarningContext,
  stream: string,
): boolean {
  if (requested !== undefined) return listed.archesOf(stream, requested) !== undefined;
  const { major, minor } = question.generation === "4.0" ? controller : current;
  return hasSeries(listed, stream, { major, minor: major < 3 ? undefined : minor });
}

const fallsThrough: Check = (context) => {
  const { current, question, juju, requested, streams, verdict } = context;
  // Versions are compared first: what is refused by that is never looked up.
  if (juju.outcome === "error" && !saysNothingFound(juju.error)) return undefined;
  if (verdict.decision !== "not-found" && verdict.decision !== "up-to-date") return undefined;
  if (question.modelType === "caas" || (requested !== undefined && verdict.decision === "up-to-date"))
    return undefined;
  if (!isLookedUp(context) || streams.some((stream) => hasMatch(context, stream))) return undefined;
  return {
    code: "falls-through",
    severity: "warn",
    message: `Nothing in ${streams.join(", ")} matches here, so Juju asks its next source, streams.canonical.com, and waits where there is no internet.`,
    remedy: fetchHint(
      context,
      requested === undefined ? formatMajorMinor(current) : formatVersion(requested),
      question.arches,
    ),
  };
};

/**
 * Each stream of the preference is looked up by itself, so one without a match sends that lookup to the default source.
 * Source: juju environs/tools/tools.go FindTools (2.9 branch ff1125b6da, 3.6 branch 1c91c54faf).
 */
const streamFallsThrough: Check = (context) => {
  const { question, streams } = context;
  if (streams.length < 2 || !isLookedUp(context)) return undefined;
  const without = streams.filter((stream) => !hasMatch(context, stream));
  if (without.length === 0 || without.length === streams.length) return undefined;
  const end =
    context.controller.major >= 3
      ? "where that cannot be reached, 3.6 fails the whole lookup"
      : "where that cannot be reached, 2.9 continues with the other streams after waiting";
  return {
    code: "stream-falls-through",
    severity: "warn",
    message: `Nothing in ${without.join(", ")} matches here, so Juju asks streams.canonical.com for it; ${end}.`,
    remedy: `Set agent-stream to ${streams.find((stream) => !without.includes(stream)) ?? "released"}, or sync ${without.join(" and ")} too${question.stream ? "" : " (the model's agent-stream asks for it)"}.`,
  };
};

/** False where Juju sets the version of the controller without a lookup. */
function isLookedUp({ question, requested, controller }: WarningContext): boolean {
  if (question.isController) return true;
  if (question.generation === "4.0") return false;
  const follows = question.generation === "3.3.4-3.6.21" || question.generation === "3.6.23+";
  return !follows || (requested !== undefined && compareVersions(requested, controller) !== 0);
}

const otherStream: Check = ({ listed, streams, target }) => {
  const [first] = streams;
  if (first === undefined || target === undefined) return undefined;
  const from = streamOf(listed, streams, readAnyVersion(target));
  if (from === undefined || from === first) return undefined;
  return {
    code: "other-stream",
    severity: "warn",
    message: `${target} comes from ${from}; ${first} does not list it.`,
    remedy: `Name the version you want with --to, or set agent-stream to ${from}.`,
  };
};

/** A ≤2.8 controller reads the lists by series alone, a later one those by OS type. */
const otherLists: Check = ({ question, current, mirror, requested, verdict }) => {
  if (mirror === undefined || (verdict.decision !== "not-found" && verdict.decision !== "up-to-date"))
    return undefined;
  const { other } = mirror;
  const version = requested ?? newestAbove(other, current);
  if (version === undefined || !includesVersion(other.all.versions, version)) return undefined;
  if (includesVersion(mirror.index.all.versions, version)) return undefined;
  const wanted = formatVersion(version);
  const [reads, lists] =
    question.generation.startsWith("2.9") || current.major > 2
      ? [":agents", ":tools"]
      : [":tools", ":agents"];
  return {
    code: "other-lists",
    severity: "warn",
    message: `${wanted} is held, but listed in ${lists} only; this controller reads ${reads}.`,
    remedy: `Upstream has to list it in ${reads}; go over a version that both list: \`${shellCommand`jam plan --from ${formatVersion(current)} --to ${wanted}`}\`.`,
  };
};

function newestAbove({ all }: VersionIndex, current: JujuVersion): JujuVersion | undefined {
  const above = newest(
    all.versions.filter((version) => version.major === current.major && !isPrerelease(version)),
  );
  return above !== undefined && compareVersions(above, current) > 0 ? above : undefined;
}

const preRelease: Check = ({ current, requested, target }) => {
  if (target === undefined || requested !== undefined || isPrerelease(current)) return undefined;
  if (!isPrerelease(readAnyVersion(target))) return undefined;
  return {
    code: "pre-release",
    severity: "warn",
    message: `${target} is a pre-release; Juju takes it because the searched streams list nothing later of its minor.`,
    remedy:
      "Name the version you want with --to, or keep pre-releases out of the mirror (`prereleases: false`).",
  };
};

const staysOnPreRelease: Check = ({ question, current, requested, streams, verdict }) => {
  if (!isPrerelease(current) || requested !== undefined || verdict.decision !== "up-to-date")
    return undefined;
  if (streams.length !== 1 || streams[0] !== "released") return undefined;
  return {
    code: "stays-on-pre-release",
    severity: "info",
    message: `A ${subject(question)} on a pre-release searches the released stream only, unless another one is set.`,
    remedy: "Ask with --stream (Juju's --agent-stream) or with --to.",
  };
};

const upstreamNewer: Check = (context) => {
  const { current, question, upstream, verdict } = context;
  if (upstream?.outcome !== "upgrade" || !upstream.changed || verdict.decision === "blocked")
    return undefined;
  const here = verdict.version === null ? current : readAnyVersion(verdict.version);
  if (compareVersions(readAnyVersion(upstream.chosen), here) <= 0) return undefined;
  return {
    code: "upstream-newer",
    severity: "info",
    message: `With all that upstream lists, Juju would take ${upstream.chosen}.`,
    remedy: fetchHint(context, upstream.chosen, question.arches),
  };
};

/** From 2.9.33 no controller leaves its minor without a requested version (2.9: its major). */
const newerMinor: Check = ({ question, controller, current, mirror, requested, verdict }) => {
  if (
    mirror === undefined ||
    requested !== undefined ||
    !question.isController ||
    verdict.decision === "blocked"
  )
    return undefined;
  if (controller.major < 3 && question.generation !== "2.9.33+") return undefined;
  const released = mirror.index.streams.get("released")?.versions ?? [];
  const best = newest(released.filter((version) => !isPrerelease(version)));
  if (best === undefined || best.major < current.major || best.major < 3) return undefined;
  if (best.major === current.major && best.minor <= current.minor) return undefined;
  return {
    code: "newer-minor",
    severity: "info",
    message: `${formatVersion(best)} is held too; no controller gets there in place.`,
    remedy: `\`${shellCommand`jam plan --from ${formatVersion(current)} --to ${formatVersion(best)}`}\` shows the path through a new controller.`,
  };
};

const images: Check = ({ question, target }) => {
  if (target === undefined || question.modelType !== "caas") return undefined;
  return {
    code: "images",
    severity: "info",
    message: `A Kubernetes model runs container images: its registry has to carry jujud-operator:${target}.`,
    remedy: "Copy the image into the registry that caas-image-repo names.",
  };
};

const localUpload: Check = ({ juju }) => {
  if (juju.outcome !== "upload-local" && juju.outcome !== "needs-local-agent") return undefined;
  return {
    code: "local-upload",
    severity: "warn",
    message: "This client prefers a jujud of its own to what is listed, for the controller's arch alone.",
    remedy: "Name the version with --to, so that the listed agents are taken.",
  };
};

/** 4.0 takes the newest whatever its arch, finds that a node cannot run it, and stops; it does not take the next lower. */
const newestOfOtherArch: Check = (context) => {
  const { question, controller, listed, requested, streams, verdict } = context;
  if (question.generation !== "4.0" || !question.isController || requested !== undefined) return undefined;
  if (verdict.decision !== "not-found" || listed.isEmpty) return undefined;
  const arches = question.nodeArches ?? ["amd64"];
  const [stream = "released"] = streams;
  const versions = listed.streams.get(stream)?.versions ?? [];
  const best = newest(versions.filter((version) => isSameMinor(version, controller)));
  if (best === undefined) return undefined;
  const complete = newestComplete(context, controller, arches);
  const missing = missingArches(listed, streams, best, arches);
  if (missing.length === 0) return undefined;
  return {
    code: "arch-missing",
    severity: "warn",
    message: `The newest of this minor, ${formatVersion(best)}, is not listed for ${missing.join(", ")}; 4.0 does not choose another one.`,
    remedy: `${complete === undefined ? "" : `Name the newest that is complete: --agent-version ${formatVersion(complete)}. Or: `}${fetchHint(context, formatVersion(best), arches)}`,
  };
};

const CHECKS: readonly Check[] = [
  unsupportedMove,
  archMissing,
  newestOfOtherArch,
  notHeld,
  runsUnheld,
  fallsThrough,
  streamFallsThrough,
  otherStream,
  otherLists,
  preRelease,
  staysOnPreRelease,
  localUpload,
  images,
  upstreamNewer,
  newerMinor,
];

/** Both families of lists for one reader; the other one is indexed when it is needed. */
export function bothFamilies(
  indexes: VersionIndexes,
  reader: IndexReader,
): { readonly index: VersionIndex; readonly other: VersionIndex } {
  return {
    index: indexes.for(reader),
    get other() {
      return indexes.for({ ...reader, family: reader.family === "tools" ? "agents" : "tools" });
    },
  };
}
