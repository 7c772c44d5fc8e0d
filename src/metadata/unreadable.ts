import { isJamError, JamError, HttpStatusError } from "../shared/errors.ts";
import { parseStreamContentId } from "../juju/stream.ts";
import type { IndexEntry, IndexFile } from "../simplestreams/index-file.ts";
import type { ContentId } from "../simplestreams/item.ts";
import type { ProductFile } from "../simplestreams/product-file.ts";
import { proofsOf, type Snapshot, type UpstreamProof } from "../mirror/snapshot.ts";

/** A product file that a rule asks for and that cannot be used, while the others can. */
export interface UnreadableProducts {
  readonly contentId: ContentId;
  /** As the index names it; the content id where that name is not safe. */
  readonly path: string;
  readonly error: JamError;
}

/** One product file that was requested: its content, or why it cannot be used. */
export type ReadProducts =
  | { readonly entry: IndexEntry; readonly file: ProductFile }
  | { readonly entry: IndexEntry; readonly error: JamError };

/**
 * The product file that `read` gives, or the failure that concerns it alone. A failure to reach or to
 * trust upstream is thrown: nothing of that upstream is used then.
 * @throws JamError every other one
 */
export async function readAlone(entry: IndexEntry, read: () => Promise<ProductFile>): Promise<ReadProducts> {
  try {
    const file = await read();
    const error = describeForeign(entry, file);
    return error === undefined ? { entry, file } : { entry, error };
  } catch (error) {
    if (!isJamError(error) || !isOneFilesOwn(error)) throw error;
    return { entry, error };
  }
}

/** Entries of the index that are bad, by whether a rule asks for what they name. */
export function sortRefused(
  { refused }: Pick<IndexFile, "refused">,
  wants: (contentId: ContentId, stream: string) => boolean,
): { readonly wanted: UnreadableProducts[]; readonly others: ContentId[] } {
  const wanted: UnreadableProducts[] = [];
  const others: ContentId[] = [];
  for (const { contentId, error } of refused) {
    const stream = parseStreamContentId(contentId)?.stream;
    if (stream !== undefined && wants(contentId, stream)) wanted.push({ contentId, path: contentId, error });
    else others.push(contentId);
  }
  return { wanted, others };
}

/** The proofs of what is held although its product file cannot be used now. */
export function proofsOfUnread(
  { unreadable }: { readonly unreadable: readonly UnreadableProducts[] },
  current: Snapshot | undefined,
): UpstreamProof[] {
  const proofs = current === undefined ? [] : proofsOf(current);
  const found = unreadable.map(({ path }) =>
    proofs.find(({ documents }) => documents.some((document) => document.path === path)),
  );
  return [...new Set(found)].filter((proof) => proof !== undefined);
}

/** A file that the index names and that is missing, perhaps not published yet. */
export function isMissing({ error }: UnreadableProducts): boolean {
  return isJamError(error, "JAM_UPSTREAM_NOT_FOUND");
}

/** Another stream's product file: read while it was being published, or published under the wrong path. */
export function isForeign({ error }: UnreadableProducts): boolean {
  return isJamError(error, "JAM_UPSTREAM_INCONSISTENT");
}

function isOneFilesOwn(error: JamError): boolean {
  const status = error instanceof HttpStatusError ? error.status : undefined;
  // Object stores answer 403 for missing files.
  if (error.code === "JAM_UPSTREAM_STATUS") return status === 401 || status === 403;
  return isJamError(
    error,
    "JAM_UPSTREAM_NOT_FOUND",
    "JAM_UPSTREAM_NOT_SIMPLESTREAMS",
    "JAM_METADATA_MALFORMED",
    "JAM_METADATA_TOO_LARGE",
  );
}

function describeForeign({ contentId, path }: IndexEntry, file: ProductFile): JamError | undefined {
  if (file.contentId === undefined || file.contentId === contentId) return undefined;
  return new JamError(
    "JAM_UPSTREAM_INCONSISTENT",
    `${path} contains ${file.contentId}; the index lists it as ${contentId}.`,
    {
      hint: "Upstream is probably publishing at this moment: run again in a few minutes. If it stays like this, tell its publisher.",
      details: { path, contentId, found: file.contentId },
    },
  );
}
