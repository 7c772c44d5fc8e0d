import { LRUCache } from "lru-cache";
import { readSnapshot } from "../mirror/read-snapshots.ts";
import type { FaceTarball } from "../mirror/face.ts";
import { snapshotIdOf } from "../mirror/snapshot.ts";
import { JamError, toJamError } from "../shared/errors.ts";
import type { RefName } from "../shared/ref-name.ts";
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
export function createRefReaders(store: ServedStore): (ref: RefName) => RefReader {
  const views = createViews(store);
  const readers = new Map<RefName, RefReader>();
  return (ref) => {
    const reader = readers.get(ref) ?? createRefReader(store, views, ref);
    readers.set(ref, reader);
    return reader;
  };
}

type Views = ReturnType<typeof createViews>;

/** Views are built once per snapshot, however many requests wait for one. */
function createViews(store: Pick<ServedStore, "documents">) {
  /** The view that is being built. One at a time: whoever asks for many snapshots lets others in between. */
  let building: Promise<unknown> = Promise.resolve();
  return new LRUCache<string, MirrorView>({
    max: MAX_VIEWS,
    // Whoever waits for a view gets it, also when others took its place meanwhile.
    ignoreFetchAbort: true,
    fetchMethod: (id) => {
      const view = building.then(async () => {
        const snapshot = await readSnapshot(store, id);
        return snapshot && buildView(snapshot);
      });
      building = view.catch(() => undefined);
      return view;
    },
  });
}

function createRefReader(store: ServedStore, views: Views, ref: RefName): RefReader {
  const kept: KeptTarballs = createKeptTarballs(store);
  let last: MirrorView | undefined;
  let fault: JamError | undefined;

  async function readCurrent(): Promise<MirrorView> {
    const treeId = await store.refs.read(ref);
    if (treeId === undefined) throw last === undefined ? nothingPublished() : refVanished(ref);
    const id = snapshotIdOf(treeId);
    if (id === last?.snapshot.id) return last;
    const view = await views.fetch(id);
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
      const snapshotId = snapshotInPath(path);
      if (snapshotId === undefined || snapshotId === view.snapshot.id) return undefined;
      if (!(await kept.has(snapshotId, view.snapshot.id))) return undefined;
      return (await views.fetch(snapshotId))?.documents.get(path);
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
