import { DOWNLOAD_DATATYPE, INDEX_FORMAT } from "../../simplestreams/index-file.ts";
import type { ContentId, ProductId } from "../../simplestreams/item.ts";
import { cloudsOf, isNoCloud, namesCloud, type Cloud } from "./mirrors-document.ts";
import type { LookupFault } from "./rules.ts";
import { listField, mapField, parseGoObject, requireTexts, textField, UnreadableJson } from "./go-json.ts";

/** One content id of an index as Juju reads it. */
export interface JujuIndexEntry {
  readonly datatype: string;
  readonly path: string;
  readonly products: readonly ProductId[];
  readonly clouds: readonly Cloud[];
}

export type JujuIndex = ReadonlyMap<ContentId, JujuIndexEntry>;

/**
 * The index that Juju reads from these bytes.
 * Source: juju environs/simplestreams Indices, GetIndexWithFormat.
 * @throws UnreadableJson
 */
export function readJujuIndex(bytes: Uint8Array): JujuIndex {
  const document = parseGoObject(bytes);
  requireTexts(document, ["updated"], "index");
  const entries = mapField(document, "index", "index").map(
    ([contentId, entry]): [ContentId, JujuIndexEntry] => {
      requireTexts(entry, ["updated", "format", "cloudname"], contentId);
      const products = listField(entry, "products", contentId).map((id) => {
        if (typeof id === "string") return id;
        throw new UnreadableJson(`${contentId}.products contains a value that is not a text`);
      });
      return [
        contentId,
        {
          datatype: textField(entry, "datatype", contentId),
          path: textField(entry, "path", contentId),
          products,
          clouds: cloudsOf(entry, contentId),
        },
      ];
    },
  );
  const format = textField(document, "format", "index");
  if (format !== INDEX_FORMAT) throw new UnreadableJson(`its format is "${format}", not "${INDEX_FORMAT}"`);
  return new Map(entries);
}

/**
 * The path of the product file for a content id, or why it has none.
 * Source: juju environs/simplestreams IndexReference.GetProductsPath.
 */
export function productPathOf(
  index: JujuIndex,
  contentId: ContentId,
  wanted: { readonly productIds: readonly ProductId[]; readonly cloud: Cloud },
): { readonly path: string } | LookupFault {
  const entry = index.get(contentId);
  if (entry?.datatype !== DOWNLOAD_DATATYPE) {
    return { fault: "not-found", reason: `the index has no ${contentId}` };
  }
  const { clouds } = entry;
  if (!isNoCloud(wanted.cloud) && clouds.length > 0 && !namesCloud(clouds, wanted.cloud)) {
    return { fault: "not-found", reason: `the index has ${contentId} for other clouds only` };
  }
  const ids = new Set(wanted.productIds);
  if (!entry.products.some((id) => ids.has(id))) {
    return { fault: "no-match", reason: `the index has none of the wanted products under ${contentId}` };
  }
  return { path: entry.path };
}
