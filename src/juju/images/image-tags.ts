import {
  isVersion,
  parseVersion,
  formatVersion,
  type JujuVersion,
  rowFor,
  type VersionSpan,
} from "../version.ts";
import { quoteGo } from "../go-text.ts";

interface DatabaseRow extends VersionSpan {
  /** The release does not set a tag by its channel, or none is needed. */
  readonly tag?: string;
  /** Default of `juju-db-snap-channel`, from whose track the tag is made. */
  readonly channel?: string;
  /** How many numbers of the track make the tag; a third one only when it is above 0. */
  readonly numbers?: 2 | 3;
}

/**
 * The image of MongoDB. 4.0 does not need one: Dqlite is part of jujud.
 * Source: cloudconfig/podcfg/image.go:GetJujuDbOCIImagePath, controller/config.go:DefaultJujuDBSnapChannel
 * @2.8.13, 2.9.16, 2.9.22, 2.9.42, 2.9.56, 3.6.14, 3.6.28
 */
const DATABASE: readonly DatabaseRow[] = [
  { from: "2.6", to: "2.9.17", tag: "4.0" },
  { from: "2.9.17", to: "2.9.23", channel: "4.0/stable", numbers: 2 },
  { from: "2.9.23", to: "2.9.54", channel: "4.4/stable", numbers: 2 },
  { from: "2.9.54", to: "3.0", channel: "4.4.30/stable", numbers: 3 },
  { from: "3.0", to: "3.6.15", channel: "4.4/stable", numbers: 2 },
  { from: "3.6.15", to: "4.0", channel: "4.4.30/stable", numbers: 3 },
];

/** The tag of an image, or Juju's error. */
export type TagResult = { readonly tag: string } | { readonly error: string };

/** The tag of `jujud-operator`: the version with its build. Source: cloudconfig/podcfg/image.go:GetJujuOCIImagePath */
export function operatorTag(version: JujuVersion): string {
  return formatVersion(version);
}

/**
 * The tag of `juju-db` for a controller bootstrapped with this release, or undefined if it does not need one.
 * A running controller keeps the image of its bootstrap through every upgrade.
 * @param channel `juju-db-snap-channel`; default: the release's own
 */
export function databaseTag(version: JujuVersion, channel?: string): TagResult | undefined {
  const row = rowFor(version, DATABASE);
  if (row === undefined) return undefined;
  if (row.channel === undefined) return { tag: row.tag ?? "" };
  const [track = ""] = (channel ?? row.channel).split("/");
  const text = `${track}.0`;
  if (!isVersion(text)) return { error: channelError(version, text) };
  const { major, minor, patch } = parseVersion(text);
  return { tag: row.numbers === 3 && patch > 0 ? `${major}.${minor}.${patch}` : `${major}.${minor}` };
}

/** Default of `juju-db-snap-channel`: on machines the channel of the MongoDB snap. Undefined if there is none. */
export function databaseChannel(version: JujuVersion): string | undefined {
  const row = rowFor(version, DATABASE);
  if (row?.channel !== undefined) return row.channel;
  // Up to 2.9.16 the channel has the same default, and the image's tag does not follow it.
  return version.major === 2 && version.minor === 9 ? "4.0/stable" : undefined;
}

function channelError({ major }: JujuVersion, text: string): string {
  const fault = `invalid version ${quoteGo(text)}`;
  return major === 2
    ? `invalid mongo version "0.0.0" in "juju-db-snap-channel" controller config: ${fault}`
    : `cannot parse "juju-db-snap-channel" from controller config: ${fault}`;
}

interface BaseRow extends VersionSpan {
  readonly base: string;
}

/** The base that the controller's charm runs in. Source: caas/kubernetes/provider/bootstrap.go @3.0 to 4.1-beta2 */
const CONTROLLER_BASES: readonly BaseRow[] = [
  { from: "3.0", to: "3.6", base: "ubuntu@22.04/stable" },
  { from: "3.6", base: "ubuntu@24.04/stable" },
];

/** The base that operators of podspec charms run in, for every charm. Source: caas/kubernetes/provider/operator_upgrade.go */
const OPERATOR_BASES: readonly BaseRow[] = [{ from: "3.0", to: "4.0", base: "ubuntu@20.04/stable" }];

/** The base of the controller's own charm container, or undefined if the controller has no charm. */
export function controllerBase(version: JujuVersion): string | undefined {
  return rowFor(version, CONTROLLER_BASES)?.base;
}

/** The base that operators of podspec charms run in; up to 2.9 they run in `jujud-operator`, in 4.0 not at all. */
export function podspecBase(version: JujuVersion): string | undefined {
  return rowFor(version, OPERATOR_BASES)?.base;
}

/** Sidecar charms exist since 2.9; before, every unit ran in `jujud-operator`. */
export function hasSidecars({ major, minor }: JujuVersion): boolean {
  return major > 2 || (major === 2 && minor >= 9);
}

/**
 * The tag of `charm-base` for a base such as `ubuntu@22.04/stable`: the risk is omitted if it is stable.
 * Source: cloudconfig/podcfg/image.go:ImageForBase
 */
export function charmBaseTag(base: string): string {
  const [os = "", channel = ""] = base.split("@");
  const [track = "", risk = "stable"] = channel.split("/");
  return risk === "stable" ? `${os}-${track}` : `${os}-${track}-${risk}`;
}
