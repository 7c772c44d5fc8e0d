import type { SampleFamily, SampleStream } from "./era.ts";
import type { SampleItem } from "./tarball.ts";

/** One item of one product file: where it is listed and the tarball it names. */
export interface SampleListing {
  readonly stream: SampleStream;
  readonly family: SampleFamily;
  readonly productId: string;
  readonly version: string;
  /** OS type or series. */
  readonly release: string;
  readonly arch: string;
  /** Dated collection, `YYYYMMDD`. */
  readonly date: string;
  /** `<version>-<release>-<arch>` */
  readonly itemName: string;
  readonly item: SampleItem;
}

interface ProductDocument {
  readonly contentId: string;
  readonly path: string;
  readonly products: readonly string[];
  readonly json: unknown;
}

const BUCKETS = [
  {
    mirror: "https://juju-dist.s3.amazonaws.com/tools",
    clouds: [
      { region: "us-east-1", endpoint: "https://ec2.us-east-1.amazonaws.com" },
      { region: "eu-west-1", endpoint: "https://ec2.eu-west-1.amazonaws.com" },
    ],
  },
  {
    mirror: "https://jujutools.blob.core.windows.net/juju-tools/tools",
    clouds: [{ region: "West Europe", endpoint: "https://management.core.windows.net/" }],
  },
];

/**
 * The unsigned documents of a tree by path, as upstream writes them: condensed, pretty-printed.
 * Source: simplestreams doc/README "index:1.0", "products:1.0"; juju environs/tools/marshal.go;
 * juju-release-tools generate_mirrors.py
 */
export function buildDocuments(
  listings: readonly SampleListing[],
  updatedAt: Date,
): ReadonlyMap<string, string> {
  const products = groupBy(listings, ({ stream, family }) => `com.ubuntu.juju:${stream}:${family}`);
  const files = [...products].map(([id, rows]) => productDocument(id, rows, updatedAt));
  const documents = new Map<string, unknown>(files.map(({ path, json }) => [path, json]));
  const legacy = files
    .filter(({ contentId }) => contentId === "com.ubuntu.juju:released:tools")
    .map((file) => ({ ...file, path: `streams/v1/${file.contentId}.json` }));
  for (const { path, json } of legacy) documents.set(path, json);
  documents.set("streams/v1/index2.json", index(files, updatedAt));
  documents.set("streams/v1/index.json", index(legacy, updatedAt));
  const tools = files.map(({ contentId }) => contentId).filter((id) => id.endsWith(":tools"));
  documents.set("streams/v1/mirrors.json", mirrors(tools, updatedAt));
  documents.set("streams/v1/cpc-mirrors.json", cloudMirrors(tools, updatedAt));
  return new Map([...documents].map(([path, json]) => [path, `${JSON.stringify(json, null, 1)}\n`]));
}

/** A date as the documents write it. Source: RFC 2822 §3.3 */
function formatUpdated(date: Date): string {
  return date.toUTCString().replace("GMT", "+0000");
}

/** The collection a date belongs to, `20250410`. */
export function formatCollection(date: Date): string {
  return date.toISOString().slice(0, 10).replaceAll("-", "");
}

function productDocument(
  contentId: string,
  rows: readonly SampleListing[],
  updatedAt: Date,
): ProductDocument {
  const byProduct = groupBy(rows, ({ productId }) => productId);
  const ids = [...byProduct.keys()].sort();
  const json = {
    content_id: contentId,
    datatype: "content-download",
    format: "products:1.0",
    products: Object.fromEntries(ids.map((id) => [id, product(byProduct.get(id) ?? [])])),
    updated: formatUpdated(updatedAt),
  };
  const path = `streams/v1/com.ubuntu.juju-${contentId.split(":").slice(1).join("-")}.json`;
  return { contentId, path, products: ids, json };
}

/** One product; what all its items share stands once, on the product or on the date. */
function product(rows: readonly SampleListing[]): unknown {
  const { arch, release } = rows[0] ?? {};
  const dates = [...groupBy(rows, ({ date }) => date)].sort(([a], [b]) => a.localeCompare(b));
  const versions = dates.map(([date, items]) => [date, collection(items)]);
  return { arch, format: "products:1.0", ftype: "tar.gz", release, versions: Object.fromEntries(versions) };
}

function collection(rows: readonly SampleListing[]): unknown {
  const shared = new Set(rows.map(({ version }) => version)).size === 1;
  const items = rows.map(({ itemName, version, item: { md5, path, sha256, size } }) => [
    itemName,
    { md5, path, sha256, size, ...(shared ? {} : { version }) },
  ]);
  return { items: Object.fromEntries(items), ...(shared ? { version: rows[0]?.version } : {}) };
}

function index(files: readonly ProductDocument[], updatedAt: Date): unknown {
  const updated = formatUpdated(updatedAt);
  const entries = files
    .toSorted((a, b) => a.contentId.localeCompare(b.contentId))
    .map(({ contentId, path, products }) => [
      contentId,
      { datatype: "content-download", format: "products:1.0", path, products, updated },
    ]);
  return { format: "index:1.0", index: Object.fromEntries(entries), updated };
}

function mirrors(contentIds: readonly string[], updatedAt: Date): unknown {
  const entry = {
    datatype: "content-download",
    format: "mirrors:1.0",
    path: "streams/v1/cpc-mirrors.json",
    updated: formatCollection(updatedAt),
  };
  return { mirrors: Object.fromEntries(contentIds.map((id) => [id, [entry]])) };
}

function cloudMirrors(contentIds: readonly string[], updatedAt: Date): unknown {
  const entries = contentIds.map((id) => {
    const path = `streams/v1/com.ubuntu.juju-${id.split(":").slice(1).join("-")}.json`;
    return [id, BUCKETS.map(({ mirror, clouds }) => ({ clouds, mirror, path }))];
  });
  return { format: "mirrors:1.0", mirrors: Object.fromEntries(entries), updated: formatUpdated(updatedAt) };
}

function groupBy<T>(values: readonly T[], keyOf: (value: T) => string): Map<string, T[]> {
  return Map.groupBy(values, keyOf);
}
