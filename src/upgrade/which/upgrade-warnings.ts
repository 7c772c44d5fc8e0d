import { shellCommand } from "../../shared/shell-command.ts";
import type { UpgradeAnswer } from "../../juju/decisions/outcome.ts";
import { newest } from "../../juju/decisions/newest.ts";
import { readAnyVersion } from "../../juju/decisions/version-pool.ts";
import {
  compareVersions,
  formatMajorMinor,
  formatVersion,
  isPrerelease,
  type JujuVersion,
} from "../../juju/version.ts";
import { saysNothingFound } from "../../juju/decisions/messages.ts";
import { isInPlace } from "../../juju/upgrade-edge.ts";
import type { AgentShelves, Shelf } from "./version-index.ts";
import type { WhichWarning } from "./which-answer.ts";
import { missingArches, streamOf } from "./listed.ts";
import { subject, type UpgradeGround } from "./upgrade-verdict.ts";
import type { Verdict } from "./verdict.ts";

/** What an answer is warned about. */
export interface WarningGround extends UpgradeGround {
  readonly verdict: Verdict;
  readonly juju: UpgradeAnswer;
  /** The version Juju would set; undefined where it sets none. */
  readonly target: string | undefined;
  /** Undefined where the question brings its own lists. */
  readonly mirror: { readonly shelf: Shelf; readonly other: Shelf } | undefined;
  readonly upstream: UpgradeAnswer | undefined;
}

type Check = (ground: WarningGround) => WhichWarning | undefined;

/** The traps of this answer, each with its remedy. */
export function upgradeWarnings(ground: WarningGround): WhichWarning[] {
  const warnings: WhichWarning[] = [];
  for (const check of CHECKS) {
    const warning = check(ground);
    if (warning !== undefined) warnings.push(warning);
  }
  return warnings;
}

/** The client of 2.8.10 to 2.9.32 lets a controller pass into 3.x, which no release ever carried out. */
const unsupportedMove: Check = ({ asked, current, juju, knowledge, target }) => {
  if (target === undefined || !asked.isController || juju.outcome !== "upgrade" || !juju.changed)
    return undefined;
  const to = readAnyVersion(target);
  if (to.major === current.major || isInPlace(current, to, knowledge)) return undefined;
  return {
    code: "unsupported-move",
    severity: "warn",
    message: `Juju ${asked.generation} lets this pass, but no controller moves from ${asked.current} to ${target} in place: later releases refuse it.`,
    remedy: `Do not run it. \`${shellCommand`jam plan --from ${asked.current} --to ${target}`}\` shows the way.`,
  };
};

const archMissing: Check = (ground) => {
  const { asked, current, listed, streams, target } = ground;
  const arches = asked.arches ?? asked.nodeArches ?? [];
  if (target === undefined || arches.length === 0 || asked.modelType === "caas") return undefined;
  if (streamOf(listed, streams, target) === undefined) return undefined;
  const missing = missingArches(listed, streams, target, arches);
  if (missing.length === 0) return undefined;
  return {
    code: "arch-missing",
    severity: "warn",
    message: `${target} is not listed for ${missing.join(", ")}; Juju takes it all the same, and those machines find no agent.`,
    remedy: `${fetchHint(ground, target, arches)} ${insteadOf(newestComplete(ground, readAnyVersion(target), arches), current)}`,
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
  { asked, current, listed, streams }: WarningGround,
  { major, minor }: Pick<JujuVersion, "major" | "minor">,
  arches: readonly string[],
): JujuVersion | undefined {
  const texts =
    asked.streams === undefined ? asked.available : streams.flatMap((one) => asked.streams?.[one] ?? []);
  const versions = (texts ?? []).map((text) => readAnyVersion(withoutArch(text)));
  return newest(
    versions.filter(
      (version) =>
        version.major === major &&
        version.minor === minor &&
        compareVersions(version, current) > 0 &&
        missingArches(listed, streams, formatVersion(version), arches).length === 0,
    ),
  );
}

function fetchHint(ground: UpgradeGround, versions: string, arches: readonly string[] | undefined): string {
  return ground.fetchHint({ versions, arches, stream: ground.streams[0], family: ground.family });
}

/** 3.3.4 and later, and 4.0: a model follows its controller, and nobody looks whether the agents are listed. */
const notHeld: Check = (ground) => {
  const { asked, juju, listed, streams, target } = ground;
  if (target === undefined || asked.modelType === "caas" || juju.outcome === "upload-local") return undefined;
  if (streamOf(listed, streams, target) !== undefined || (asked.stored ?? []).includes(target))
    return undefined;
  return {
    code: "not-held",
    severity: "warn",
    message:
      `${target} is not listed here. Juju sets it without looking; each machine then asks the controller, which has ` +
      "what it stored before and asks streams.canonical.com for the rest.",
    remedy: fetchHint(ground, target, asked.arches),
  };
};

/** Nothing is to do, and still new machines and units ask for the version that runs. */
const runsUnheld: Check = (ground) => {
  const { asked, listed, mirror, streams, verdict } = ground;
  if (mirror === undefined || verdict.decision !== "up-to-date" || asked.modelType === "caas")
    return undefined;
  const running = verdict.version ?? asked.current;
  if ((asked.stored ?? []).includes(running)) return undefined;
  const arches = asked.arches ?? [];
  const missing = missingArches(listed, streams, running, arches);
  // Where nothing of the minor is held, the look-up itself is warned of.
  const isNowhere =
    streamOf(listed, streams, running) === undefined && streams.some((one) => hasMatch(ground, one));
  if (missing.length === 0 && !(arches.length === 0 && isNowhere)) return undefined;
  const where = missing.length === 0 ? "" : ` for ${missing.join(", ")}`;
  return {
    code: "agents-of-model",
    severity: "warn",
    message: `${running}, which runs, is not listed here${where}: a new machine finds no agent, unless its controller stored one.`,
    remedy: fetchHint(ground, running, asked.arches),
  };
};

/** What the lookup is about: a number, or everything of a minor (3.x, 4.0) or a major. */
function hasMatch({ asked, controller, current, listed, requested }: WarningGround, stream: string): boolean {
  if (requested !== undefined) return listed.archesOf(stream, asked.requested ?? "") !== undefined;
  const base = asked.generation === "4.0" ? controller : current;
  return listed.hasSeries(stream, base.major < 3 ? String(base.major) : formatMajorMinor(base));
}

const fallsThrough: Check = (ground) => {
  const { asked, juju, streams, verdict } = ground;
  // Versions are compared first: what is refused by that is never looked up.
  if (juju.outcome === "error" && !saysNothingFound(juju.error)) return undefined;
  if (verdict.decision !== "not-found" && verdict.decision !== "up-to-date") return undefined;
  if (asked.modelType === "caas" || (ground.requested !== undefined && verdict.decision === "up-to-date"))
    return undefined;
  if (!isLookedUp(ground) || streams.some((stream) => hasMatch(ground, stream))) return undefined;
  return {
    code: "falls-through",
    severity: "warn",
    message: `Nothing in ${streams.join(", ")} matches here, so Juju asks its next source, streams.canonical.com, and waits where there is no internet.`,
    remedy: fetchHint(ground, asked.requested ?? formatMajorMinor(ground.current), asked.arches),
  };
};

/**
 * Each stream of the preference is looked up by itself, so one without a match sends that lookup to the default source.
 * Source: juju environs/tools/tools.go FindTools (2.9 branch ff1125b6da, 3.6 branch 1c91c54faf).
 */
const streamFallsThrough: Check = (ground) => {
  const { asked, streams } = ground;
  if (streams.length < 2 || !isLookedUp(ground)) return undefined;
  const without = streams.filter((stream) => !hasMatch(ground, stream));
  if (without.length === 0 || without.length === streams.length) return undefined;
  const end =
    ground.controller.major >= 3
      ? "where that cannot be reached, 3.6 fails the whole lookup"
      : "where that cannot be reached, 2.9 goes on with the other streams after waiting";
  return {
    code: "stream-falls-through",
    severity: "warn",
    message: `Nothing in ${without.join(", ")} matches here, so Juju asks streams.canonical.com for it; ${end}.`,
    remedy: `Set agent-stream to ${streams.find((stream) => !without.includes(stream)) ?? "released"}, or sync ${without.join(" and ")} too${asked.stream ? "" : " (the model's agent-stream asks for it)"}.`,
  };
};

/** False where Juju sets the version of the controller without a lookup. */
function isLookedUp({ asked, requested, controller }: WarningGround): boolean {
  if (asked.isController) return true;
  if (asked.generation === "4.0") return false;
  const follows = asked.generation === "3.3.4-3.6.21" || asked.generation === "3.6.23+";
  return !follows || (requested !== undefined && compareVersions(requested, controller) !== 0);
}

const otherStream: Check = ({ listed, streams, target }) => {
  const [first] = streams;
  if (first === undefined || target === undefined) return undefined;
  const from = streamOf(listed, streams, target);
  if (from === undefined || from === first) return undefined;
  return {
    code: "other-stream",
    severity: "warn",
    message: `${target} comes from ${from}; ${first} does not list it.`,
    remedy: `Name the version you want with --to, or set agent-stream to ${from} to say so.`,
  };
};

/** A ≤2.8 controller reads the lists by series alone, a later one those by OS type. */
const otherLists: Check = ({ asked, current, mirror, requested, verdict }) => {
  if (mirror === undefined || (verdict.decision !== "not-found" && verdict.decision !== "up-to-date"))
    return undefined;
  const { other } = mirror;
  const wanted = requested === undefined ? newestAbove(other, current) : asked.requested;
  if (wanted === undefined || wanted === null || !other.available.includes(wanted)) return undefined;
  if (mirror.shelf.available.includes(wanted)) return undefined;
  const [reads, lists] =
    asked.generation.startsWith("2.9") || current.major > 2 ? [":agents", ":tools"] : [":tools", ":agents"];
  return {
    code: "other-lists",
    severity: "warn",
    message: `${wanted} is held, but listed in ${lists} only; this controller reads ${reads}.`,
    remedy: `Upstream has to list it in ${reads}; go over a version that both list: \`${shellCommand`jam plan --from ${asked.current} --to ${wanted}`}\`.`,
  };
};

function newestAbove(shelf: Shelf, current: WarningGround["current"]): string | undefined {
  const above = newest(
    shelf.available
      .map((text) => readAnyVersion(withoutArch(text)))
      .filter((version) => version.major === current.major && !isPrerelease(version)),
  );
  return above !== undefined && compareVersions(above, current) > 0 ? formatVersion(above) : undefined;
}

function withoutArch(text: string): string {
  const at = text.indexOf("@");
  return at < 0 ? text : text.slice(0, at);
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

const staysOnPreRelease: Check = ({ asked, current, requested, streams, verdict }) => {
  if (!isPrerelease(current) || requested !== undefined || verdict.decision !== "up-to-date")
    return undefined;
  if (streams.length !== 1 || streams[0] !== "released") return undefined;
  return {
    code: "stays-on-pre-release",
    severity: "info",
    message: `A ${subject(asked)} on a pre-release searches the released stream only, unless it is told otherwise.`,
    remedy: "Ask with --stream (Juju's --agent-stream) or with --to.",
  };
};

const upstreamNewer: Check = (ground) => {
  const { asked, upstream, verdict } = ground;
  if (upstream?.outcome !== "upgrade" || !upstream.changed || verdict.decision === "blocked")
    return undefined;
  const here = readAnyVersion(verdict.version ?? asked.current);
  if (compareVersions(readAnyVersion(upstream.chosen), here) <= 0) return undefined;
  return {
    code: "upstream-newer",
    severity: "info",
    message: `With all that upstream lists, Juju would take ${upstream.chosen}.`,
    remedy: fetchHint(ground, upstream.chosen, asked.arches),
  };
};

/** From 2.9.33 no controller leaves its minor by itself (2.9: its major). */
const newerMinor: Check = ({ asked, controller, current, mirror, requested, verdict }) => {
  if (
    mirror === undefined ||
    requested !== undefined ||
    !asked.isController ||
    verdict.decision === "blocked"
  )
    return undefined;
  if (controller.major < 3 && asked.generation !== "2.9.33+") return undefined;
  const released = mirror.shelf.streams["released"] ?? [];
  const best = newest(
    released.map((text) => readAnyVersion(withoutArch(text))).filter((version) => !isPrerelease(version)),
  );
  if (best === undefined || best.major < current.major || best.major < 3) return undefined;
  if (best.major === current.major && best.minor <= current.minor) return undefined;
  return {
    code: "newer-minor",
    severity: "info",
    message: `${formatVersion(best)} is held too; no controller gets there in place.`,
    remedy: `\`${shellCommand`jam plan --from ${asked.current} --to ${formatVersion(best)}`}\` shows the way over a new controller.`,
  };
};

const images: Check = ({ asked, target }) => {
  if (target === undefined || asked.modelType !== "caas") return undefined;
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
const newestOfOtherArch: Check = (ground) => {
  const { asked, controller, listed, requested, streams, verdict } = ground;
  if (asked.generation !== "4.0" || !asked.isController || requested !== undefined) return undefined;
  if (verdict.decision !== "not-found" || listed.isEmpty) return undefined;
  const arches = asked.nodeArches ?? ["amd64"];
  const [stream = "released"] = streams;
  const texts = (asked.streams === undefined ? asked.available : asked.streams[stream]) ?? [];
  const ofMinor = texts
    .map((text) => readAnyVersion(withoutArch(text)))
    .filter(({ major, minor }) => major === controller.major && minor === controller.minor);
  const best = newest(ofMinor);
  if (best === undefined) return undefined;
  const complete = newestComplete(ground, controller, arches);
  const missing = missingArches(listed, streams, formatVersion(best), arches);
  if (missing.length === 0) return undefined;
  return {
    code: "arch-missing",
    severity: "warn",
    message: `The newest of this minor, ${formatVersion(best)}, is not listed for ${missing.join(", ")}; 4.0 takes no other by itself.`,
    remedy: `${complete === undefined ? "" : `Name the newest that is complete: --agent-version ${formatVersion(complete)}. Or: `}${fetchHint(ground, formatVersion(best), arches)}`,
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

/** Both families of lists for one reader; the other one is sorted when it is asked for. */
export function bothShelves(
  shelves: AgentShelves,
  reader: Parameters<AgentShelves["for"]>[0],
): { readonly shelf: Shelf; readonly other: Shelf } {
  return {
    shelf: shelves.for(reader),
    get other() {
      return shelves.for({ ...reader, family: reader.family === "tools" ? "agents" : "tools" });
    },
  };
}
