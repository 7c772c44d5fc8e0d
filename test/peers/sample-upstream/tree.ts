import { buildDocuments, formatCollection, type SampleListing } from "./documents.ts";
import {
  buildsOf,
  streamsOf,
  type Build,
  type SampleFamily,
  type SampleOs,
  type SampleStream,
} from "./era.ts";
import { ALL_RELEASES, isAtLeast, parseRelease, SMALL_RELEASES, type Release } from "./release.ts";
import { clearSign, generateSampleKey, type SampleKey } from "./sign.ts";
import { itemOf, makeTarball, type SampleItem } from "./tarball.ts";

export interface SampleTreeOptions {
  /** Version numbers, `"small"` (a few dozen of every generation) or `"all"`. Default `"small"`. */
  readonly releases?: readonly string[] | "small" | "all";
  /** Default all three. */
  readonly streams?: readonly SampleStream[];
  /** Default amd64, arm64, ppc64el, s390x. */
  readonly arches?: readonly string[];
  /** Default ubuntu, windows, centos. */
  readonly oses?: readonly SampleOs[];
  /** Default agents and tools. */
  readonly families?: readonly SampleFamily[];
  /** About how large each tarball is, from some 500 bytes up. Default 2048, to be quick. */
  readonly tarballBytes?: number;
  /** Default `generateSampleKey()`. */
  readonly key?: SampleKey;
  /** When the documents are signed. Default now. */
  readonly now?: Date;
  /** What the documents say under `updated`. Default `now`. */
  readonly updatedAt?: Date;
}

interface SampleTreeParts {
  readonly documents: ReadonlyMap<string, Buffer>;
  readonly items: ReadonlyMap<string, SampleItem>;
  readonly listings: readonly SampleListing[];
  readonly key: SampleKey;
  readonly now: Date;
}

/** What is published: documents and tarballs by path. Immutable; `with…` give changed copies. */
export class SampleTree {
  readonly documents: ReadonlyMap<string, Buffer>;
  readonly items: ReadonlyMap<string, SampleItem>;
  /** Every item of every product file, denormalised: what a reader must find. */
  readonly listings: readonly SampleListing[];
  readonly key: SampleKey;
  readonly now: Date;

  readonly #parts: SampleTreeParts;

  constructor(parts: SampleTreeParts) {
    this.#parts = parts;
    this.documents = parts.documents;
    this.items = parts.items;
    this.listings = parts.listings;
    this.key = parts.key;
    this.now = parts.now;
  }

  /** The document as text. Throws where there is none. */
  text(path: string): string {
    const bytes = this.documents.get(path);
    if (bytes === undefined) throw new Error(`The sample tree has no ${path}.`);
    return bytes.toString();
  }

  /** With the document at `path` replaced, or removed when `content` is undefined. No other document changes. */
  withDocument(path: string, content: Uint8Array | string | undefined): SampleTree {
    const documents = new Map(this.documents);
    if (content === undefined) documents.delete(path);
    else documents.set(path, Buffer.from(content));
    return new SampleTree({ ...this.#parts, documents });
  }

  /** With the bytes at `path` replaced or added, or removed when `content` is undefined. Metadata stays as it is. */
  withItem(path: string, content: Uint8Array | undefined): SampleTree {
    const items = new Map(this.items);
    if (content === undefined) items.delete(path);
    else items.set(path, itemOf(path, content, this.now));
    return new SampleTree({ ...this.#parts, items });
  }

  /** With new text for the document at `path` (ending in `.json`) and a properly signed twin. */
  async withSigned(path: string, text: string, key: SampleKey = this.key): Promise<SampleTree> {
    const signed = await signText(path, text, key, this.now);
    return this.withDocument(path, text).withDocument(signedPath(path), signed);
  }

  /** With the JSON at `path` as `edit` leaves or returns it, signed again. For bad metadata with a good signature. */
  async withEdited(path: string, edit: (document: EditableJson) => unknown): Promise<SampleTree> {
    const document = JSON.parse(this.text(path)) as EditableJson;
    const edited = edit(document) ?? document;
    return this.withSigned(path, `${JSON.stringify(edited, null, 1)}\n`);
  }
}

/** A parsed document to change in a test. */
export type EditableJson = {
  format: string;
  updated: string;
  content_id: string;
  index: Record<
    string,
    { path: string; products: string[]; updated: string; datatype: string; format: string }
  >;
  products: Record<string, EditableProduct>;
  [key: string]: unknown;
};

type EditableProduct = {
  versions: Record<string, { items: Record<string, Record<string, unknown>>; [key: string]: unknown }>;
  [key: string]: unknown;
};

/** The path of the clear-signed twin. */
export function signedPath(path: string): string {
  return path.replace(/\.json$/, ".sjson");
}

/** The tree that `options` describe, with tarballs made and documents signed. */
export async function buildSampleTree(options: SampleTreeOptions = {}): Promise<SampleTree> {
  const now = options.now ?? new Date();
  const key = options.key ?? (await generateSampleKey());
  const releases = chosenReleases(options.releases).map(parseRelease);
  const builds = releases.flatMap((release) => chosenBuilds(release, options));
  const made = await Promise.all(builds.map((build) => makeTarball(build, options.tarballBytes ?? 2048)));
  const items = new Map(made.map((item) => [item.path, item]));
  const listings = builds.flatMap((build) => listingsOf(build, items, releases, options));
  const texts = buildDocuments(listings, options.updatedAt ?? now);
  const documents = new Map<string, Buffer>();
  for (const [path, text] of texts) {
    documents.set(path, Buffer.from(text));
    documents.set(signedPath(path), Buffer.from(await signText(path, text, key, now)));
  }
  return new SampleTree({ documents, items: listedOnly(items, listings), listings, key, now });
}

function chosenReleases(releases: SampleTreeOptions["releases"] = "small"): readonly string[] {
  if (releases === "small") return SMALL_RELEASES;
  return releases === "all" ? ALL_RELEASES : releases;
}

function chosenBuilds(release: Release, options: SampleTreeOptions): readonly Build[] {
  const { arches = ["amd64", "arm64", "ppc64el", "s390x"], oses = ["ubuntu", "windows", "centos"] } = options;
  const { families = ["agents", "tools"], streams = ["released", "proposed", "devel"] } = options;
  if (!streamsOf(release, true).some((stream) => streams.includes(stream))) return [];
  return arches
    .flatMap((arch) => buildsOf(release, arch, oses))
    .filter(({ listings }) => listings.some(({ family }) => families.includes(family)));
}

function listingsOf(
  build: Build,
  items: ReadonlyMap<string, SampleItem>,
  releases: readonly Release[],
  options: SampleTreeOptions,
): readonly SampleListing[] {
  const { families = ["agents", "tools"], streams = ["released", "proposed", "devel"] } = options;
  const { release, arch, path } = build;
  const item = items.get(path);
  if (item === undefined) return [];
  const placed = streamsOf(release, isNewest(release, releases)).filter((stream) => streams.includes(stream));
  const rows = build.listings.filter(({ family }) => families.includes(family));
  const { version, publishedAt } = release;
  const date = formatCollection(publishedAt);
  return placed.flatMap((stream) =>
    rows.map((row) => ({
      ...row,
      stream,
      version,
      arch,
      date,
      itemName: `${version}-${row.release}-${arch}`,
      item,
    })),
  );
}

function isNewest(release: Release, releases: readonly Release[]): boolean {
  const { major, minor } = release;
  return releases.every(
    (other) => other.major !== major || other.minor !== minor || isAtLeast(release, other.version),
  );
}

function listedOnly(
  items: ReadonlyMap<string, SampleItem>,
  listings: readonly SampleListing[],
): ReadonlyMap<string, SampleItem> {
  const listed = new Set(listings.map(({ item }) => item.path));
  return new Map([...items].filter(([path]) => listed.has(path)));
}

/**
 * The signed twin of the document `text` at `path`; in an index or mirrors file it names signed documents.
 * Source: juju-release-tools sign_metadata.py update_file_content
 */
export async function signText(path: string, text: string, key: SampleKey, now: Date): Promise<string> {
  const namesDocuments = !path.includes("com.ubuntu.juju");
  return clearSign(namesDocuments ? text.replaceAll('.json"', '.sjson"') : text, key, now);
}
