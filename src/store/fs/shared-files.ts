import { constants, lstatSync } from "node:fs";
import { type FileHandle, lstat, open } from "node:fs/promises";

/** A file that is open for everybody who reads it now. */
interface SharedFile {
  readonly file: FileHandle;
  readonly dev: bigint;
  readonly ino: bigint;
  users: number;
}

/** A file as one of its readers has it. */
export interface OpenedFile {
  readonly file: FileHandle;
  /** Bytes when it was opened for this reader. */
  readonly size: number;
  readonly changedAt: Date;
  /** The descriptor is closed when all its readers are gone. */
  readonly close: () => Promise<void>;
}

/** What of a file tells whether it is the one that is open already. */
interface Seen {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly size: bigint;
  readonly mtime: Date;
  isFile(): boolean;
}

/**
 * Opens each file once, however many read it at the same time: an upgrade of a fleet is thousands of downloads of a few
 * tarballs, and open files are limited. What is at the path is looked at for each reader: a file that took the place of
 * the one that is open is opened on its own.
 */
export class SharedFiles {
  readonly #open = new Map<string, SharedFile>();

  /**
   * The regular file at a path, without following a link and without waiting for the writer of a pipe; undefined for
   * anything else. Close it.
   * @throws the system's error
   */
  async open(path: string): Promise<OpenedFile | undefined> {
    if (this.#open.has(path)) {
      const seen = await lstat(path, { bigint: true });
      const shared = this.#shared(path, seen);
      if (shared !== undefined) return this.#use(path, shared, seen);
      if (!seen.isFile()) return undefined;
    }
    // A turn through the thread pool takes longer, and in cache mode a request upstream waits for it.
    if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return undefined;
    const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
    const file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    try {
      const seen = await file.stat({ bigint: true });
      // Somebody else may have opened it meanwhile.
      const before = this.#shared(path, seen);
      const shared = before ?? { file, dev: seen.dev, ino: seen.ino, users: 0 };
      const used = seen.isFile() ? this.#use(path, shared, seen) : undefined;
      if (shared.file !== file || used === undefined) await file.close();
      return used;
    } catch (error) {
      await file.close().catch(() => undefined);
      throw error;
    }
  }

  /** The file that is open for this path, when it is still the one that was seen there. */
  #shared(path: string, { dev, ino }: Seen): SharedFile | undefined {
    const shared = this.#open.get(path);
    // As long as a file is open, no other one gets its number.
    return shared?.dev === dev && shared.ino === ino ? shared : undefined;
  }

  #use(path: string, shared: SharedFile, { size, mtime }: Seen): OpenedFile {
    shared.users++;
    this.#open.set(path, shared);
    let isClosed = false;
    return {
      file: shared.file,
      size: Number(size),
      changedAt: mtime,
      close: async () => {
        if (isClosed) return;
        isClosed = true;
        if (--shared.users > 0) return;
        if (this.#open.get(path) === shared) this.#open.delete(path);
        await shared.file.close();
      },
    };
  }
}
