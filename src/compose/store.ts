import type { Config } from "../config/config.ts";
import type { KeyFolder } from "../openpgp/key-folder.ts";
import type { ModeReport } from "../store/fs/inspect-modes.ts";
import type { Store } from "../store/store.ts";

export interface OpenStoreOptions {
  /**
   * Creates the data directory when it is missing. Default false: nothing is written, and a missing directory is an
   * empty mirror.
   */
  readonly create?: boolean;
}

/**
 * The mirror's store.
 * @throws JamError JAM_STORE_…
 */
export async function openStore(
  config: Pick<Config, "data">,
  options: OpenStoreOptions = {},
): Promise<Store> {
  const { openFsStore } = await import("../store/fs/open-fs-store.ts");
  return openFsStore(config.data, options);
}

/**
 * The part of the store that lists what is held. It loads less code than `openStore`, which counts in commands that
 * only read a catalogue.
 * @throws JamError JAM_STORE_…
 */
export async function openReader(config: Pick<Config, "data">): Promise<Pick<Store, "documents" | "refs">> {
  const { openFsReader } = await import("../store/fs/open-fs-reader.ts");
  return openFsReader(config.data);
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
