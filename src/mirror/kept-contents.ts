import type { Sha256 } from "../shared/sha256.ts";
import type { Store } from "../store/store.ts";
import { agentsOfPage, readPage, type ReadPage } from "./catalogue.ts";
import type { PageName } from "./catalogue-page.ts";
import { distinctTarballs, type TarballContent } from "./contents.ts";
import { readAll, readHeader } from "./read-snapshots.ts";
import type { SnapshotHeader } from "./snapshot-document.ts";
import { proofsOf, type Snapshot, type SnapshotEnvelope } from "./snapshot.ts";

/** What must be kept for a snapshot, as retention goes through hundreds of them. */
export interface KeptSnapshot extends SnapshotEnvelope {
  /** Names of the pages of its catalogue; none where its agents are in its own document. */
  readonly pages: readonly Sha256[];
  /** Its tarballs, page by page; snapshots that name the same page have the same list of it. */
  readonly tarballs: readonly (readonly TarballContent[])[];
}

/** What must be kept for a snapshot that has been read. */
export function keptSnapshotOf({ agents, ...envelope }: Snapshot): KeptSnapshot {
  return { ...envelope, pages: [], tarballs: [distinctTarballs(agents)] };
}

/**
 * What every snapshot that is kept needs, oldest first. Each page is read once. A damaged snapshot is left out.
 * @param read has the pages that were read before for the same task; default: none
 * @throws JamError JAM_STORE_IO, JAM_STORE_PERMISSION, JAM_STORE_FORMAT: what cannot be read now must not count as gone
 */
export function readKeptSnapshots(
  store: Pick<Store, "documents">,
  read: ReadPage = (page) => readPage(store.documents, page),
): Promise<KeptSnapshot[]> {
  const tarballs = tarballReader(read);
  return readAll(store, async (id) => {
    const header = await readHeader(store, id);
    return header && keptSnapshot(header, tarballs);
  });
}

type ReadTarballs = (id: string, page: PageName) => Promise<readonly TarballContent[]>;

/** Of the agents themselves nothing stays in memory. */
function tarballReader(read: ReadPage): ReadTarballs {
  const known = new Map<Sha256, ReturnType<ReadTarballs>>();
  return (id, page) => {
    const tarballs = known.get(page.sha256) ?? agentsOfPage(id, page, read).then(distinctTarballs);
    known.set(page.sha256, tarballs);
    return tarballs;
  };
}

async function keptSnapshot(
  { counts: _counts, catalogue, ...envelope }: SnapshotHeader,
  tarballs: ReadTarballs,
): Promise<KeptSnapshot> {
  if ("agents" in catalogue) return keptSnapshotOf({ ...envelope, agents: catalogue.agents });
  const { pages } = catalogue;
  return {
    ...envelope,
    pages: pages.map(({ sha256 }) => sha256),
    tarballs: await Promise.all(pages.map((page) => tarballs(envelope.id, page))),
  };
}

/** The hashes of everything that must be kept for these snapshots, tarballs and documents alike. */
export function hashesOfKept(snapshots: Iterable<KeptSnapshot>): Set<Sha256> {
  const hashes = new Set<Sha256>();
  const seen = new Set<readonly TarballContent[]>();
  for (const snapshot of snapshots) {
    for (const proof of proofsOf(snapshot)) for (const { sha256 } of proof.documents) hashes.add(sha256);
    for (const page of snapshot.tarballs) {
      if (seen.has(page)) continue;
      seen.add(page);
      for (const { sha256 } of page) hashes.add(sha256);
    }
  }
  return hashes;
}
