import { LRUCache } from "lru-cache";
import { readSnapshot } from "../mirror/current.ts";
import { MIRROR_REF, snapshotIdOf } from "../mirror/snapshot.ts";
import { JamError, toJamError } from "../shared/errors.ts";
import type { ServedDocument } from "./document.ts";
import { type KeptTarballs, createKeptTarballs } from "./kept-tarballs.ts";
import { type MirrorView, type Tarball, buildView } from "./mirror-view.ts";
import type { ServedStore } from "./ports.ts";
import { snapshotInPath } from "./target.ts";

/** The current snapshot, the one before it, and two that clients with an old index still ask for. */
const MAX_VIEWS = 4;

/** What the server reads the mirror's content through. */
export interface Mirror {
  /**
   * The view of the snapshot that the ref names now; the last good one while the store cannot be read.
   * @throws JamError JAM_MIRROR_EMPTY while nothing was ever published, JAM_STORE_… while nothing could be read yet
   */
  readonly current: () => Promise<MirrorView>;
  /** A document under its snapshot's own name, of another snapshot than the current `view`'s. */
  readonly keptDocument: (view: MirrorView, path: string) => Promise<ServedDocument | undefined>;
  /** A tarball that the current `view` does not list but a kept snapshot does; the newest that lists it wins. */
  readonly keptTarball: (view: MirrorView, path: string) => Promise<Tarball | undefined>;
  /** Why the store could not be read when it was last asked; undefined when all is well. */
  readonly fault: () => JamError | undefined;
}

/** The mirror in a store. Views are built once per snapshot, however many requests wait for one. */
export function createMirror(store: ServedStore): Mirror {
  /** The view that is being built. One at a time: whoever asks for many snapshots lets others in between. */
  let building: Promise<unknown> = Promise.resolve();
  const views = new LRUCache<string, MirrorView>({
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
  const kept: KeptTarballs = createKeptTarballs(store);
  let last: MirrorView | undefined;
  let fault: JamError | undefined;

  async function readCurrent(): Promise<MirrorView> {
    const treeId = await store.refs.read(MIRROR_REF);
    if (treeId === undefined) throw last === undefined ? nothingPublished() : refVanished();
    const id = snapshotIdOf(treeId);
    if (id === last?.snapshot.id) return last;
    const view = await views.fetch(id);
    if (view === undefined) throw snapshotVanished(id);
    return view;
  }

  return {
    async current() {
      try {
        last = await readCurrent();
        fault = undefined;
      } catch (error) {
        fault = toJamError(error);
        if (last === undefined) throw fault;
      }
      return last;
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
    hint: "Run `jam sync` on the machine that holds this mirror.",
  });
}

function refVanished(): JamError {
  return new JamError("JAM_STORE_IO", `The ref ${MIRROR_REF} is gone; was the data directory unmounted?`, {
    hint: "Check that the data directory is mounted and readable. The last good snapshot is served until then.",
    details: { ref: MIRROR_REF },
  });
}

function snapshotVanished(id: string): JamError {
  return new JamError(
    "JAM_STORE_CORRUPT",
    `The ref ${MIRROR_REF} names snapshot ${id}, which is not there.`,
    {
      hint: "Run `jam sync` to publish a fresh snapshot.",
      details: { ref: MIRROR_REF, snapshot: id },
    },
  );
}
