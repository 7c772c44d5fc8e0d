import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type FsStore, type FsStoreOptions, openFsStore } from "../../src/store/fs/open-fs-store.ts";

/** A store in a folder of its own, which goes when the scope ends: `await using store = await temporaryStore()`. */
export interface TemporaryStore extends FsStore, AsyncDisposable {
  /** The data directory. */
  readonly path: string;
}

/** An empty store in a new folder below the system's temporary one, or below `parent`. */
export async function temporaryStore(
  options: FsStoreOptions & { readonly parent?: string } = {},
): Promise<TemporaryStore> {
  const path = await mkdtemp(join(options.parent ?? tmpdir(), "jam-store-"));
  const store = await openFsStore(path, { create: true, ...options });
  return {
    ...store,
    path,
    // A server that has just ended may still write a note.
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true, maxRetries: 3 }),
  };
}
