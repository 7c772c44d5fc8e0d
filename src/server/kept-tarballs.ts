import { agentsOfPage, readPage } from "../mirror/catalogue.ts";
import type { PageName } from "../mirror/catalogue-page.ts";
import { listSnapshotIds, readHeader } from "../mirror/read-snapshots.ts";
import { tarballsOf, type FaceTarball } from "../mirror/face.ts";
import type { SnapshotHeader } from "../mirror/snapshot-document.ts";
import type { ServedStore } from "./ports.ts";

/** How old the list of kept snapshots may be, in ms, while the current one stays the same; pruning is rare. */
const MAX_AGE_MS = 5_000;

/** What the snapshots that are kept beside the current one still promise to clients that hold an older index. */
export interface KeptTarballs {
  /** True when this snapshot is kept; asks the store after a publish and else at most every five seconds. */
  readonly has: (snapshotId: string, currentId: string) => Promise<boolean>;
  /** The tarball of a path in the newest kept snapshot that lists it. */
  readonly find: (path: string, currentId: string) => Promise<FaceTarball | undefined>;
}

/** Tarballs by path. */
type Tarballs = ReadonlyMap<string, FaceTarball>;

interface Kept {
  readonly readAt: number;
  /** The snapshot that the ref named then. */
  readonly currentId: string;
  /** The pages of each snapshot that is kept, oldest first. */
  readonly snapshots: ReadonlyMap<string, readonly KeptPage[]>;
  /** The pages that the current snapshot does not name. */
  readonly pages: ReadonlyMap<string, Tarballs>;
  readonly byPath: Tarballs;
}

/** A page of a kept snapshot; its key is another one for each content. */
interface KeptPage {
  readonly key: string;
  readonly read: () => Promise<Tarballs>;
}

/** Looks the kept snapshots up when a path is asked for that the current one does not list. */
export function createKeptTarballs(
  store: Pick<ServedStore, "documents">,
  now: () => number = () => performance.now(),
): KeptTarballs {
  let last: Kept | undefined;
  let reading: Promise<Kept> | undefined;

  async function current(currentId: string): Promise<Kept> {
    // A reading that began before a publish does not answer a question asked after it: then it is read once more.
    while (last?.currentId !== currentId || now() - last.readAt >= MAX_AGE_MS) {
      reading ??= readKept(store, last, { readAt: now(), currentId }).finally(() => {
        reading = undefined;
      });
      try {
        last = await reading;
      } catch (error) {
        if (last === undefined) throw error;
        return last;
      }
    }
    return last;
  }

  return {
    has: async (snapshotId, currentId) => (await current(currentId)).snapshots.has(snapshotId),
    find: async (path, currentId) => (await current(currentId)).byPath.get(path),
  };
}

async function readKept(
  { documents }: Pick<ServedStore, "documents">,
  before: Kept | undefined,
  moment: Pick<Kept, "readAt" | "currentId">,
): Promise<Kept> {
  const snapshots = new Map<string, readonly KeptPage[]>();
  for (const id of await listSnapshotIds(documents)) {
    const header = before?.snapshots.has(id) === true ? undefined : await readHeader({ documents }, id);
    const pages = header === undefined ? before?.snapshots.get(id) : pagesOf(header, documents);
    if (pages !== undefined) snapshots.set(id, pages);
  }
  const isSame = before?.currentId === moment.currentId && before.snapshots.size === snapshots.size;
  if (isSame && snapshots.keys().every((id) => before.snapshots.has(id))) return { ...before, ...moment };
  // What the current snapshot lists is found there; twenty snapshots differ from it by few pages.
  const current = new Set(snapshots.get(moment.currentId)?.map(({ key }) => key));
  const pages = new Map<string, Tarballs>();
  const byPath = new Map<string, FaceTarball>();
  // Ids ascend by time: the newest snapshot that lists a path decides.
  for (const kept of [...snapshots.values()].reverse()) {
    for (const { key, read } of kept) {
      if (current.has(key) || pages.has(key)) continue;
      const tarballs = before?.pages.get(key) ?? (await read());
      pages.set(key, tarballs);
      for (const [path, tarball] of tarballs) if (!byPath.has(path)) byPath.set(path, tarball);
    }
  }
  return { ...moment, snapshots, pages, byPath };
}

function pagesOf({ id, catalogue }: SnapshotHeader, documents: ServedStore["documents"]): KeptPage[] {
  if ("agents" in catalogue) {
    const tarballs = tarballsOf(catalogue);
    return [{ key: id, read: () => Promise.resolve(tarballs) }];
  }
  return catalogue.pages.map((page) => ({
    key: page.sha256,
    read: () => readTarballs(id, page, documents),
  }));
}

async function readTarballs(
  id: string,
  page: PageName,
  documents: ServedStore["documents"],
): Promise<Tarballs> {
  try {
    return tarballsOf({ agents: await agentsOfPage(id, page, (name) => readPage(documents, name)) });
  } catch (error) {
    // Pruned just now: a snapshot's document goes before its pages.
    if ((await readHeader({ documents }, id)) === undefined) return new Map();
    throw error;
  }
}
