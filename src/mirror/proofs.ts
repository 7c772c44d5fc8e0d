import { isJamError } from "../shared/errors.ts";
import { sha256Of, type Sha256 } from "../shared/sha256.ts";
import { parseIndexFile, type IndexEntry } from "../simplestreams/index-file.ts";
import type { ContentId } from "../simplestreams/item.ts";
import { parseProductFile, type ProductFile } from "../simplestreams/product-file.ts";
import { SIGNED_TEXT_RULES, textOfDocument } from "../simplestreams/signed-text.ts";
import type { DocumentStore } from "../store/store.ts";
import type { Upstream } from "../upstream/source.ts";
import type { ProvenDocument } from "./snapshot.ts";
import type { AcceptedDocument } from "./upstream-state.ts";

/** What names a document of upstream that is kept as proof. */
export type ProofName = Pick<ProvenDocument, "path" | "sha256">;

/** A kept document that is whole and readable. */
export interface KeptText {
  /** What upstream signed; all of it for a document that is not signed. */
  readonly text: string;
  /** Bytes of the document, with its signature. */
  readonly size: number;
}

/** The text of a kept document; undefined when it is not here whole, or not accepted by the rules of today. */
export type ReadKeptText = (name: ProofName) => Promise<KeptText | undefined>;

/** The bytes of a kept document; undefined when it is not here whole. */
export async function readKeptBytes(
  documents: Pick<DocumentStore, "get">,
  sha256: Sha256,
): Promise<Uint8Array | undefined> {
  const bytes = await documents.get("upstream", sha256);
  return bytes !== undefined && sha256Of(bytes) === sha256 ? bytes : undefined;
}

/**
 * Reads kept documents, each once. Their signatures were verified when they came; the hash shows that these are the same
 * bytes. What an earlier version of this program accepted may be refused now: the next sync fetches it again.
 */
export function keptTexts(documents: Pick<DocumentStore, "get">): ReadKeptText {
  const read = new Map<Sha256, Promise<KeptText | undefined>>();
  return (name) => {
    const known = read.get(name.sha256) ?? readKeptText(documents, name);
    read.set(name.sha256, known);
    return known;
  };
}

async function readKeptText(
  documents: Pick<DocumentStore, "get">,
  { path, sha256 }: ProofName,
): Promise<KeptText | undefined> {
  const bytes = await readKeptBytes(documents, sha256);
  if (bytes === undefined) return undefined;
  try {
    return { text: textOfDocument(bytes, path), size: bytes.length };
  } catch (error) {
    if (isJamError(error)) return undefined;
    throw error;
  }
}

const INDEX_PATHS = ["index2.sjson", "index2.json", "index.sjson", "index.json"];

/** An index of a proof that can be read. */
export interface ProvenIndex {
  readonly path: string;
  readonly entries: readonly IndexEntry[];
}

/** The index that counts of those in a proof; undefined when none can be read. */
export async function readProvenIndex(
  proof: Iterable<ProofName>,
  read: ReadKeptText,
): Promise<ProvenIndex | undefined> {
  const byPath = new Map([...proof].map((name) => [name.path, name]));
  for (const file of INDEX_PATHS) {
    const path = `streams/v1/${file}`;
    const name = byPath.get(path);
    const index = name && (await read(name));
    if (index !== undefined) return { path, entries: [...parseIndexFile(index.text, path).entries.values()] };
  }
  return undefined;
}

/**
 * The product files of a proof, by content id, as its first usable index names them; those that are not part of the
 * proof are left out. Undefined when there is no usable index, or a product file of the proof cannot be read: then it is
 * not known what the proof lists.
 */
export async function readProvenProducts(
  proof: Iterable<ProofName>,
  read: ReadKeptText,
): Promise<ReadonlyMap<ContentId, ProductFile> | undefined> {
  const names = [...proof];
  const index = await readProvenIndex(names, read);
  if (index === undefined) return undefined;
  const byPath = new Map(names.map((name) => [name.path, name]));
  const products = new Map<ContentId, ProductFile>();
  for (const entry of index.entries) {
    const own = byPath.get(entry.path);
    if (own === undefined) continue;
    const product = await read(own);
    if (product === undefined) return undefined;
    products.set(entry.contentId, parseProductFile(product.text, entry.path));
  }
  return products;
}

/** What decides whether a document that was accepted before is still good. */
export interface AcceptancePorts {
  readonly documents: Pick<DocumentStore, "get">;
  readonly source: Pick<Upstream, "url" | "verifies" | "trustedKeys" | "checkDocument">;
}

/** A document that was accepted before: what gives its text, or why it is not used any more. */
export type AcceptedText =
  | { readonly kind: "usable"; readonly text: () => string; readonly document: AcceptedDocument }
  | { readonly kind: "refused"; readonly reason: string };

/**
 * A document accepted before, when it is kept whole and comes from this source. Its signature was verified when it came,
 * and its key must still be trusted. What was accepted by older rules is verified once again by those of today.
 */
export async function readAccepted(
  known: AcceptedDocument,
  { documents, source }: AcceptancePorts,
): Promise<AcceptedText | undefined> {
  if (!known.url.startsWith(source.url)) return undefined;
  if (source.verifies && !(await isTrusted(known.signedBy, source))) return undefined;
  const bytes = await readKeptBytes(documents, known.sha256);
  if (bytes === undefined) return undefined;
  if (!source.verifies || known.rules === SIGNED_TEXT_RULES)
    return { kind: "usable", text: () => textOfDocument(bytes, known.path), document: known };
  try {
    const { path, url, validators } = known;
    const { text } = await source.checkDocument({ path, url, bytes, validators });
    return { kind: "usable", text: () => text, document: { ...known, rules: SIGNED_TEXT_RULES } };
  } catch (error) {
    if (!isJamError(error)) throw error;
    return { kind: "refused", reason: error.message };
  }
}

async function isTrusted(
  fingerprint: string | undefined,
  source: Pick<Upstream, "trustedKeys">,
): Promise<boolean> {
  return fingerprint !== undefined && (await source.trustedKeys()).includes(fingerprint);
}
