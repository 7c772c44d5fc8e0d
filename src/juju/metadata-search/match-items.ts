import type { ProductId } from "../../simplestreams/item.ts";
import { formatAgentName } from "../agent.ts";
import { compareVersions, isVersion, parseVersion, type JujuVersion } from "../version.ts";
import type { VersionGeneration } from "../version.ts";
import type { LookupFault } from "./rules.ts";
import type { JujuItem, JujuProducts } from "./product-document.ts";
import type { LookupFilter } from "./scope.ts";

/** An item that fits, with its version read. */
export interface MatchedItem extends JujuItem {
  readonly number: JujuVersion;
}

/** What is matched against. */
export interface MatchQuery {
  readonly productIds: readonly ProductId[];
  readonly releases: ReadonlySet<string>;
  readonly filter: LookupFilter;
  readonly versions: VersionGeneration;
}

/** The matching items of the products. */
export interface Matches {
  readonly items: readonly MatchedItem[];
  /** Number of items of the wanted products. */
  readonly seen: number;
}

/**
 * The items that fit: of the wanted products, with a wanted release and version; the newest date of an agent counts.
 * The arch is decided by the product alone. A version that does not parse ends the program, not the item.
 * Source: juju environs/simplestreams GetLatestMetadata, environs/tools/simplestreams.go appendMatchingTools.
 */
export function matchItems(products: JujuProducts, query: MatchQuery): Matches | LookupFault {
  const catalogs = query.productIds.flatMap((id) => products.get(id) ?? []);
  if (!query.productIds.some((id) => products.has(id))) {
    return { fault: "no-match", reason: "the product file has none of the wanted products" };
  }
  const matched = new Map<string, MatchedItem>();
  let seen = 0;
  for (const collection of catalogs) {
    for (const item of collection) {
      seen += 1;
      if (!query.releases.has(item.release)) continue;
      if (!isVersion(item.version, query.versions)) {
        return { fault: "panic", reason: `Juju ends with a panic: invalid version "${item.version}"` };
      }
      const number = parseVersion(item.version, query.versions);
      const name = formatAgentName({ ...item, version: number });
      if (fits(number, query.filter) && !matched.has(name)) matched.set(name, { ...item, number });
    }
  }
  if (matched.size > 0) return { items: [...matched.values()], seen };
  return { fault: "no-match", reason: `none of ${seen} items of the wanted products fits` };
}

function fits(version: JujuVersion, { number, major, minor }: LookupFilter): boolean {
  if (number !== undefined) return compareVersions(version, number) === 0;
  return (major === undefined || version.major === major) && (minor === undefined || version.minor === minor);
}
