import type { Agent } from "../juju/agent.ts";
import { defined } from "../shared/collections.ts";
import { mapConcurrently } from "../shared/map-concurrently.ts";
import { sha256Of } from "../shared/sha256.ts";
import type { Store } from "../store/store.ts";
import { divideCatalogue, formatPage, type PageName } from "./catalogue-page.ts";
import { withSum } from "./note-sum.ts";
import { countCatalogue, SNAPSHOT_FORMAT } from "./snapshot-document.ts";
import { makeSnapshotId, type Snapshot } from "./snapshot.ts";

/** What a snapshot is made from. */
export interface SnapshotContent extends Pick<
  Snapshot,
  "agents" | "upstream" | "earlierProofs" | "bundle" | "curated" | "made" | "verbatim"
> {
  /** Id of the snapshot that the ref showed before. */
  readonly parent: string | undefined;
  readonly createdAt: Date;
}

/**
 * Writes a snapshot: the pages that are not here yet, then the document that names them. Nothing shows it until a ref is moved
 * to a tree of it.
 */
export async function keepSnapshot(
  store: Pick<Store, "documents">,
  content: SnapshotContent,
): Promise<Snapshot> {
  const { agents, pages } = await keepPages(store.documents, content.agents);
  const { curated } = content;
  // What two channels make in one second of the same agents are two snapshots.
  const origin = curated === undefined ? "" : JSON.stringify(curated);
  const catalogue = pages.map(({ sha256 }) => sha256).join() + origin;
  const made = {
    createdAt: content.createdAt.toISOString(),
    ...defined({ parent: content.parent }),
    upstream: content.upstream,
    ...defined({ earlierProofs: content.earlierProofs, bundle: content.bundle, curated, made: content.made }),
    verbatim: content.verbatim,
  };
  const id = await freeId(store.documents, content.createdAt, [catalogue, JSON.stringify(made)]);
  const envelope = { id, ...made };
  const counts = countCatalogue(content.agents);
  const header = withSum(`${id}.json`, { format: SNAPSHOT_FORMAT, ...envelope, counts, pages });
  await store.documents.put("snapshots", `${id}.json`, Buffer.from(`${JSON.stringify(header)}\n`));
  return { ...envelope, agents };
}

/**
 * The id of a snapshot: by its catalogue, and by all of it where another snapshot of the same second has the same agents. One
 * that is kept never changes.
 */
async function freeId(
  documents: Pick<Store["documents"], "get">,
  createdAt: Date,
  [catalogue, all]: readonly [string, string],
): Promise<string> {
  const id = makeSnapshotId(createdAt, sha256Of(catalogue));
  const isTaken = (await documents.get("snapshots", `${id}.json`)) !== undefined;
  return isTaken ? makeSnapshotId(createdAt, sha256Of(catalogue + all)) : id;
}

/** Writes the pages of a catalogue that are not here yet, and gives the agents in their order. */
export async function keepPages(
  documents: Store["documents"],
  agents: readonly Agent[],
): Promise<{ readonly agents: readonly Agent[]; readonly pages: readonly PageName[] }> {
  const divided = divideCatalogue(agents);
  const pages = await mapConcurrently(divided, ([minor, own]) => keepPage(documents, minor, own));
  return { agents: [...divided.values()].flat(), pages };
}

/** A page whose file was damaged is written again: every snapshot that names it is whole then. */
async function keepPage(
  documents: Store["documents"],
  minor: string,
  agents: readonly Agent[],
): Promise<PageName> {
  const bytes = formatPage(minor, agents);
  const sha256 = sha256Of(bytes);
  const known = await documents.get("catalogue", sha256);
  if (known === undefined || Buffer.compare(known, bytes) !== 0)
    await documents.put("catalogue", sha256, bytes);
  return { minor, sha256, size: bytes.length, agents: agents.length };
}
