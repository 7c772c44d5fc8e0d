import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** One item as a client finds it: by the index, in a product file. */
export interface PublishedItem {
  readonly contentId: string;
  readonly productId: string;
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
}

/** What a published tree shows to whoever starts at its index. */
export interface Published {
  /** `3.6.27-ubuntu-amd64`, ascending; empty where nothing is published. */
  readonly agents: readonly string[];
  readonly items: readonly PublishedItem[];
  /** Everything that clients see, with what differs from one publication of the same agents to the next taken out. */
  readonly fingerprint: string;
}

/** The fingerprint of a mirror that shows nothing yet. */
const NOTHING = "nothing";

/** Bytes of a path below the tree's root, or undefined. */
export type ReadTree = (path: string) => Promise<Buffer | undefined>;

interface IndexDocument {
  readonly format: string;
  readonly index: Readonly<Record<string, { readonly path: string; readonly products: readonly string[] }>>;
}

interface ProductDocument {
  readonly format: string;
  readonly content_id: string;
  readonly products: Readonly<
    Record<
      string,
      {
        readonly versions: Readonly<
          Record<string, { readonly items: Readonly<Record<string, Omit<PublishedItem, "productId">>> }>
        >;
      }
    >
  >;
}

/** The tree below `data/tools`, read the way that Juju and a plain web server do. */
export function readPublished(data: string): Promise<Published> {
  return walkTree(folderTree(join(data, "tools")));
}

/** A tree that lies in a folder. */
export function folderTree(folder: string): ReadTree {
  return async (path) => {
    try {
      return await readFile(join(folder, path));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
  };
}

/** The indexes of a tree; the second is for clients up to 1.20 and may be missing. */
const INDEXES = ["streams/v1/index2.json", "streams/v1/index.json"];

/**
 * Follows the indexes to every product file and to every tarball, as clients do.
 * Throws an error that names the place as soon as something is listed and not there, or is not what is listed.
 */
export async function walkTree(read: ReadTree, indexes: readonly string[] = INDEXES): Promise<Published> {
  const items: PublishedItem[] = [];
  const names = new Set<string>();
  const documents: string[] = [];
  for (const indexPath of indexes) {
    const bytes = await read(indexPath);
    if (bytes === undefined) continue;
    documents.push(bytes.toString());
    for (const [contentId, entry] of Object.entries((parse(bytes, indexPath) as IndexDocument).index)) {
      const product = await need(read, entry.path);
      documents.push(product.toString());
      const found = itemsOf(contentId, entry, parse(product, entry.path) as ProductDocument);
      for (const item of found) names.add(item.name);
      items.push(...found.map(({ name: _name, ...item }) => item));
    }
  }
  const checked = new Set<string>();
  for (const item of items) {
    const key = `${item.path} ${item.size} ${item.sha256}`;
    if (!checked.has(key)) checkTarball(item, await need(read, item.path));
    checked.add(key);
  }
  const fingerprint = documents.length === 0 ? NOTHING : fingerprintOf(documents);
  return { agents: [...names].sort(), items, fingerprint };
}

function itemsOf(
  contentId: string,
  entry: IndexDocument["index"][string],
  document: ProductDocument,
): (PublishedItem & { name: string })[] {
  if (document.content_id !== contentId) throw new Error(`${entry.path} is of ${document.content_id}`);
  const listed = Object.keys(document.products).sort().join();
  if (listed !== [...entry.products].sort().join()) {
    throw new Error(
      `${entry.path}: the index lists the products ${entry.products.join()}, the file ${listed}`,
    );
  }
  return Object.entries(document.products).flatMap(([productId, { versions }]) =>
    Object.values(versions).flatMap((collection) =>
      Object.entries(collection.items).map(([name, { path, size, sha256 }]) => ({
        name,
        contentId,
        productId,
        path,
        size,
        sha256,
      })),
    ),
  );
}

function checkTarball(item: PublishedItem, bytes: Buffer): void {
  if (bytes.length !== item.size)
    throw new Error(`${item.path} has ${bytes.length} bytes, listed are ${item.size}`);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  if (sha256 !== item.sha256) throw new Error(`${item.path} has sha256 ${sha256}, listed is ${item.sha256}`);
}

/** Names and dates of a snapshot differ from run to run; all else has to be the same. */
function fingerprintOf(documents: readonly string[]): string {
  const text = documents
    .join("\n")
    .replaceAll(/\d{8}T\d{6}Z-[0-9a-f]{8}/g, "SNAPSHOT")
    .replaceAll(/"updated": "[^"]*"/g, '"updated": "DATE"');
  return createHash("sha256").update(text).digest("hex");
}

async function need(read: ReadTree, path: string): Promise<Buffer> {
  const bytes = await read(path);
  if (bytes === undefined) throw new MissingFile(path);
  return bytes;
}

/** Something that a document lists is not there. */
export class MissingFile extends Error {
  readonly path: string;

  constructor(path: string) {
    super(`${path} is listed and not there`);
    this.path = path;
  }
}

function parse(bytes: Buffer, path: string): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch (cause) {
    throw new Error(`${path} is not JSON`, { cause });
  }
}
