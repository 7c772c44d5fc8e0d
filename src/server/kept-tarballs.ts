import { listSnapshotIds, readSnapshot } from "../mirror/read-snapshots.ts";
import { tarballsOf, type FaceTarball } from "../mirror/face.ts";
import type { MirrorView } from "./mirror-view.ts";
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

interface Kept {
  readonly readAt: number;
  /** The snapshot that the ref named then. */
  readonly currentId: string;
  readonly bySnapshot: ReadonlyMap<string, MirrorView["tarballs"]>;
  readonly byPath: ReadonlyMap<string, FaceTarball>;
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
    has: async (snapshotId, currentId) => (await current(currentId)).bySnapshot.has(snapshotId),
    find: async (path, currentId) => (await current(currentId)).byPath.get(path),
  };
}

async function readKept(
  store: Pick<ServedStore, "documents">,
  before: Kept | undefined,
  moment: Pick<Kept, "readAt" | "currentId">,
): Promise<Kept> {
  const ids = await listSnapshotIds(store.documents);
  if (before !== undefined && ids.length === before.bySnapshot.size) {
    if (ids.every((id) => before.bySnapshot.has(id))) return { ...before, ...moment };
  }
  const bySnapshot = new Map<string, MirrorView["tarballs"]>();
  const shared = new Map<string, FaceTarball>();
  for (const id of ids) {
    const tarballs = before?.bySnapshot.get(id) ?? (await readTarballs(store, id));
    if (tarballs !== undefined) bySnapshot.set(id, share(tarballs, shared));
  }
  // Ids ascend by time, so that a newer snapshot's entry replaces an older one's.
  return {
    ...moment,
    bySnapshot,
    byPath: new Map([...bySnapshot.values()].flatMap((tarballs) => [...tarballs])),
  };
}

async function readTarballs(
  store: Pick<ServedStore, "documents">,
  id: string,
): Promise<MirrorView["tarballs"] | undefined> {
  const snapshot = await readSnapshot(store, id);
  return snapshot && tarballsOf(snapshot);
}

/** The same entries, with one object for what several snapshots list alike: twenty snapshots differ little. */
function share(tarballs: MirrorView["tarballs"], shared: Map<string, FaceTarball>): MirrorView["tarballs"] {
  return new Map(
    [...tarballs].map(([path, tarball]) => {
      const key = `${path} ${tarball.sha256}`;
      const known = shared.get(key) ?? tarball;
      shared.set(key, known);
      return [path, known];
    }),
  );
}
