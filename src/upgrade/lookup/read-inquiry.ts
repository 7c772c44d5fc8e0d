import { defined } from "../../shared/collections.ts";
import { ARCHES, isArchWord } from "../../juju/platform.ts";
import { findSeries, isOsType, OS_TYPES } from "../../juju/release.ts";
import {
  formatVersion,
  isVersion,
  parseMajorMinor,
  parseVersion,
  type JujuVersion,
} from "../../juju/version.ts";
import { readVersionText } from "../../juju/version-text.ts";
import { STREAMS_OF_4_0 } from "../../juju/decisions/streams.ts";
import { JamError } from "../../shared/errors.ts";
import { nearest } from "../../shared/nearest.ts";
import { lookupRulesOf } from "../../juju/metadata-search/rules.ts";
import type { LookupFilter, LookupPurpose, LookupQuery } from "../../juju/metadata-search/scope.ts";
import { NO_CLOUD, type Cloud } from "../../juju/metadata-search/mirrors-document.ts";

/** A look-up as it was requested; every field is optional. */
export interface LookupInquiry {
  /** What is looked for in one word: `3.6.5-ubuntu-arm64`, `3.6.5` or `3.6`. */
  readonly agent?: string;
  /** A minor (`2.9`) or a release (`2.9.42`) of Juju. */
  readonly juju?: string;
  /** The release of the client, exactly. */
  readonly client?: string;
  readonly for?: string;
  readonly version?: string;
  readonly majorMinor?: string;
  readonly arch?: string;
  readonly os?: string;
  readonly series?: string;
  readonly stream?: string;
  readonly development?: boolean;
  readonly region?: string;
  readonly endpoint?: string;
}

/** A look-up request with everything derived. */
export interface ReadInquiry extends LookupQuery {
  readonly cloud: Cloud;
  /** The release whose rules apply, as it was written: `3.6`, `2.9.42`. */
  readonly clientText: string;
}

const PURPOSES: readonly LookupPurpose[] = ["bootstrap", "upgrade"];
/** The highest patch that a version can have represents the newest release of a minor. */
const NEWEST_PATCH = 999_999_999;

/**
 * Reads a look-up request: who looks follows from what is searched, and the other way round.
 * @throws JamError JAM_USAGE_INVALID naming the field, JAM_VERSION_INVALID
 */
export function readInquiry(inquiry: LookupInquiry): ReadInquiry {
  const wanted = readWanted(inquiry);
  const client = readClient(inquiry, wanted);
  const rules = lookupRulesOf(client.version);
  const purpose = PURPOSES.find((one) => one === (inquiry.for ?? "bootstrap"));
  if (purpose === undefined) throw invalid("--for", inquiry.for ?? "", PURPOSES);
  const release = readRelease(inquiry, wanted, rules.family);
  const arch = readArch(inquiry.arch ?? wanted.arch);
  const { stream = "" } = inquiry;
  if (rules.versions === "4.0" && stream !== "" && !STREAMS_OF_4_0.includes(stream)) {
    throw invalid("--stream", stream, STREAMS_OF_4_0, "Juju 4 knows four streams only.");
  }
  return {
    client: client.version,
    clientText: client.text,
    purpose,
    filter: {
      ...versionFilter(wanted, client, purpose),
      ...defined({ arch, release }),
    },
    stream,
    development: inquiry.development ?? false,
    cloud: readCloud(inquiry),
  };
}

interface Wanted {
  readonly number?: JujuVersion;
  readonly minor?: { readonly major: number; readonly minor: number | undefined };
  readonly text: string;
  readonly release?: string;
  readonly arch?: string;
}

function readWanted({ agent, version, majorMinor }: LookupInquiry): Wanted {
  const named = agent === undefined ? { text: "" } : readAgentWord(agent);
  if (version !== undefined && majorMinor !== undefined) {
    throw usage("--agent-version and --major-minor are mutually exclusive.", "Give one of them.");
  }
  if (named.text !== "" && (version !== undefined || majorMinor !== undefined)) {
    throw usage(`"${named.text}" already names the version.`, "Leave --agent-version and --major-minor out.");
  }
  if (version !== undefined) return { ...named, number: parseVersion(version), text: version };
  if (majorMinor !== undefined) return { ...named, minor: parseMajorMinor(majorMinor), text: majorMinor };
  return named;
}

function readAgentWord(word: string): Wanted {
  const read = readVersionText(word);
  if (read?.kind === "minor") return { minor: read.track, text: word };
  if (read === undefined || !("version" in read) || !isVersion(read.version)) {
    throw usage(`"${word}" is neither an agent nor a version.`, "Write 3.6.5-ubuntu-arm64, 3.6.5 or 3.6.");
  }
  const number = parseVersion(read.version);
  const text = formatVersion(number);
  if (read.kind === "version") return { number, text };
  // A snap of Juju calls itself so; no agent is built for it.
  if (read.release === "genericlinux") return { number, text, arch: read.arch };
  return { number, text, release: read.release, arch: read.arch };
}

interface Client {
  readonly version: JujuVersion;
  readonly text: string;
  /** True for a release, false for "the newest of this minor". */
  readonly isExact: boolean;
}

function readClient({ client, juju }: LookupInquiry, wanted: Wanted): Client {
  if (client !== undefined && juju !== undefined) {
    throw usage("--client and --juju are mutually exclusive.", "Give the client's release, or its minor.");
  }
  const field = client === undefined ? "--juju" : "--client";
  const text = client ?? juju ?? wanted.text;
  if (text === "") {
    throw usage(
      "Name what to look up, or who looks.",
      "Give a version (3.6.5), --juju 3.6 or --client 3.6.9.",
    );
  }
  const read = readVersionText(text);
  if (read !== undefined && "version" in read && isVersion(read.version)) {
    return { version: parseVersion(read.version), text: read.version, isExact: true };
  }
  const { major, minor } =
    read !== undefined && "track" in read ? read.track : { major: -1, minor: undefined };
  if (client !== undefined || minor === undefined) {
    throw usage(
      `${field}: "${text}" is not a Juju release.`,
      "Write a release (2.9.42), or a minor (2.9) for --juju.",
    );
  }
  return { version: { major, minor, tag: "", patch: NEWEST_PATCH, build: 0 }, text, isExact: false };
}

/** Without a version a bootstrap wants exactly the client's own. Source: juju environs/bootstrap (2.0 and later). */
function versionFilter(wanted: Wanted, client: Client, purpose: LookupPurpose): LookupFilter {
  if (wanted.number !== undefined) return { number: wanted.number };
  if (wanted.minor === undefined && client.isExact && purpose === "bootstrap")
    return { number: client.version };
  const { major, minor } = wanted.minor ?? client.version;
  return { major, ...defined({ minor }) };
}

function readRelease(
  { os, series }: LookupInquiry,
  wanted: Wanted,
  family: "agents" | "tools",
): string | undefined {
  if (os !== undefined && series !== undefined) {
    throw usage(
      "--os and --series are mutually exclusive.",
      "Juju up to 2.8 searches by series, later Juju by OS type.",
    );
  }
  const release = os ?? series ?? wanted.release;
  if (release === undefined) return undefined;
  if (family === "agents") {
    if (isOsType(release)) return release;
    const { os: type } = findSeries(release) ?? {};
    if (type !== undefined) {
      throw usage(
        `Juju from 2.9 on searches by OS type, not by series: "${release}".`,
        `Write --os ${type}.`,
      );
    }
    throw invalid("--os", release, OS_TYPES);
  }
  if (findSeries(release) !== undefined) return release;
  throw usage(
    `Juju up to 2.8 searches by series: "${release}" is not a series.`,
    "Write for example --series focal.",
  );
}

function readArch(arch: string | undefined): string | undefined {
  if (arch === undefined || isArchWord(arch)) return arch;
  throw invalid("--arch", arch, ARCHES);
}

function readCloud({ region, endpoint }: LookupInquiry): Cloud {
  if (region === undefined && endpoint === undefined) return NO_CLOUD;
  if (region !== undefined && endpoint !== undefined) return { region, endpoint };
  throw usage("A cloud has a region and an endpoint.", "Give both --region and --endpoint, or neither.");
}

function invalid(field: string, value: string, choices: readonly string[], why = ""): JamError {
  const near = nearest(value, choices);
  return new JamError("JAM_USAGE_INVALID", `${field}: "${value}" is not accepted. ${why}`.trim(), {
    hint: near === undefined ? `Write one of ${choices.join(", ")}.` : `Did you mean ${near}?`,
    details: { field, value, choices },
  });
}

function usage(message: string, hint: string): JamError {
  return new JamError("JAM_USAGE_INVALID", message, { hint });
}
