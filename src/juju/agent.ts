import type { Sha256 } from "../shared/sha256.ts";
import { joinAgentName } from "../shared/agent-name.ts";
import type { ContentId, ProductId } from "../simplestreams/item.ts";
import { parseStreamContentId } from "./stream.ts";
import { isJamError, JamError } from "../shared/errors.ts";
import { quoteGo } from "./go-text.ts";
import { isSeriesOfJuju1 } from "./release.ts";
import { formatVersion, parseVersion, type JujuVersion, type VersionGeneration } from "./version.ts";

/** Where upstream lists an agent: which product of which content id, in which dated collection. */
export interface Listing {
  readonly contentId: ContentId;
  readonly productId: ProductId;
  /** `YYYYMMDD`. */
  readonly date: string;
}

/**
 * One agent binary: version + release + arch and the tarball that holds it.
 * Several agents may share one tarball (a `:tools` tarball serves every living series).
 */
export interface Agent {
  /** As Juju prints it: `3.6.5`, `3.6-beta2`, `2.9.42.1`. */
  readonly version: string;
  /** OS type (`ubuntu`) or series (`xenial`). */
  readonly release: string;
  readonly arch: string;
  /** Upstream's path, relative to the base URL; opaque. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  readonly sha256: Sha256;
  readonly md5?: string;
  /** At least one. */
  readonly listings: readonly Listing[];
}

/**
 * `3.6.5-ubuntu-arm64`: how Juju and this program name an agent.
 * Source: juju/version Binary.String.
 */
export function formatAgentName({
  version,
  release,
  arch,
}: {
  readonly version: JujuVersion | string;
  readonly release: string;
  readonly arch: string;
}): string {
  return joinAgentName({
    version: typeof version === "string" ? version : formatVersion(version),
    release,
    arch,
  });
}

/** Bytes of the distinct tarballs of these agents; several agents often share one. */
export function sumTarballBytes(agents: readonly Pick<Agent, "sha256" | "size">[]): number {
  const sizes = new Map<Sha256, number>();
  for (const { sha256, size } of agents) sizes.set(sha256, size);
  let sum = 0;
  for (const size of sizes.values()) sum += size;
  return sum;
}

/** How many distinct tarballs these agents have. */
export function countTarballs(agents: readonly Pick<Agent, "sha256">[]): number {
  return new Set(agents.map(({ sha256 }) => sha256)).size;
}

/** The streams that list an agent, each once, in upstream's order. */
export function listStreams({ listings }: Pick<Agent, "listings">): string[] {
  const [only] = listings;
  // Nearly every agent has one listing, and lists have thousands of agents.
  if (listings.length === 1 && only !== undefined) return [streamOf(only)];
  return [...new Set(listings.map(streamOf))];
}

/** The content id that was asked for last: lists ask for the same one thousands of times. */
let last: { readonly contentId: ContentId; readonly stream: string } | undefined;

function streamOf({ contentId }: Listing): string {
  if (last?.contentId !== contentId)
    last = { contentId, stream: parseStreamContentId(contentId)?.stream ?? contentId };
  return last.stream;
}

/** The parts of an agent's name: `3.6-beta2-ubuntu-arm64`. */
export interface AgentBinary {
  readonly number: JujuVersion;
  /** `number` as Juju prints it. */
  readonly version: string;
  /** OS type or series; not checked against a list. */
  readonly release: string;
  readonly arch: string;
}

const NAME = /^([^]*)-([^-]+)-([^-]+)$/;

/**
 * Reads `VERSION-RELEASE-ARCH` as Juju does. 1.x also wants to know the series' operating system.
 * Source: juju/version v2 ParseBinary; juju version/version.go ParseBinary (1.25.14).
 * @throws JamError JAM_VERSION_INVALID with Juju's own text.
 */
export function parseAgentBinary(name: string, generation: VersionGeneration = "v2"): AgentBinary {
  const [, version = "", release = "", arch = ""] = NAME.exec(name) ?? [];
  let number: JujuVersion;
  try {
    number = parseVersion(version, generation);
  } catch (error) {
    if (!isJamError(error, "JAM_VERSION_INVALID")) throw error;
    throw nameError(`invalid binary version ${quoteGo(name)}`, name);
  }
  if (generation === "1.25" && !isSeriesOfJuju1(release)) {
    throw nameError(`unknown OS for series: "${release}"`, name);
  }
  return { number, version: formatVersion(number), release, arch };
}

/** Juju 1.25 prints the series as it is, a line break in it as well. */
function nameError(text: string, name: string): JamError {
  const [message = "", ...lines] = text.split("\n");
  return new JamError("JAM_VERSION_INVALID", message, {
    lines,
    details: { name },
    hint: "Write it as VERSION-RELEASE-ARCH, for example 3.6.5-ubuntu-arm64.",
  });
}
