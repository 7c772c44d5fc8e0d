import type { Agent } from "../juju/agent.ts";
import type { ContentId } from "../simplestreams/item.ts";
import type { ProductFile } from "../simplestreams/product-file.ts";
import type { DocumentStore } from "../store/store.ts";
import { keepPages } from "./keep-snapshot.ts";
import { keptTexts, readProvenIndex } from "./proofs.ts";
import { deleteUpstreamPages, writeUpstreamPages } from "./upstream-catalogue.ts";
import type { AcceptedDocument, UpstreamState } from "./upstream-state.ts";

/** What a run read of an upstream. */
export interface ReadUpstream {
  readonly documents: readonly AcceptedDocument[];
  readonly products: ReadonlyMap<ContentId, ProductFile>;
  /** The agents of these product files. */
  readonly agents: () => readonly Agent[];
}

/**
 * Keeps what the accepted documents list as pages, for the answers about versions. Where they list more than this run has
 * read (a stream that no rule names any longer, another upstream), nothing is kept, and who asks parses the documents.
 * Call it after the note on what was accepted has been written.
 */
export async function keepUpstreamCatalogue(
  documents: DocumentStore,
  state: UpstreamState,
  read: ReadUpstream,
): Promise<void> {
  if (!(await isAllThatCounts(documents, state, read))) return deleteUpstreamPages(documents);
  const { pages } = await keepPages(documents, read.agents());
  await writeUpstreamPages(documents, pages);
}

/** Whether the accepted documents list what this run has read, and nothing else. */
async function isAllThatCounts(
  documents: DocumentStore,
  { documents: accepted, further }: UpstreamState,
  read: ReadUpstream,
): Promise<boolean> {
  if (further.size > 0) return false;
  const index = await readProvenIndex(accepted.values(), keptTexts(documents));
  if (index === undefined) return false;
  const hashes = new Map(read.documents.map(({ path, sha256 }) => [path, sha256]));
  const isRead = (path: string) => hashes.get(path) === accepted.get(path)?.sha256;
  if (!isRead(index.path)) return false;
  return index.entries.every(
    ({ path, contentId }) => !accepted.has(path) || (isRead(path) && read.products.has(contentId)),
  );
}
