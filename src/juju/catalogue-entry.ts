import { JamError } from "../shared/errors.ts";
import { printable } from "../shared/printable.ts";
import { formatItemPlace, type ContentId, type Item } from "../simplestreams/item.ts";
import type { ProductFile, RefusedItem } from "../simplestreams/product-file.ts";
import { formatAgentName } from "./agent.ts";
import { isArchWord } from "./platform.ts";
import { isReleaseWord } from "./release.ts";
import { parseStreamContentId, streamRank } from "./stream.ts";
import { isVersion, parseVersion, type JujuVersion } from "./version.ts";

/** An item of an agent content id that makes sense to Juju. */
export interface CatalogueEntry {
  readonly contentId: ContentId;
  /** Position of its stream by stability, 0 for `released`. */
  readonly rank: number;
  readonly item: Item;
  readonly number: JujuVersion;
  /** `3.6.5-ubuntu-arm64`. */
  readonly name: string;
}

/** An item that was left out of the catalogue. */
export interface RefusedListing extends RefusedItem {
  readonly contentId: ContentId;
}

/** Either the entry that an item makes, or its refusal. */
export type ReadEntry = { readonly entry: CatalogueEntry } | { readonly refused: RefusedListing };

/** The items of every product file, checked one by one. */
export function readEntries(products: ReadonlyMap<ContentId, ProductFile>): ReadEntry[] {
  return [...products].flatMap(([contentId, { items }]) => {
    const rank = streamRank(parseStreamContentId(contentId)?.stream ?? "");
    return items.map((item) => readEntry(contentId, rank, item));
  });
}

function readEntry(contentId: ContentId, rank: number, item: Item): ReadEntry {
  const fault = itemFault(item);
  if (fault !== undefined) return { refused: refuse({ contentId, item }, itemRefused(fault)) };
  const number = parseVersion(item.version);
  const name = formatAgentName({ ...item, version: number });
  return { entry: { contentId, rank, item, number, name } };
}

/** A version that Juju cannot parse makes its clients panic, so it must never be published. */
function itemFault({ version, release, arch }: Item): string | undefined {
  if (!isVersion(version)) return `version "${printable(version)}" is not a Juju version`;
  if (!isReleaseWord(release)) return `release "${printable(release)}" is not valid in an agent's name`;
  if (!isArchWord(arch)) return `arch "${printable(arch)}" is not valid in an agent's name`;
  return undefined;
}

function itemRefused(what: string): JamError {
  return new JamError("JAM_ITEM_REFUSED", what, {
    hint: "Everything else in the document was used. Report it to the upstream's publisher.",
  });
}

/** The refusal of one listed item for a reason; the message is completed with the place. */
export function refuse(entry: Pick<CatalogueEntry, "contentId" | "item">, error: JamError): RefusedListing {
  const { contentId, item } = entry;
  const where = formatItemPlace(item);
  const { code, hint, details } = error;
  // Nothing is copied: one contradiction may refuse a hundred thousand items.
  const report = { code, message: `${contentId}#${where}: ${error.message}`, details };
  return { contentId, where, error: hint === undefined ? report : { ...report, hint } };
}

/** `com.ubuntu.juju:released:agents#products/…`: the place of an item among all product files. */
export function describeEntry({ contentId, item }: Pick<CatalogueEntry, "contentId" | "item">): string {
  return `${contentId}#${formatItemPlace(item)}`;
}
