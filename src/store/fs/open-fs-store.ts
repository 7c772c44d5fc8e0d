import { join, resolve } from "node:path";
import { type FileHasher, hashThreads } from "../../disk/hash-threads.ts";
import { makeFolder, replaceFile } from "../../disk/durable-write.ts";
import { attempt } from "../../disk/io-error.ts";
import { FORMAT_FILE, STORE_FOLDERS, STORE_FORMAT, formatFormat } from "../layout.ts";
import { MIRROR_REF } from "../../shared/ref-name.ts";
import type { Store } from "../store.ts";
import { fsBlobStore } from "./blobs.ts";
import { fsDocumentStore } from "./documents.ts";
import { inspectPlaces } from "./inspect-places.ts";
import { CACHE_LOCK, type RequireHeld, WRITER_LOCK, fsLease } from "./lease.ts";
import { mendPlaces, moveAside } from "./mend-places.ts";
import { readStoreFormat } from "./open-fs-reader.ts";
import { recoverStore, removeUselessPartials } from "./recover.ts";
import { ensureFaceLink, fsRefStore } from "./refs.ts";
import { fsTreeStore } from "./trees.ts";
import { readFreeBytes } from "../../disk/free-bytes.ts";

export interface FsStoreOptions {
  /**
   * Makes the data directory and its folders where they are missing. Default false: opening writes nothing, works on a
   * read-only medium, and a directory that is missing or empty is a mirror that holds nothing.
   */
  readonly create?: boolean;
  /**
   * `verify`: opens a directory although the file that names its format is damaged. `repair`: as well, and its places are
   * put in order when the lease is taken. Default: for use.
   */
  readonly purpose?: "use" | "verify" | "repair";
  /** The clock for notes that people read. Default the system's. */
  readonly now?: () => Date;
  /** What hashes large blobs. Default: threads of this process. */
  readonly hasher?: FileHasher;
}

/** A store in a folder: it serves plain files, and disks have limits. */
export type FsStore = Store & Required<Pick<Store, "trees" | "places" | "space">>;

/**
 * The store in a folder.
 * @throws JamError JAM_STORE_FORMAT when a newer jam wrote it, JAM_STORE_PERMISSION, JAM_STORE_NO_SPACE, JAM_STORE_IO
 */
export async function openFsStore(dataDir: string, options: FsStoreOptions = {}): Promise<FsStore> {
  const root = resolve(dataDir);
  const now = options.now ?? (() => new Date());
  const format = await readStoreFormat(root, { acceptsNone: (options.purpose ?? "use") !== "use" });
  if (options.create === true) await createFolders(root, format);
  const recover = async (requireHeld: RequireHeld) => {
    if (options.purpose === "repair") await mendPlaces(root);
    await raiseFormat(root);
    return recoverStore(root, requireHeld);
  };
  const lease = fsLease(root, WRITER_LOCK, { now, recover });
  const recoverCache = async () => {
    await removeUselessPartials(root, "cache");
    return undefined;
  };
  const { requireHeld } = lease;
  const setAside = async (path: string) => {
    requireHeld();
    await moveAside(root, path);
  };
  const refs = fsRefStore(root, requireHeld);
  return {
    blobs: fsBlobStore(root, { now, hasher: options.hasher ?? hashThreads }, requireHeld),
    documents: fsDocumentStore(root, requireHeld),
    refs,
    trees: fsTreeStore(root, refs, requireHeld),
    places: { inspect: () => inspectPlaces(root), mend: () => mendPlaces(root), setAside },
    lease,
    cacheLease: fsLease(root, CACHE_LOCK, { now, recover: recoverCache }),
    space: () => attempt(`read the free space of ${root}`, () => readFreeBytes(root)),
  };
}

/** The marker comes last: where it is, everything else was made. */
async function createFolders(root: string, format: number | undefined): Promise<void> {
  await makeFolder(root);
  for (const folder of STORE_FOLDERS) await makeFolder(join(root, folder));
  if (format === undefined) {
    await ensureFaceLink(root, MIRROR_REF);
    await replaceFile(join(root, FORMAT_FILE), Buffer.from(formatFormat(STORE_FORMAT)));
  }
}

/**
 * Notes that what is written from now on may be unknown to an older jam, which then refuses the whole directory. Called by
 * whoever may write, before anything else is written.
 */
async function raiseFormat(root: string): Promise<void> {
  const format = await readStoreFormat(root);
  if (format === undefined || format >= STORE_FORMAT) return;
  for (const folder of STORE_FOLDERS) await makeFolder(join(root, folder));
  await replaceFile(join(root, FORMAT_FILE), Buffer.from(formatFormat(STORE_FORMAT)));
}
