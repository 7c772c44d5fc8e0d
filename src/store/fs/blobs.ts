import { type Stats, fstatSync, readdirSync } from "node:fs";
import { type FileHandle, lstat } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { listNames, removeFile } from "../../disk/durable-write.ts";
import { type FileHasher, HashThreadError } from "../../disk/hash-threads.ts";
import { attempt, attemptUnlessAbsent, lstatOrNothing, toStoreError } from "../../disk/io-error.ts";
import { isAbsent, systemCode, JamError } from "../../shared/errors.ts";
import { type HashOptions, hashPieces, parseSha256, type Sha256 } from "../../shared/sha256.ts";
import { blobFolder, blobPath, parsePartialName, partialPaths } from "../layout.ts";
import type { BlobIdentity, BlobReader, BlobStat, BlobStore, ByteRange } from "../store.ts";
import type { RequireHeld } from "./lease.ts";
import { putAside, quarantineTotal } from "./quarantine.ts";
import { QuickReads } from "./quick-reads.ts";
import { type OpenedFile, SharedFiles } from "./shared-files.ts";
import { openStagedBlob } from "./staged-blob.ts";
import { READ_BYTES } from "../../shared/limits.ts";

type FindWhole = NonNullable<BlobStore["findWhole"]>;

/**
 * Blobs as files `blobs/sha256/ab/<sha256>`, mode 0444. Anything else at such a path (a link, a pipe, a folder) and any
 * other name counts as absent: it is never read, and the next commit of that blob takes its place.
 */
export function fsBlobStore(
  root: string,
  { now, hasher }: { readonly now: () => Date; readonly hasher: FileHasher },
  requireHeld: RequireHeld,
): BlobStore {
  const staged = new Set<string>();
  const context = { hasher, quick: new QuickReads(root), files: new SharedFiles() };
  return {
    stat: async (sha256) => statBlob(root, sha256),
    open: (sha256) => openBlob(root, sha256, context),
    async stage(sha256, readers) {
      const by = readers === undefined ? "run" : "cache";
      const key = `${sha256} ${by}`;
      if (staged.has(key)) throw new JamError("JAM_INTERNAL", `Blob ${sha256} is staged already.`);
      staged.add(key);
      try {
        const place = { root, now, quick: context.quick, onClose: () => staged.delete(key) };
        return await openStagedBlob(place, sha256, { by, readers });
      } catch (error) {
        staged.delete(key);
        throw error;
      }
    },
    async delete(sha256) {
      requireHeld();
      await removeFile(join(root, blobPath(sha256)));
    },
    async setAside(sha256) {
      requireHeld();
      await putAside(root, sha256);
    },
    list: () => listBlobs(root),
    names: async () => (await Array.fromAsync(namesByFolder(root))).flat(),
    sizes: (of) => sizesOf(root, of),
    ...(hasher.areWhole && { findWhole: (of: Parameters<FindWhole>[0]) => findWhole(root, hasher, of) }),
    listStaged: () => listStaged(root),
    async discardStaged(before) {
      requireHeld();
      await discardStaged(root, before);
    },
    quarantined: () => quarantineTotal(root),
  };
}

async function* listStaged(root: string): ReturnType<NonNullable<BlobStore["listStaged"]>> {
  for (const name of await listNames(join(root, "partial"))) {
    const parsed = parsePartialName(name);
    if (parsed?.part !== "bytes") continue;
    const path = join(root, "partial", name);
    const stat = await attemptUnlessAbsent(`read ${path}`, () => lstat(path));
    if (stat?.isFile() === true && stat.size > 0)
      yield { sha256: parsed.sha256, received: stat.size, changedAt: stat.mtime };
  }
}

/** Drops staged bytes that have not grown since; the note on their source goes after them. */
async function discardStaged(root: string, before: Date): Promise<void> {
  for (const name of await listNames(join(root, "partial"))) {
    const parsed = parsePartialName(name);
    if (parsed?.part !== "bytes") continue;
    const path = join(root, "partial", name);
    const stat = await attemptUnlessAbsent(`read ${path}`, () => lstat(path));
    if (stat === undefined || stat.mtime >= before) continue;
    const paths = partialPaths(parsed.sha256, parsed.by);
    await removeFile(join(root, paths.bytes));
    await removeFile(join(root, paths.source));
  }
}

/**
 * What is at the blob's path. One synchronous system call takes 3 µs, a turn through the thread pool 40 µs and more:
 * planning asks for thousands of blobs in a row.
 */
function statBlob(root: string, sha256: Sha256): BlobStat | undefined {
  const stat = lstatOrNothing(`${root}/${blobPath(sha256)}`);
  return stat && toBlobStat(sha256, stat);
}

function toBlobStat(sha256: Sha256, stat: Stats): BlobStat | undefined {
  return stat.isFile() ? { sha256, size: stat.size, storedAt: stat.mtime } : undefined;
}

async function* listBlobs(root: string): AsyncGenerator<BlobStat> {
  for await (const names of namesByFolder(root)) {
    for (const sha256 of names) {
      const stat = statBlob(root, sha256);
      if (stat !== undefined) yield stat;
    }
  }
}

/** Looks at the disk in a row before others have their turn: some milliseconds. */
const LOOKS_IN_A_ROW = 500;

async function sizesOf(root: string, of: Iterable<Sha256>): Promise<ReadonlyMap<Sha256, number>> {
  const sizes = new Map<Sha256, number>();
  let looks = 0;
  for (const sha256 of of) {
    if ((looks += 1) % LOOKS_IN_A_ROW === 0) await setImmediate();
    const stat = lstatOrNothing(`${root}/${blobPath(sha256)}`);
    if (stat?.isFile() === true) sizes.set(sha256, stat.size);
  }
  return sizes;
}

async function findWhole(
  root: string,
  hasher: FileHasher,
  of: Parameters<FindWhole>[0],
): Promise<ReadonlySet<Sha256>> {
  try {
    const files = of.map(({ sha256, size }) => ({ path: `${root}/${blobPath(sha256)}`, size, sha256 }));
    const isWhole = (await hasher.areWhole?.(files)) ?? [];
    return new Set(of.flatMap(({ sha256 }, at) => (isWhole[at] === true ? [sha256] : [])));
  } catch (error) {
    // A thread that failed says nothing of the files.
    if (error instanceof HashThreadError) return new Set();
    throw error;
  }
}

/** Names of blobs, folder by folder; others may run between two folders. Read synchronously, as `statBlob` is. */
async function* namesByFolder(root: string): AsyncGenerator<readonly Sha256[]> {
  for (const prefix of (await listNames(join(root, "blobs/sha256"))).sort()) {
    if (!/^[0-9a-f]{2}$/.test(prefix)) continue;
    await setImmediate();
    yield namesIn(join(root, "blobs/sha256", prefix)).flatMap((name) => {
      const sha256 = parseSha256(name);
      return sha256 !== undefined && blobFolder(sha256).endsWith(`/${prefix}`) ? [sha256] : [];
    });
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    if (isAbsent(error)) return [];
    throw toStoreError(error, `list ${folder}`);
  }
}

/** The blob's file, opened without following a link and without waiting for the writer of a pipe. */
async function openBlob(
  root: string,
  sha256: Sha256,
  context: Omit<OpenBlob, "path" | "opened">,
): Promise<BlobReader | undefined> {
  const path = join(root, blobPath(sha256));
  try {
    const opened = await context.files.open(path);
    return opened && new FsBlobReader(sha256, { path, opened, ...context });
  } catch (error) {
    // ELOOP: a link; ENXIO: a socket.
    if (isAbsent(error) || systemCode(error) === "ELOOP" || systemCode(error) === "ENXIO") return undefined;
    throw toStoreError(error, `open ${path}`);
  }
}

/** A blob's file that is open, and what reads it. */
interface OpenBlob {
  readonly path: string;
  readonly opened: OpenedFile;
  readonly files: SharedFiles;
  readonly hasher: FileHasher;
  readonly quick: QuickReads;
}

/** A smaller blob is hashed in about the time that it takes to tell a thread of it. */
const SMALL_BYTES = 2 ** 17;

/** The kernel's clock for files ticks every 10 ms or faster. */
const TICK_MS = 25;
/** Where dates have whole seconds (some network file systems), or two (FAT). */
const COARSE_TICK_MS = 2_100;

class FsBlobReader implements BlobReader {
  readonly size: number;
  readonly storedAt: Date;
  readonly #sha256: Sha256;
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #close: () => Promise<void>;
  readonly #hasher: FileHasher;
  readonly #quick: QuickReads;

  constructor(sha256: Sha256, { path, opened, hasher, quick }: OpenBlob) {
    this.size = opened.size;
    this.storedAt = opened.changedAt;
    this.#sha256 = sha256;
    this.#path = path;
    this.#file = opened.file;
    this.#close = opened.close;
    this.#hasher = hasher;
    this.#quick = quick;
  }

  async *bytes({ start, end }: ByteRange = { start: 0, end: this.size }): AsyncGenerator<Uint8Array> {
    const stop = Math.min(end, this.size);
    if (start >= stop) return;
    const buffer = Buffer.allocUnsafeSlow(Math.min(READ_BYTES, stop - start));
    for (let position = start; position < stop;) {
      const wanted = buffer.subarray(0, Math.min(buffer.length, stop - position));
      const count = await this.readAt(wanted, position);
      if (count === 0) throw this.#endsEarly(position);
      position += count;
      yield wanted.subarray(0, count);
    }
  }

  async readAt(buffer: Uint8Array, position: number): Promise<number> {
    let done = 0;
    try {
      while (done < buffer.length) {
        const { bytesRead } = await this.#file.read(buffer, done, buffer.length - done, position + done);
        done += bytesRead;
        if (bytesRead === 0 || position + done >= this.size) break;
      }
    } catch (error) {
      throw toStoreError(error, `read ${this.#path}`);
    }
    return done;
  }

  readNow(buffer: Uint8Array, position: number): number | undefined {
    return this.#quick.read({ sha256: this.#sha256, fd: this.#file.fd }, buffer, position);
  }

  identity(): BlobIdentity {
    try {
      const { dev, ino, size, mtimeNs, ctimeNs } = fstatSync(this.#file.fd, { bigint: true });
      const tickMs = ctimeNs % 1_000_000_000n === 0n ? COARSE_TICK_MS : TICK_MS;
      const ageMs = Date.now() - Number(ctimeNs / 1_000_000n);
      // A clock that was set back, or another machine's: no change is older than one tick from now.
      const settleMs = Math.max(0, tickMs - Math.max(0, ageMs));
      return { key: `${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}`, settleMs };
    } catch (error) {
      throw toStoreError(error, `read ${this.#path}`);
    }
  }

  async hash({ onBytes, signal }: HashOptions = {}): Promise<Sha256> {
    if (this.size <= SMALL_BYTES) return this.#hashHere({ onBytes, signal });
    try {
      const { digest, read } = await this.#hasher.hash(this.#file.fd, this.size, { onBytes, signal });
      if (digest === undefined) throw this.#endsEarly(read);
      return digest;
    } catch (error) {
      signal?.throwIfAborted();
      // A thread that failed says nothing of the file.
      if (error instanceof HashThreadError) return this.#hashHere({ signal });
      throw toStoreError(error, `read ${this.#path}`);
    }
  }

  async #hashHere(options: HashOptions): Promise<Sha256> {
    return (await hashPieces(this.bytes(), options)).sha256;
  }

  close(): Promise<void> {
    return attempt(`close ${this.#path}`, this.#close);
  }

  #endsEarly(position: number): JamError {
    return new JamError(
      "JAM_STORE_CORRUPT",
      `Blob ${this.#sha256} ends at byte ${position} instead of ${this.size}.`,
      {
        hint: `Delete ${this.#path}, then run \`jam sync\` to fetch it again.`,
        details: { sha256: this.#sha256, path: this.#path, position, size: this.size },
      },
    );
  }
}

/** The kind of thing a blob must be before a tree may link to it. */
export async function isBlobFile(path: string): Promise<boolean> {
  const stat = await attemptUnlessAbsent(`read ${path}`, () => lstat(path));
  return stat?.isFile() ?? false;
}
