import type { Agent } from "../juju/agent.ts";
import { agentsOfPage, readPage } from "../mirror/catalogue.ts";
import type { PageName } from "../mirror/catalogue-page.ts";
import { listSnapshotIds, readHeader } from "../mirror/read-snapshots.ts";
import { tarballsOf, type FaceTarball } from "../mirror/face.ts";
import { readRef } from "../mirror/refs.ts";
import { gracedIn } from "../mirror/retention.ts";
import { snapshotIdOf } from "../mirror/snapshot.ts";
import type { SnapshotHeader } from "../mirror/snapshot-document.ts";
import { MIRROR_REF, type RefName } from "../shared/ref-name.ts";
import type { ServedStore } from "./ports.ts";

/** How old the list of kept snapshots may be, in ms, while the current one stays the same; pruning is rare. */
const MAX_AGE_MS = 5_000;

/** What the snapshots that are kept beside the current one still promise to clients that hold an older index. */
export interface KeptTarballs {
  /**
   * The versions that the ref no longer shows of this snapshot; undefined when it shows nothing of it. Asks the store after a
   * publish and else at most every five seconds.
   */
  readonly withdrawnOf: (snapshotId: string, currentId: string) => Promise<ReadonlySet<string> | undefined>;
  /** The tarball of a path in the newest kept snapshot that lists it. */
  readonly find: (path: string, currentId: string) => Promise<FaceTarball | undefined>;
}

/** Whose earlier snapshots are kept. */
export interface KeptFor {
  readonly ref: RefName;
  /** How long a channel serves what it no longer lists, in ms. The mirror serves whatever it keeps. */
  readonly graceMs: number;
}

/** Tarballs by path. */
type Tarballs = ReadonlyMap<string, FaceTarball>;

interface Kept {
  readonly readAt: number;
  /** The snapshot that the ref named then. */
  readonly currentId: string;
  /** Versions that the ref no longer shows of any snapshot. */
  readonly withdrawn: ReadonlySet<string>;
  /** The pages of each snapshot that is kept, oldest first; undefined for one that this ref has not shown. */
  readonly snapshots: ReadonlyMap<string, readonly KeptPage[] | undefined>;
  /** The pages that the current snapshot does not name. */
  readonly pages: ReadonlyMap<string, Tarballs>;
  readonly byPath: Tarballs;
}

/** A page of a kept snapshot; its key is another one for each content. */
interface KeptPage {
  readonly key: string;
  readonly read: () => Promise<Tarballs>;
}

type KeptStore = Pick<ServedStore, "documents" | "refs">;

/** Looks the kept snapshots up when a path is asked for that the current one does not list. */
export function createKeptTarballs(
  store: KeptStore,
  keptFor: KeptFor,
  now: () => number = () => performance.now(),
): KeptTarballs {
  let last: Kept | undefined;
  let reading: Promise<Kept> | undefined;

  async function current(currentId: string): Promise<Kept> {
    // A reading that began before a publish does not answer a question asked after it: then it is read once more.
    while (last?.currentId !== currentId || now() - last.readAt >= MAX_AGE_MS) {
      reading ??= readKept(store, last, { ...keptFor, readAt: now(), currentId }).finally(() => {
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
    async withdrawnOf(snapshotId, currentId) {
      const { snapshots, withdrawn } = await current(currentId);
      return snapshots.get(snapshotId) === undefined ? undefined : withdrawn;
    },
    find: async (path, currentId) => (await current(currentId)).byPath.get(path),
  };
}

async function readKept(
  store: KeptStore,
  known: Kept | undefined,
  { ref, graceMs, ...moment }: KeptFor & Pick<Kept, "readAt" | "currentId">,
): Promise<Kept> {
  const { documents } = store;
  const { ids, withdrawn } = await promisedBy(store, { ref, graceMs });
  const before = known?.withdrawn.symmetricDifference(withdrawn).size === 0 ? known : undefined;
  const snapshots = new Map<string, readonly KeptPage[] | undefined>();
  for (const id of ids) {
    const header = before?.snapshots.has(id) === true ? undefined : await readHeader({ documents }, id);
    // What only a channel has shown is not the mirror's.
    const isOther = ref === MIRROR_REF && header?.curated !== undefined;
    const isKnown = header === undefined && before?.snapshots.has(id) === true;
    if (isOther) snapshots.set(id, undefined);
    else if (isKnown) snapshots.set(id, before.snapshots.get(id));
    else if (header !== undefined) snapshots.set(id, pagesOf(header, { documents, withdrawn }));
  }
  const isSame = before?.currentId === moment.currentId && before.snapshots.size === snapshots.size;
  if (isSame && snapshots.keys().every((id) => before.snapshots.has(id))) return { ...before, ...moment };
  // What the current snapshot lists is found there; twenty snapshots differ from it by few pages.
  const current = new Set(snapshots.get(moment.currentId)?.map(({ key }) => key));
  const pages = new Map<string, Tarballs>();
  const byPath = new Map<string, FaceTarball>();
  // Ids ascend by time: the newest snapshot that lists a path decides.
  for (const kept of [...snapshots.values()].reverse()) {
    for (const { key, read } of kept ?? []) {
      if (current.has(key) || pages.has(key)) continue;
      const tarballs = before?.pages.get(key) ?? (await read());
      pages.set(key, tarballs);
      for (const [path, tarball] of tarballs) if (!byPath.has(path)) byPath.set(path, tarball);
    }
  }
  return { ...moment, withdrawn, snapshots, pages, byPath };
}

/** Snapshots, ascending, of which the ref serves what it no longer lists; its current one is among them. */
async function promisedBy(
  store: KeptStore,
  { ref, graceMs }: KeptFor,
): Promise<Pick<Kept, "withdrawn"> & { readonly ids: readonly string[] }> {
  if (ref === MIRROR_REF) return { ids: await listSnapshotIds(store.documents), withdrawn: new Set() };
  const now = new Date();
  const shown = await readRef(store, ref, new Date(now.getTime() - graceMs));
  if (shown === undefined) return { ids: [], withdrawn: new Set() };
  const ids = gracedIn(shown, { graceMs, now }).add(snapshotIdOf(shown.treeId));
  return { ids: [...ids].sort(), withdrawn: shown.withdrawn };
}

/** What tarballs are read from, and what is left out. */
interface PageSource {
  readonly documents: ServedStore["documents"];
  readonly withdrawn: ReadonlySet<string>;
}

function listed(agents: readonly Agent[], { withdrawn }: PageSource): Tarballs {
  return tarballsOf({ agents: agents.filter(({ version }) => !withdrawn.has(version)) });
}

function pagesOf({ id, catalogue }: SnapshotHeader, source: PageSource): KeptPage[] {
  if ("agents" in catalogue) {
    const tarballs = listed(catalogue.agents, source);
    return [{ key: id, read: () => Promise.resolve(tarballs) }];
  }
  return catalogue.pages.map((page) => ({
    key: page.sha256,
    read: () => readTarballs(id, page, source),
  }));
}

async function readTarballs(id: string, page: PageName, source: PageSource): Promise<Tarballs> {
  const { documents } = source;
  try {
    return listed(await agentsOfPage(id, page, (name) => readPage(documents, name)), source);
  } catch (error) {
    // Pruned just now: a snapshot's document goes before its pages.
    if ((await readHeader({ documents }, id)) === undefined) return new Map();
    throw error;
  }
}
