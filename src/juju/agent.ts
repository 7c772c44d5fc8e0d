import type { Sha256 } from "../shared/sha256.ts";
import type { ContentId, ProductId } from "../simplestreams/item.ts";
import { parseStreamContentId } from "./stream.ts";

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

/** `3.6.5-ubuntu-arm64`: how Juju and this program name an agent. */
export function formatAgentName(agent: Pick<Agent, "version" | "release" | "arch">): string {
  return `${agent.version}-${agent.release}-${agent.arch}`;
}

/** Bytes of the distinct tarballs behind these agents; several agents often share one. */
export function sumTarballBytes(agents: readonly Pick<Agent, "sha256" | "size">[]): number {
  const sizes = new Map(agents.map(({ sha256, size }) => [sha256, size]));
  return sizes.values().reduce((sum, size) => sum + size, 0);
}

/** The streams that list an agent, each once, in upstream's order. */
export function listStreams(agent: Pick<Agent, "listings">): string[] {
  return [
    ...new Set(agent.listings.map(({ contentId }) => parseStreamContentId(contentId)?.stream ?? contentId)),
  ];
}
