import { LRUCache } from "lru-cache";
import { readSnapshot } from "../mirror/read-snapshots.ts";
import type { FaceTarball } from "../mirror/face.ts";
import { snapshotIdOf } from "../mirror/snapshot.ts";
import { JamError, toJamError } from "../shared/errors.ts";
import type { RefName } from "../shared/ref-name.ts";
import type { DamageWatch, Withdrawn } from "./damage-watch.ts";
import type { ServedDocument } from "./document.ts";
import { type KeptTarballs, createKeptTarballs } from "./kept-tarballs.ts";
import { type MirrorView, buildView } from "./mirror-view.ts";
import type { ServedStore } from "./ports.ts";
import { snapshotInPath } from "./target.ts";

/** The current snapshot, the one before it, and two that clients with an old index still ask for. */
const MAX_VIEWS = 4;

/** What a face reads the content of its ref through. */
export interface RefReader {
  /**
   * The view of the snapshot that the ref names now; the last good one while the store cannot be read.
   * @throws JamError JAM_MIRROR_EMPTY while nothing was ever published, JAM_STORE_… while nothing could be read yet
   */
  readonly latest: () => Promise<MirrorView>;
  /**
   * The same, with one look at the ref for all requests of one round of the event loop, which takes some milliseconds.
   * A snapshot that is published meanwhile is seen in the next round.
   * @throws JamError as `latest`
   */
  readonly current: () => Promise<MirrorView>;
  /** A document under its snapshot's own name, of another snapshot than the current `view`'s. */
  readonly keptDocument: (view: MirrorView, path: string) => Promise<ServedDocument | undefined>;
  /** A tarball that the current `view` does not list but a kept snapshot does; the newest that lists it wins. */
  readonly keptTarball: (view: MirrorView, path: string) => Promise<FaceTarball | undefined>;
  /** Why the store could not be read when it was last asked; undefined when all is well. */
  readonly fault: () => JamError | undefined;
}

/** Readers of the refs of a store, one for each ref. All of them share the views that were built. */
export function createRefReaders(store: ServedStore, damage: DamageWatch): (ref: RefName) => RefReader {
  const views = createViews(store);
  const readers = new Map<RefName, RefReader>();
  return (ref) => {
    const reader = readers.get(ref) ?? createRefReader({ store, views, damage }, ref);
    readers.set(ref, reader);
    return reader;
  };
}

/** What readers of all refs share. */
interface Shared {
  readonly store: ServedStore;
  readonly views: ReturnType<typeof createViews>;
  readonly damage: DamageWatch;
}

/** Views are built once per snapshot and withdrawal, however many requests wait for one. */
function createViews(store: Pick<ServedStore, "documents">) {
  /** The view that is being built. One at a time: whoever asks for many snapshots lets others in between. */
  let building: Promise<unknown> = Promise.resolve();
  const views = new LRUCache<string, MirrorView, { id: string; withdrawn: Withdrawn }>({
    max: MAX_VIEWS,
    // Whoever waits for a view gets it, also when others took its place meanwhile.
    ignoreFetchAbort: true,
    fetchMethod: (_key, _stale, { context: { id, withdrawn } }) => {
      const view = building.then(async () => {
        const snapshot = await readSnapshot(store, id);
        return snapshot && buildView(snapshot, withdrawn);
      });
      building = view.catch(() => undefined);
      return view;
    },
  });
  return (id: string, withdrawn: Withdrawn) =>
    views.fetch(`${id} ${withdrawn.key}`, { context: { id, withdrawn } });
}

function createRefReader({ store, views, damage }: Shared, ref: RefName): RefReader {
  const kept: KeptTarballs = createKeptTarballs(store);
  let last: MirrorView | undefined;
  let lastTree: string | undefined;
  let fault: JamError | undefined;

  async function readCurrent(): Promise<MirrorView> {
    const treeId = await store.refs.read(ref);
    if (treeId === undefined) throw last === undefined ? nothingPublished() : refVanished(ref);
    const id = snapshotIdOf(treeId);
    const withdrawn = await damage.look(treeId !== lastTree);
    lastTree = treeId;
    if (id === last?.snapshot.id && withdrawn.key === last.withdrawnKey) return last;
    const view = await views(id, withdrawn);
    if (view === undefined) throw snapshotVanished(ref, id);
    return view;
  }

  async function latest(): Promise<MirrorView> {
    try {
      last = await readCurrent();
      fault = undefined;
    } catch (error) {
      fault = toJamError(error);
      if (last === undefined) throw fault;
    }
    return last;
  }

  let recent: Promise<MirrorView> | undefined;
  return {
    latest,
    current() {
      if (recent === undefined) {
        recent = latest();
        setImmediate(() => (recent = undefined));
      }
      return recent;
    },
    async keptDocument(view, path) {
      const folder = snapshotInPath(path);
      // `<snapshot>.<key>` is the name of a snapshot without what was withdrawn some time.
      const [snapshotId] = folder?.split(".") ?? [];
      if (folder === undefined || snapshotId === undefined) return undefined;
      const ownPath = path.replace(folder, snapshotId);
      if (snapshotId === view.snapshot.id) return view.documents.get(ownPath);
      if (!(await kept.has(snapshotId, view.snapshot.id))) return undefined;
      return (await views(snapshotId, await damage.look(false)))?.documents.get(ownPath);
    },
    keptTarball: (view, path) => kept.find(path, view.snapshot.id),
    fault: () => fault,
  };
}

function nothingPublished(): JamError {
  return new JamError("JAM_MIRROR_EMPTY", "Nothing has been published yet.", {
    hint: "Run `jam sync` on the machine of this mirror.",
  });
}

function refVanished(ref: RefName): JamError {
  return new JamError("JAM_STORE_IO", `The ref ${ref} is missing; was the data directory unmounted?`, {
    hint: "Check that the data directory is mounted and readable. The last good snapshot is served until then.",
    details: { ref },
  });
}

function snapshotVanished(ref: RefName, id: string): JamError {
  return new JamError("JAM_STORE_CORRUPT", `The ref ${ref} names snapshot ${id}, which is missing.`, {
    hint: "Run `jam sync` to publish a fresh snapshot.",
    details: { ref, snapshot: id },
  });
}
