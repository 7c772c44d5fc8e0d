import { findSeries, SERIES_NAMES } from "../release.ts";
import { formatStreamContentId } from "../stream.ts";
import type { JujuVersion } from "../version.ts";
import { archesSearchedBy, osTypesSearchedBy, knowsOsType } from "../platform.ts";
import { generationOf } from "../decisions/generation.ts";
import { preferredStreams, STREAMS_OF_4_0 } from "../decisions/streams.ts";
import type { ContentId, ProductId } from "../../simplestreams/item.ts";
import type { LookupRules } from "./rules.ts";

/** What is searched; an absent field matches anything. */
export interface LookupFilter {
  /** Exactly this number, build included. */
  readonly number?: JujuVersion;
  readonly major?: number;
  readonly minor?: number;
  readonly arch?: string;
  /** OS type from 2.9 on, series before. */
  readonly release?: string;
}

/** What a look-up is made for: the streams that it searches depend on it. */
export type LookupPurpose = "bootstrap" | "upgrade";

/** Who looks, and with which settings. */
export interface LookupQuery {
  readonly client: JujuVersion;
  readonly purpose: LookupPurpose;
  readonly filter: LookupFilter;
  /** `agent-stream`; empty is the default. */
  readonly stream: string;
  readonly development: boolean;
}

/** The names under which Juju searches. */
export interface LookupScope {
  /** In the order of preference. */
  readonly streams: readonly string[];
  readonly contentIdOf: (stream: string) => ContentId;
  readonly productIds: readonly ProductId[];
  /** Accepted values of an item's `release`. */
  readonly releases: ReadonlySet<string>;
}

/** The names under which a client of that version searches for what is wished. */
export function scopeOf(query: LookupQuery, rules: LookupRules): LookupScope {
  const { filter, client } = query;
  const releases = filter.release === undefined ? releasesOf(client, rules) : [filter.release];
  const arches = filter.arch === undefined ? archesSearchedBy(client) : [filter.arch];
  const words = releases.flatMap((release) => productWord(release, client, rules) ?? []);
  return {
    streams: streamsOf(query, rules),
    contentIdOf: (stream) => formatStreamContentId({ stream, family: rules.family }),
    productIds: words.flatMap((word) => arches.map((arch) => `com.ubuntu.juju:${word}:${arch}`)),
    releases: new Set(releases),
  };
}

/**
 * A bootstrap uses the wanted version, else the client's own; an upgrade the wanted version, else 0.0.0. The
 * upgrade of 4.0 searches one stream.
 * Source: juju environs/bootstrap/tools.go findBootstrapTools, apiserver/common/tools.go findMatchingAgents (3.6),
 * domain/agentbinary (4.0).
 */
function streamsOf(query: LookupQuery, rules: LookupRules): readonly string[] {
  if (!rules.hasStreams) return ["released"];
  const { client, development, filter, purpose, stream } = query;
  const isOneStream = purpose === "upgrade" && rules.versions === "4.0";
  if (isOneStream && STREAMS_OF_4_0.includes(stream)) return [stream];
  if (isOneStream && stream === "") return ["released"];
  const version = filter.number ?? (purpose === "bootstrap" ? client : undefined);
  return preferredStreams(generationOf(client), { version, development, stream });
}

/** Up to 2.8 every series is searched. */
function releasesOf(client: JujuVersion, rules: LookupRules): readonly string[] {
  return rules.family === "tools" ? SERIES_NAMES : osTypesSearchedBy(client);
}

/**
 * The word of a product id for a release, or undefined for one that Juju of that version does not know. A series
 * counts as known when Ubuntu's distro-info can have taught it to the controller.
 * Source: juju environs/tools/simplestreams.go ProductIds, core/os/ostype IsValidOSTypeName, juju/os SeriesVersion.
 */
function productWord(release: string, client: JujuVersion, rules: LookupRules): string | undefined {
  if (rules.family === "tools") {
    const series = findSeries(release);
    return series === undefined || isLaterThan2_8(series.name) ? undefined : series.version;
  }
  return knowsOsType(client, release) ? release : undefined;
}

function isLaterThan2_8(series: string): boolean {
  return series === "centos9" || series === "kubernetes";
}
