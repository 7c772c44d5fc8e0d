import { defined } from "../shared/collections.ts";
import { JamError } from "../shared/errors.ts";
import { printable } from "../shared/printable.ts";
import { nearRelease } from "./near-agent.ts";
import { isArchWord } from "./platform.ts";
import { isReleaseWord } from "./release.ts";
import {
  compareVersions,
  formatMajorMinor,
  formatVersion,
  isPrerelease,
  isVersion,
  parseVersion,
  type JujuVersion,
} from "./version.ts";
import { formatAgentName, type Agent } from "./agent.ts";

/** A minor (`3.6`), or all minors of a major (`3`). */
export interface Track {
  readonly major: number;
  readonly minor: number | undefined;
}

/** What an operator wrote in the place of a version. */
export type VersionText =
  /** `3.6.11`, `v3.6.11`. */
  | { readonly kind: "version"; readonly version: string }
  /** What `juju --version` prints and agents are called: `3.6.11-genericlinux-amd64`. */
  | { readonly kind: "binary"; readonly version: string; readonly release: string; readonly arch: string }
  /** `3.6`. */
  | { readonly kind: "minor"; readonly track: Track }
  /** A channel of the juju snap: `3.6/stable`. */
  | { readonly kind: "channel"; readonly track: Track };

const TAG_PREFIX = /^(?:v|juju-)(?=\d)/i;
const BINARY = /^([^]+)-([^-]+)-([^-]+)$/;
const TRACK = /^(\d{1,9})(?:\.(\d{1,9}))?$/;
const RISK = /^(?:stable|candidate|beta|edge)(?:\/[\w.-]+)?$/;

/**
 * Reads what Juju and its snap print as a version; undefined for any other text. A version stays as it is
 * written, also one that only Juju 1.x accepts.
 */
export function readVersionText(text: string): VersionText | undefined {
  const word = text.trim().replace(TAG_PREFIX, "");
  if (isVersion(word, "1.25")) return { kind: "version", version: word };
  const [, version = "", release = "", arch = ""] = BINARY.exec(word) ?? [];
  if (isVersion(version, "1.25") && isReleaseWord(release) && isArchWord(arch)) {
    return { kind: "binary", version, release, arch };
  }
  const [name, risk] = splitOnce(word);
  const [, major, minor] = TRACK.exec(name) ?? [];
  if (major === undefined) return undefined;
  const track = { major: Number(major), minor: minor === undefined ? undefined : Number(minor) };
  if (risk !== undefined) return RISK.test(risk) ? { kind: "channel", track } : undefined;
  return track.minor === undefined ? undefined : { kind: "minor", track };
}

function splitOnce(text: string): [string, string | undefined] {
  const at = text.indexOf("/");
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

/** A version that was named, or found for a channel. */
export interface NamedVersion {
  /** As written; of a channel as Juju prints it. */
  readonly version: string;
  /** Which version was used for a channel, to be reported; undefined where the version was named. */
  readonly note?: string;
}

/** Versions by where they are known from, to find the newest of a channel. */
export interface KnownVersions {
  readonly held: Iterable<string>;
  readonly upstream: Iterable<string>;
}

/**
 * The version that a text names. A channel means the newest of its track in the mirror, or else the newest that upstream
 * listed. `field` is the name of the field.
 * @throws JamError JAM_VERSION_INVALID, JAM_AGENT_NOT_FOUND for a channel of which no version is known
 */
export function versionOfText(text: string, field: string, known: () => KnownVersions): NamedVersion {
  const read = readVersionText(text);
  if (read?.kind === "version" || read?.kind === "binary") return { version: read.version };
  if (read === undefined) throw invalidVersion(text, field);
  const { held, upstream } = known();
  const here = newestOfTrack(read.track, held);
  const there = newestOfTrack(read.track, upstream);
  if (read.kind === "minor") throw onlyMinor(text, field, here ?? there);
  const version = here ?? there;
  if (version === undefined) throw unknownChannel(text, field, read.track);
  return { version: formatVersion(version), note: describeChannel(text, { track: read.track, here, there }) };
}

/** The newest version of a track, final releases before pre-releases. */
export function newestOfTrack({ major, minor }: Track, versions: Iterable<string>): JujuVersion | undefined {
  return [...new Set(versions)]
    .map((text) => parseVersion(text))
    .filter((version) => version.major === major && (minor === undefined || version.minor === minor))
    .toSorted((a, b) => Number(isPrerelease(b)) - Number(isPrerelease(a)) || compareVersions(a, b))
    .at(-1);
}

/** `3.6`, or `3` for a whole major. */
export function formatTrack({ major, minor }: Track): string {
  return minor === undefined ? String(major) : formatMajorMinor({ major, minor });
}

/** A sentence on which version of its track is used for a channel. */
export function describeChannel(
  channel: string,
  found: {
    readonly track: Track;
    readonly here: JujuVersion | undefined;
    readonly there: JujuVersion | undefined;
  },
): string {
  const { track, here, there } = found;
  const taken = here ?? there;
  const where = here === undefined ? "listed upstream (none is held)" : "held";
  const text = `${channel} is a snap channel; the newest ${formatTrack(track)} that is ${where}, ${taken === undefined ? "unknown" : formatVersion(taken)}, is taken for it.`;
  const isBehind = here !== undefined && there !== undefined && compareVersions(here, there) < 0;
  return isBehind ? `${text} Upstream listed ${formatVersion(there)}.` : text;
}

function invalidVersion(text: string, field: string): JamError {
  return new JamError("JAM_VERSION_INVALID", `${field}: "${printable(text)}" is not a Juju version.`, {
    hint: "Write it as Juju prints it, for example 3.6.5, 3.6-beta2, 2.9.42.1 or 3.6.5-ubuntu-amd64; 3.6/stable means the newest 3.6 in the mirror.",
    details: { field, version: text },
  });
}

function onlyMinor(text: string, field: string, newest: JujuVersion | undefined): JamError {
  const example = newest === undefined ? "" : `: ${formatVersion(newest)} is the newest that is known here`;
  return new JamError("JAM_VERSION_INVALID", `${field}: "${printable(text)}" is a minor, not a version.`, {
    hint: `Write all of it${example}.`,
    details: { field, version: text },
  });
}

function unknownChannel(text: string, field: string, track: Track): JamError {
  return new JamError(
    "JAM_AGENT_NOT_FOUND",
    `${field}: ${printable(text)} is a snap channel, and no ${formatTrack(track)} is held or was listed upstream.`,
    {
      hint: "Write the version itself; `snap info juju` shows which one the channel has.",
      details: { field, version: text },
    },
  );
}

/** The agents that a word on the command line selects. */
export interface AgentText {
  readonly isMeant: (agent: Pick<Agent, "version" | "release" | "arch">) => boolean;
  /** How the word was understood, where that is not obvious. */
  readonly note?: string;
}

/**
 * Reads an agent's name or a part of it: `3.6.5-ubuntu-arm64`, `3.6.5`, `ubuntu-arm64`, `3.6` for the whole minor; also
 * what `juju --version` prints (`3.6.5-genericlinux-amd64` means 3.6.5) and a snap channel, which means the newest held
 * version of its track. `agents` are all candidates, `held` those of the mirror.
 * @throws JamError JAM_AGENT_NOT_FOUND for a channel of which no version is known
 */
export function readAgentText(
  text: string,
  agents: readonly Agent[],
  held: readonly Agent[] = agents,
): AgentText {
  const read = readVersionText(text);
  if (read?.kind === "channel") {
    const { version, note } = versionOfText(text, "agent", () => ({
      held: held.map((agent) => agent.version),
      upstream: agents.map((agent) => agent.version),
    }));
    return { isMeant: partOf(version), ...defined({ note }) };
  }
  if (read?.kind === "version") return { isMeant: partOf(read.version) };
  if (read?.kind !== "binary") return { isMeant: partOf(text) };
  const { version, release } = read;
  const isAgent =
    nearRelease(release, agents) !== undefined ||
    agents.some((agent) => agent.version === version && agent.release === release);
  // No agent is built for the operating system of a client, so only the version is used.
  return isAgent || agents.every((agent) => agent.version !== version)
    ? { isMeant: partOf(formatAgentName(read)) }
    : { isMeant: partOf(version), note: `${text} names a client of Juju; ${version} is used.` };
}

function partOf(text: string): AgentText["isMeant"] {
  return (agent) => {
    const name = formatAgentName(agent);
    return text !== "" && (`-${name}-`.includes(`-${text}-`) || name.startsWith(`${text}.`));
  };
}
