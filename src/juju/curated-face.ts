import { addTo } from "../shared/collections.ts";
import { DOWNLOAD_DATATYPE, formatIndexFile, PRODUCTS_FORMAT } from "../simplestreams/index-file.ts";
import type { ContentId, Item } from "../simplestreams/item.ts";
import { formatProductFile } from "../simplestreams/format-product-file.ts";
import { formatAgentName, type Agent, type Listing } from "./agent.ts";
import { formatStreamContentId, parseStreamContentId, productFileName } from "./stream.ts";
import { isPrerelease, parseVersion } from "./version.ts";

/** One metadata document of a published tree. */
export interface FaceDocument {
  /** Relative to the base URL. */
  readonly path: string;
  readonly text: string;
}

export interface CuratedFaceOptions {
  /** Names the folder of the product files that the index points at. */
  readonly snapshotId: string;
  readonly updatedAt: Date;
}

const FOLDER = "streams/v1";
const RELEASED_TOOLS = formatStreamContentId({ stream: "released", family: "tools" });

/**
 * The metadata documents that list exactly these agents, product files before the indexes that name them. The same
 * agents and options give the same bytes.
 *
 * The indexes point at product files in a folder of the snapshot's own, so that a client which read an index never
 * meets a product file of another snapshot; the copies under the usual names are for people and tools.
 * `index.json` is for clients up to 1.20: released `:tools` only, and no version with a tag, which those clients
 * cannot parse.
 */
export function renderCuratedFace(agents: readonly Agent[], options: CuratedFaceOptions): FaceDocument[] {
  const items = listItems(agents);
  const files = [...items.keys()].sort().flatMap((contentId) => {
    const parts = parseStreamContentId(contentId);
    return parts === undefined
      ? []
      : [{ contentId, name: productFileName(parts), items: items.get(contentId) ?? [] }];
  });
  const legacyItems = (items.get(RELEASED_TOOLS) ?? []).filter(isReadableByOldest);
  const legacy =
    legacyItems.length === 0
      ? []
      : [{ contentId: RELEASED_TOOLS, name: `${RELEASED_TOOLS}.json`, items: legacyItems }];
  return [
    ...[...files, ...legacy].flatMap((file) => renderProducts(file, options)),
    renderIndex("index2.json", files, options),
    ...(legacy.length === 0 ? [] : [renderIndex("index.json", legacy, options)]),
  ];
}

/** A product file to be: its name in the folder and what it lists. */
interface FileContent {
  readonly contentId: ContentId;
  readonly name: string;
  readonly items: readonly Item[];
}

function listItems(agents: readonly Agent[]): ReadonlyMap<ContentId, Item[]> {
  const items = new Map<ContentId, Item[]>();
  for (const agent of agents) {
    for (const listing of agent.listings) addTo(items, listing.contentId, itemOf(agent, listing));
  }
  return items;
}

function itemOf(agent: Agent, { productId, date }: Listing): Item {
  const { version, release, arch, path, size, sha256, md5 } = agent;
  const itemName = formatAgentName(agent);
  const item = { productId, date, itemName, version, release, arch, path, size, sha256, ftype: "tar.gz" };
  return md5 === undefined ? item : { ...item, md5 };
}

/** Clients up to 1.20 die of a tag in a version. Source: Launchpad bug 1367987. */
function isReadableByOldest(item: Item): boolean {
  return !isPrerelease(parseVersion(item.version));
}

function renderProducts(file: FileContent, options: CuratedFaceOptions): FaceDocument[] {
  const { contentId, name, items } = file;
  const text = formatProductFile({ contentId, items, updatedAt: options.updatedAt });
  return [
    { path: `${FOLDER}/${options.snapshotId}/${name}`, text },
    { path: `${FOLDER}/${name}`, text },
  ];
}

function renderIndex(
  name: string,
  files: readonly FileContent[],
  { snapshotId, updatedAt }: CuratedFaceOptions,
): FaceDocument {
  const entries = files.map((file) => ({
    contentId: file.contentId,
    datatype: DOWNLOAD_DATATYPE,
    format: PRODUCTS_FORMAT,
    path: `${FOLDER}/${snapshotId}/${file.name}`,
    products: [...new Set(file.items.map(({ productId }) => productId))],
    updatedAt,
  }));
  const text = formatIndexFile({
    updatedAt,
    entries: new Map(entries.map((entry) => [entry.contentId, entry])),
  });
  return { path: `${FOLDER}/${name}`, text };
}
