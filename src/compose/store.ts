import type { Config, StoreConfig } from "../config/config.ts";
import type { KeyFolder } from "../openpgp/key-folder.ts";
import type { ModeReport } from "../store/fs/inspect-modes.ts";
import type { FileHasher } from "../disk/hash-threads.ts";
import type { Store } from "../store/store.ts";

export interface OpenStoreOptions {
  /**
   * Creates the data directory when it is missing. Default false: nothing is written, and a missing directory is an
   * empty mirror.
   */
  readonly create?: boolean;
  /** `verify` and `repair` also open a store that other commands refuse. Default: for use. */
  readonly purpose?: "use" | "verify" | "repair";
  /** What hashes large blobs. Default: threads of this process. */
  readonly hasher?: FileHasher;
}

/** How stores of one kind are opened. */
interface Driver<Kind extends StoreConfig["kind"]> {
  readonly open: (
    store: Extract<StoreConfig, { readonly kind: Kind }>,
    options: OpenStoreOptions,
  ) => Promise<Store>;
  /** As `open`, for reading catalogues only, with less code to load. */
  readonly openReader: (
    store: Extract<StoreConfig, { readonly kind: Kind }>,
  ) => Promise<Pick<Store, "documents" | "refs">>;
}

/** The driver of each kind of store. */
const DRIVERS: { readonly [Kind in StoreConfig["kind"]]: Driver<Kind> } = {
  fs: {
    async open({ path }, options) {
      const { openFsStore } = await import("../store/fs/open-fs-store.ts");
      return openFsStore(path, options);
    },
    async openReader({ path }) {
      const { openFsReader } = await import("../store/fs/open-fs-reader.ts");
      return openFsReader(path);
    },
  },
};

/**
 * The mirror's store.
 * @throws JamError JAM_STORE_…
 */
export async function openStore(
  { store }: Pick<Config, "store">,
  options: OpenStoreOptions = {},
): Promise<Store> {
  return seenThrough(await DRIVERS[store.kind].open(store, options), store);
}

/**
 * The part of the store that lists what is held. It loads less code than `openStore`, which counts in commands that
 * only read a catalogue.
 * @throws JamError JAM_STORE_…
 */
export async function openReader({
  store,
}: Pick<Config, "store">): Promise<Pick<Store, "documents" | "refs">> {
  return seenThrough(await DRIVERS[store.kind].openReader(store), store);
}

/** The store itself, or as the readers of a channel see it. */
async function seenThrough<T extends { readonly refs: Pick<Store["refs"], "read"> }>(
  store: T,
  { ref }: Pick<StoreConfig, "ref">,
): Promise<T> {
  if (ref === undefined) return store;
  const { throughRef } = await import("../mirror/through-ref.ts");
  return throughRef(store, ref);
}

/**
 * What the file modes of a data directory allow other users of this machine.
 * @throws JamError JAM_STORE_…
 */
export async function inspectModes(dataDir: string): Promise<ModeReport> {
  const { inspectModes: inspect } = await import("../store/fs/inspect-modes.ts");
  return inspect(dataDir);
}

/**
 * The keys that sign and verify what is carried over an air gap. The folder may be missing.
 * @throws JamError JAM_CONFIG_INVALID when the folder is inside the data directory
 */
export async function openKeys(config: Pick<Config, "data" | "keys">): Promise<KeyFolder> {
  const { openKeyFolder } = await import("../openpgp/key-folder.ts");
  return openKeyFolder(config.keys, { now: () => new Date(), publicFolder: config.data });
}
