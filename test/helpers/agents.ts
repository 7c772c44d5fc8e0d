import type { Agent, Listing } from "../../src/juju/agent.ts";
import { findSeries } from "../../src/juju/release.ts";
import { sha256Of } from "../../src/shared/sha256.ts";
import type { ContentId, Item } from "../../src/simplestreams/item.ts";
import type { ProductFile } from "../../src/simplestreams/product-file.ts";

export const RELEASED_AGENTS = "com.ubuntu.juju:released:agents";
export const RELEASED_TOOLS = "com.ubuntu.juju:released:tools";
export const PROPOSED_AGENTS = "com.ubuntu.juju:proposed:agents";
export const DEVEL_AGENTS = "com.ubuntu.juju:devel:agents";

/** An item as the product file reader gives it; hash and path follow from version and arch. */
export function anItem(changes: Partial<Item> = {}): Item {
  const { version = "3.6.5", release = "ubuntu", arch = "amd64" } = changes;
  return {
    productId: `com.ubuntu.juju:${findSeries(release)?.version ?? release}:${arch}`,
    date: "20250410",
    itemName: `${version}-${release}-${arch}`,
    version,
    release,
    arch,
    path: `agent/${version}/juju-${version}-linux-${arch}.tgz`,
    size: 50_001_142,
    sha256: sha256Of(`${version} ${arch}`),
    ftype: "tar.gz",
    ...changes,
  };
}

/** Product files by content id, from their items. */
export function productFiles(
  items: Readonly<Record<ContentId, readonly Item[]>>,
): Map<ContentId, ProductFile> {
  return new Map(
    Object.entries(items).map(([contentId, items]) => [
      contentId,
      { contentId, updatedAt: undefined, items, refused: [] },
    ]),
  );
}

/** The agent of that name, listed in the given streams; the family follows from the release. */
export function anAgent(name: string, ...streams: string[]): Agent {
  const [, version = "", release = "", arch = ""] = /^(.*)-([^-]*)-([^-]*)$/.exec(name) ?? [];
  const item = anItem({ version, release, arch });
  const family = findSeries(release) === undefined ? "agents" : "tools";
  const listings: Listing[] = (streams.length === 0 ? ["released"] : streams).map((stream) => ({
    contentId: `com.ubuntu.juju:${stream}:${family}`,
    productId: item.productId,
    date: item.date,
  }));
  return { version, release, arch, path: item.path, size: item.size, sha256: item.sha256, listings };
}
