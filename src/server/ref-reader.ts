import { LRUCache } from "lru-cache";
import { readSnapshot } from "../mirror/read-snapshots.ts";
import { withoutVersions, type FaceTarball } from "../mirror/face.ts";
import { snapshotIdOf } from "../mirror/snapshot.ts";
import type { Shown } from "../mirror/shown-offer.ts";
import { JamError, toJamError } from "../shared/errors.ts";
import { MIRROR_REF, type RefName } from "../shared/ref-name.ts";
import type { DamageWatch, Withdrawn } from "./damage-watch.ts";
import type { ServedDocument } from "./document.ts";
import { type KeptTarballs, createKeptTarballs } from "./kept-tarballs.ts";
import { type MirrorView, buildView } from "./mirror-view.ts";
import type { OfferSource, ServedStore } from "./ports.ts";
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
  /** What `current` gives, once it is there; undefined in a round of the event loop in which nobody has looked yet. */
  readonly recent: () => MirrorView | undefined;
  /** A document under its snapshot's own name, of another snapshot than the current `view`'s. */
  readonly keptDocument: (view: MirrorView, path: string) => Promise<ServedDocument | undefined>;
  /** A tarball that the current `view` does not list but a kept snapshot does; the newest that lists it wins. */
  readonly keptTarball: (view: MirrorView, path: string) => Promise<FaceTarball | undefined>;
  /** Why the store could not be read when it was last asked; undefined when all is well. */
  readonly fault: () => JamError | undefined;
}

/** Readers of the refs of a store, one for each ref. All of them share the views that were built. */
export function createRefReaders(
  store: ServedStore,
  { offer, ...shared }: Pick<Shared, "damage" | "graceMs"> & Partial<Pick<Shared, "offer">>,
): (ref: RefName) => RefReader {
  const views = createViews(store);
  const readers = new Map<RefName, RefReader>();
  return (ref) => {
    const reader =
      readers.get(ref) ??
      createRefReader({ store, views, ...shared, offer: ref === MIRROR_REF ? offer : undefined }, ref);
    readers.set(ref, reader);
    return reader;
  };
}

/** What readers of all refs share. */
interface Shared {
  readonly store: ServedStore;
  readonly views: ReturnType<typeof createViews>;
  readonly damage: DamageWatch;
  /** How long a channel serves what it no longer lists, in ms. */
  readonly graceMs: number;
  /** Of the ref that a mirror in cache mode lists its offer with. */
  readonly offer: OfferSource | undefined;
}

interface ViewWanted {
  readonly id: string;
  /** What is damaged. */
  readonly withdrawn: Withdrawn;
  /** Versions that the ref no longer shows of an earlier snapshot. Default none. */
  readonly versions?: ReadonlySet<string>;
  /** What to build it of, where no store keeps that snapshot. */
  readonly shown?: Shown | undefined;
}

/** Nothing is taken out. */
const ALL: ReadonlySet<string> = new Set();

/** Views are built once per snapshot and withdrawal, however many requests wait for one. */
function createViews(store: Pick<ServedStore, "documents">) {
  /** The view that is being built. One at a time: whoever asks for many snapshots lets others in between. */
  let building: Promise<unknown> = Promise.resolve();
  const views = new LRUCache<string, MirrorView, ViewWanted>({
    max: MAX_VIEWS,
    // Whoever waits for a view gets it, also when others took its place meanwhile.
    ignoreFetchAbort: true,
    fetchMethod: (_key, _stale, { context: { id, withdrawn, versions = ALL, shown } }) => {
      const view = building.then(async () => {
        const snapshot = shown?.snapshot ?? (await readSnapshot(store, id));
        return snapshot && buildView(withoutVersions(snapshot, versions), withdrawn, shown?.hidden);
      });
      building = view.catch(() => undefined);
      return view;
    },
  });
  return {
    of: (wanted: ViewWanted) => {
      const { id, withdrawn, versions = ALL } = wanted;
      return views.fetch(`${id} ${withdrawn.key} ${[...versions].sort().join(" ")}`, { context: wanted });
    },
    /** Those that are in memory, the most recently used first. */
    recent: () => [...views.values()],
  };
}

function createRefReader({ store, views, damage, graceMs, offer }: Shared, ref: RefName): RefReader {
  const kept: KeptTarballs = createKeptTarballs(store, { ref, graceMs });
  let last: MirrorView | undefined;
  let lastTree: string | undefined;
  let fault: JamError | undefined;

  async function readCurrent(): Promise<MirrorView> {
    const treeId = await store.refs.read(ref);
    const heldId = treeId === undefined ? undefined : snapshotIdOf(treeId);
    // Both may read notes, and a request for what is not held waits for them.
    const [shown, withdrawn] = await Promise.all([offer?.shown(heldId), damage.look(treeId !== lastTree)]);
    const id = shown?.snapshot.id ?? heldId;
    if (id === undefined) throw last === undefined ? nothingPublished(offer) : refVanished(ref);
    lastTree = treeId;
    if (id === last?.snapshot.id && withdrawn.key === last.withdrawnKey) return last;
    const view = await views.of({ id, withdrawn, shown });
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

  return {
    latest,
    ...oncePerRound(latest),
    ...readKept({ views, damage, offer }, kept),
    fault: () => fault,
  };
}

/** Shares a look at the ref among the requests of one round of the event loop. */
function oncePerRound(latest: RefReader["latest"]): Pick<RefReader, "current" | "recent"> {
  let looking: Promise<MirrorView> | undefined;
  let looked: MirrorView | undefined;
  const keep = async (look: Promise<MirrorView>) => {
    // Whoever asked meets the failure.
    const view = await look.catch(() => undefined);
    if (looking === look) looked = view;
  };
  return {
    current() {
      if (looking !== undefined) return looking;
      const look = latest();
      looking = look;
      void keep(look);
      setImmediate(() => {
        looking = undefined;
        looked = undefined;
      });
      return look;
    },
    recent: () => looked,
  };
}

/** What earlier snapshots listed. */
function readKept(
  { views, damage, offer }: Pick<Shared, "views" | "damage" | "offer">,
  kept: KeptTarballs,
): Pick<RefReader, "keptDocument" | "keptTarball"> {
  return {
    async keptDocument(view, path) {
      const folder = snapshotInPath(path);
      // `<snapshot>.<key>` is the name of a snapshot without what was withdrawn some time.
      const [snapshotId] = folder?.split(".") ?? [];
      if (folder === undefined || snapshotId === undefined) return undefined;
      const ownPath = path.replace(folder, snapshotId);
      if (snapshotId === view.snapshot.id) return view.documents.get(ownPath);
      const withdrawn = await damage.look(false);
      // What is listed in cache mode is kept by no store: the last few are in memory.
      const recent = offer && views.recent().find(({ snapshot: { id } }) => id === snapshotId);
      if (recent !== undefined && recent.withdrawnKey === withdrawn.key) return recent.documents.get(ownPath);
      const versions = await kept.withdrawnOf(snapshotId, view.snapshot.id);
      if (versions === undefined) return undefined;
      return (await views.of({ id: snapshotId, withdrawn, versions }))?.documents.get(ownPath);
    },
    async keptTarball(view, path) {
      const found = await kept.find(path, view.snapshot.id);
      if (found !== undefined || offer === undefined) return found;
      return views
        .recent()
        .map(({ tarballs }) => tarballs.get(path))
        .find((tarball) => tarball !== undefined);
    },
  };
}

/** A client that is told that nothing is here would turn to the internet; it is to come again instead. */
export function upstreamAway(reason?: string): JamError {
  return new JamError("JAM_UPSTREAM_AWAY", "Nothing is held here, and upstream cannot be reached.", {
    hint: "Try again when the connection of this mirror is back; `jam status` there says more.",
    details: reason === undefined ? {} : { reason },
  });
}

function nothingPublished(offer: OfferSource | undefined): JamError {
  if (offer !== undefined) {
    const { failure, reach } = offer.state();
    return upstreamAway(failure?.message ?? reach?.away?.message);
  }
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
