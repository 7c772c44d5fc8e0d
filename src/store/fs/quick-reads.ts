import { readSync, statfsSync } from "node:fs";

/** A read that took longer waited for something, be it only for the processor: what is in memory is copied in a tenth of it. */
const SLOW_MS = 4;
/** A file that the disk had to be waited for is read with waiting for so long. */
const COLD_MS = 1_000;

/**
 * File systems on disks of this machine: ext, xfs, btrfs, f2fs, tmpfs, overlayfs. On those of a network or of another
 * process (NFS, SMB, FUSE, 9p) a read may wait without an end, and with it everything that its thread does.
 * Source: linux/magic.h.
 */
const LOCAL = new Set([0xef53, 0x58465342, 0x9123683e, 0xf2f52010, 0x01021994, 0x794c7630]);

/**
 * Reads what the kernel has in memory, in the calling thread: a turn through the thread pool costs more than the copy.
 * No system call of Node tells what is in memory; a slow read shows that something was not, and for a while no more of
 * that file is read like this. So a cold disk holds its callers up for one read a second and file.
 */
export class QuickReads {
  readonly #root: string;
  readonly #coldUntil = new Map<string, number>();
  #diskReads = process.resourceUsage().fsRead;
  #isLocal: boolean | undefined;

  constructor(root: string) {
    this.#root = root;
  }

  /** Bytes read, 0 at the end; undefined when the read would have to wait, or failed. */
  read(
    { sha256, fd }: { readonly sha256: string; readonly fd: number },
    buffer: Uint8Array,
    position: number,
  ): number | undefined {
    this.#isLocal ??= isLocal(this.#root);
    if (!this.#isLocal) return undefined;
    const startedAt = performance.now();
    const coldUntil = this.#coldUntil.get(sha256);
    if (coldUntil !== undefined) {
      if (startedAt < coldUntil) return undefined;
      this.#coldUntil.delete(sha256);
    }
    try {
      const count = readSync(fd, buffer, 0, buffer.length, position);
      const now = performance.now();
      if (now - startedAt > SLOW_MS && this.#hasReadDisk()) this.#coldUntil.set(sha256, now + COLD_MS);
      return count;
    } catch {
      return undefined;
    }
  }

  /** True when this process had something read from a disk since it was last asked. */
  #hasReadDisk(): boolean {
    const before = this.#diskReads;
    this.#diskReads = process.resourceUsage().fsRead;
    return this.#diskReads !== before;
  }
}

function isLocal(folder: string): boolean {
  try {
    return process.platform === "linux" && LOCAL.has(statfsSync(folder).type);
  } catch {
    return false;
  }
}
