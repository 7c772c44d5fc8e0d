import { isJamError, JamError } from "../shared/errors.ts";
import { sha256Of, type Sha256 } from "../shared/sha256.ts";
import type { DocumentStore } from "../store/store.ts";
import { textOfDocument } from "../simplestreams/signed-text.ts";
import { ServedDocument } from "./document.ts";
import type { MirrorView } from "./mirror-view.ts";
import type { ServedStore } from "./ports.ts";

/** Upstream's own documents of one view, by the path they are served under. */
export interface VerbatimDocuments {
  /** Undefined when the view's upstream has no such document. */
  readonly find: (view: MirrorView, path: string) => Promise<ServedDocument | undefined>;
}

/** Reads each document once per view and keeps it as long as the view lives. */
export function createVerbatimDocuments({
  documents: store,
}: Pick<ServedStore, "documents">): VerbatimDocuments {
  const cache = new WeakMap<MirrorView, Map<string, Promise<ServedDocument>>>();
  return {
    async find(view, path) {
      const source = sourceOf(view.proofs, path);
      if (source === undefined) return undefined;
      const documents = cache.get(view) ?? new Map<string, Promise<ServedDocument>>();
      cache.set(view, documents);
      const known = documents.get(path);
      if (known !== undefined) return known;
      const reading = readDocument(store, view, { path, ...source });
      documents.set(path, reading);
      reading.catch(() => documents.delete(path));
      return reading;
    },
  };
}

interface Source {
  readonly sha256: Sha256;
  /** True for the `.json` twin of a signed document. */
  readonly isTwin: boolean;
}

function sourceOf(proofs: MirrorView["proofs"], path: string): Source | undefined {
  const own = proofs.get(path);
  if (own !== undefined) return { sha256: own, isTwin: false };
  const signed = path.endsWith(".json") ? proofs.get(path.replace(/\.json$/, ".sjson")) : undefined;
  return signed && { sha256: signed, isTwin: true };
}

async function readDocument(
  store: Pick<DocumentStore, "get">,
  view: MirrorView,
  { path, sha256, isTwin }: Source & { readonly path: string },
): Promise<ServedDocument> {
  const bytes = await store.get("upstream", sha256);
  if (bytes === undefined || sha256Of(bytes) !== sha256) throw proofDamaged(path, sha256);
  const text = readableText(bytes, path, sha256);
  return new ServedDocument(isTwin ? Buffer.from(unsignedTwin(text, path)) : bytes, {
    contentType: path.endsWith(".sjson") ? "text/plain; charset=utf-8" : "application/json",
    lastModified: new Date(view.snapshot.createdAt),
  });
}

/**
 * The `.json` twin of a signed document: the signed text, in an index with the product files' paths led to their
 * `.json` twins, because a client in its unsigned pass takes the path from the index as it stands.
 * Source: juju environs/simplestreams/simplestreams.go GetProductsPath.
 */
function unsignedTwin(text: string, path: string): string {
  // A product file has megabytes, and is taken as it is.
  if (!/\/index2?\.json$/.test(path)) return text.endsWith("\n") ? text : `${text}\n`;
  const document = JSON.parse(text) as { format?: unknown; index?: Record<string, { path?: unknown }> };
  if (document.format !== "index:1.0") return text.endsWith("\n") ? text : `${text}\n`;
  for (const entry of Object.values(document.index ?? {})) {
    if (typeof entry.path === "string") entry.path = entry.path.replace(/\.sjson$/, ".json");
  }
  return `${JSON.stringify(document, null, 1)}\n`;
}

/** The text; what an earlier version accepted may be refused now: it is not upstream's, or has two readings. */
function readableText(bytes: Uint8Array, path: string, sha256: Sha256): string {
  try {
    return textOfDocument(bytes, path.replace(/\.json$/, ".sjson"));
  } catch (cause) {
    if (!isJamError(cause)) throw cause;
    throw new JamError("JAM_STORE_CORRUPT", `The upstream document ${path} is not served: ${cause.message}`, {
      cause,
      hint: "Run `jam sync` to fetch it again.",
      details: { path, sha256 },
    });
  }
}

function proofDamaged(path: string, sha256: Sha256): JamError {
  return new JamError(
    "JAM_STORE_CORRUPT",
    `The upstream document ${path} (${sha256}) is missing or damaged.`,
    {
      hint: "Run `jam sync` to fetch it again.",
      details: { path, sha256 },
    },
  );
}
