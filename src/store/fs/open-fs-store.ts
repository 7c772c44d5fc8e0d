import { join, resolve } from "node:path";
import { makeFolder, replaceFile } from "../../disk/durable-write.ts";
import { attempt } from "../../disk/io-error.ts";
import { FORMAT_FILE, STORE_FOLDERS, STORE_FORMAT, formatFormat } from "../layout.ts";
import { MIRROR_REF } from "../../shared/ref-name.ts";
import type { Lease, Store } from "../store.ts";
import { fsBlobStore } from "./blobs.ts";
import { fsDocumentStore } from "./documents.ts";
import { acquireWriter, currentWriter } from "./lease.ts";
import { rebuildLinks } from "./rebuild-links.ts";
import { recoverStore } from "./recover.ts";
import { ensureFaceLink, fsRefStore } from "./refs.ts";
import { readStoreFormat } from "./store-format.ts";
import { fsTreeStore } from "./trees.ts";
import { readFreeBytes } from "../../disk/free-bytes.ts";

export interface FsStoreOptions {
  /**
   * Makes the data directory and its folders where they are missing. Default false: opening writes nothing, works on a
   * read-only medium, and a directory that is missing or empty is a mirror that holds nothing.
   */
  readonly create?: boolean;
  /** The clock for notes that people read. Default the system's. */
  readonly now?: () => Date;
}

/**
 * The store in a folder.
 * @throws JamError JAM_STORE_FORMAT when a newer jam wrote it, JAM_STORE_PERMISSION, JAM_STORE_NO_SPACE, JAM_STORE_IO
 */
export async function openFsStore(dataDir: string, options: FsStoreOptions = {}): Promise<Store> {
  const root = resolve(dataDir);
  const now = options.now ?? (() => new Date());
  const format = await readStoreFormat(root);
  if (options.create === true) await createFolders(root, format);
  const refs = fsRefStore(root);
  return {
    blobs: fsBlobStore(root, now),
    documents: fsDocumentStore(root),
    refs,
    trees: fsTreeStore(root, refs),
    acquireWriter: (command) => acquireAndRecover(root, command, now),
    currentWriter: () => currentWriter(root),
    freeBytes: () => attempt(`read the free space of ${root}`, () => readFreeBytes(root)),
    recover: () => recoverStore(root),
  };
}

/** Whoever may write clears away what a killed writer left, whichever command that was. */
async function acquireAndRecover(root: string, command: string, now: () => Date): Promise<Lease> {
  const lease = await acquireWriter(root, command, now);
  try {
    await recoverStore(root);
    const note = await rebuildLinks(root);
    await ensureFaceLink(root, MIRROR_REF);
    return note === undefined ? lease : { ...lease, note };
  } catch (error) {
    await lease.release();
    throw error;
  }
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
