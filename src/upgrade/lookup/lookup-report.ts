import { defined } from "../../shared/collections.ts";
import { compareVersions, formatMajorMinor, formatVersion } from "../../juju/version.ts";
import { inspectDownload, type DownloadReport } from "./download.ts";
import { lookUpAgents, type FoundAgent, type LookupResult, type StreamResult } from "./run-lookup.ts";
import {
  sourcesOf,
  OFFICIAL_URL,
  type LookupPlace,
  type LookupReader,
  type LookupSource,
} from "./lookup-source.ts";
import type { LookupStep } from "./read-document.ts";
import type { ReadInquiry } from "./read-inquiry.ts";
import type { LookupFilter } from "../../juju/metadata-search/scope.ts";
import { warningsOf, type LookupWarning } from "./warnings.ts";

/** An agent as it leaves the program. */
export interface ReportedAgent {
  readonly agent: string;
  readonly url: string;
  readonly size: number;
  readonly sha256: string;
  readonly stream: string;
}

/** The document of `jam lookup -o json`. Fields may be added, these stay. */
export interface LookupReport {
  readonly outcome: LookupResult["outcome"];
  /** Why nothing was found, in Juju's words where it has some; null when something was. */
  readonly message: string | null;
  /** What Juju would take: the newest version found, once per arch and OS. */
  readonly chosen: {
    readonly version: string;
    readonly agents: readonly (ReportedAgent & { readonly download: DownloadReport })[];
  } | null;
  /** Whether Juju would ask streams.canonical.com, and for which streams. It is never asked here. */
  readonly internet: { readonly asked: boolean; readonly url: string; readonly streams: readonly string[] };
  readonly juju: { readonly client: string; readonly rules: string; readonly for: string };
  readonly wanted: {
    readonly version?: string;
    readonly majorMinor?: string;
    readonly release?: string;
    readonly arch?: string;
    readonly streams: readonly string[];
    readonly contentIds: readonly string[];
    readonly products: readonly string[];
  };
  readonly sources: readonly LookupSource[];
  readonly steps: readonly LookupStep[];
  readonly streams: readonly StreamResult[];
  readonly found: readonly ReportedAgent[];
  readonly warnings: readonly LookupWarning[];
}

/** What a report is made of. */
export interface LookupTask {
  readonly inquiry: ReadInquiry;
  readonly place: LookupPlace;
  /** Take nothing unsigned from the place. */
  readonly demandsSigned: boolean;
}

/** Requested tarballs: one for each arch and OS of one version. */
const MAX_PROBES = 16;

/** The look-up carried out and explained. */
export async function reportLookup(task: LookupTask, reader: LookupReader): Promise<LookupReport> {
  const { inquiry, place } = task;
  const sources = sourcesOf(place, inquiry.client, task.demandsSigned);
  const result = await lookUpAgents({ ...inquiry, sources }, reader);
  const [newest] = result.found;
  const taken = result.found.filter(
    ({ version }) => newest !== undefined && compareVersions(version, newest.version) === 0,
  );
  const inspected = await Promise.all(
    taken
      .slice(0, MAX_PROBES)
      .map(async (agent) => ({ agent, ...(await inspectDownload(agent, inquiry, reader)) })),
  );
  const unsent = result.steps.filter(({ sent, url }) => !sent && url.startsWith(OFFICIAL_URL));
  const { scope } = result;
  return {
    outcome: result.outcome,
    message: result.message ?? null,
    chosen:
      newest === undefined
        ? null
        : {
            version: formatVersion(newest.version),
            agents: inspected.map(({ agent, download }) => ({ ...report(agent), download })),
          },
    internet: {
      asked: unsent.length > 0,
      url: OFFICIAL_URL,
      streams: [...new Set(unsent.map(({ stream }) => stream))],
    },
    juju: { client: inquiry.clientText, rules: result.rules, for: inquiry.purpose },
    wanted: {
      ...describeFilter(inquiry.filter),
      streams: scope.streams,
      contentIds: scope.streams.map(scope.contentIdOf),
      products: scope.productIds,
    },
    sources,
    steps: result.steps,
    streams: result.streams,
    found: result.found.map(report),
    warnings: [...warningsOf(result, { inquiry, place }), ...inspected.flatMap(({ warnings }) => warnings)],
  };
}

function report({ name, url, size, sha256, stream }: FoundAgent): ReportedAgent {
  return { agent: name, url, size, sha256, stream };
}

function describeFilter({ number, major, minor, release, arch }: LookupFilter) {
  const majorMinor =
    major === undefined ? undefined : minor === undefined ? `${major}` : formatMajorMinor({ major, minor });
  return {
    ...(number === undefined ? {} : { version: formatVersion(number) }),
    ...defined({ majorMinor, release, arch }),
  };
}
