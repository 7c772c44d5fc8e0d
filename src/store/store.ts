import type { FilePart } from "../shared/file-part.ts";
import type { HashOptions, Sha256 } from "../shared/sha256.ts";

/** What the store knows of one blob without reading it. */
export interface BlobStat {
  readonly sha256: Sha256;
  /** Bytes. */
  readonly size: number;
  readonly storedAt: Date;
}

/** Half-open range of bytes: `start` is the first byte, `end` the one after the last. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** Tells whether the bytes of an open blob may have changed. */
export interface BlobIdentity {
  /** Another one as soon as anything wrote to the blob, even when its size and its date are what they were. */
  readonly key: string;
  /** Milliseconds in which a further change may still give the same key, because clocks of disks tick; mostly 0. */
  readonly settleMs: number;
}

/** An open blob. The caller closes it. A stream that has begun ends whole, also when the blob is deleted meanwhile. */
export interface BlobReader {
  /** Bytes. */
  readonly size: number;
  readonly storedAt: Date;
  /**
   * The bytes of `range` in order; all of them without one. What the range names after the end of the blob is left out.
   * Nothing is read before the first piece is requested, and only a bounded amount ahead of the caller; a piece is valid
   * until the next one is requested. Leaving the loop early ends the read. Several streams may run at the same time.
   * @throws JamError JAM_STORE_CORRUPT with `sha256` in its details when the blob ends early or is gone, JAM_STORE_IO
   */
  bytes(range?: ByteRange): AsyncIterable<Uint8Array>;
  /**
   * Fills `buffer` from `position` on; resolves to the bytes read, 0 at the end. Absent where a read in the middle costs
   * a round trip: such a driver is read through `bytes` alone.
   * @throws JamError JAM_STORE_IO
   */
  readAt?(buffer: Uint8Array, position: number): Promise<number>;
  /**
   * The same without waiting, for what the kernel has in memory; undefined when that cannot be told, or the read failed.
   * Absent where a read always waits for something.
   */
  readNow?(buffer: Uint8Array, position: number): number | undefined;
  /**
   * The identity of what is open, looked up now, which takes microseconds. Absent where the bytes of a blob do not change:
   * its size and date then say as much.
   */
  identity?(): BlobIdentity;
  /**
   * SHA-256 of all bytes, worked out in a thread of its own. Absent where the driver has no better way than reading.
   * @throws JamError JAM_STORE_CORRUPT when the blob ends early, JAM_STORE_IO, the reason of the signal
   */
  hash?(options?: HashOptions): Promise<Sha256>;
  close(): Promise<void>;
}

/** Reads what has arrived of a blob that is staged for readers; later, the same bytes of the blob. The caller closes it. */
export interface ArrivingBytes {
  /**
   * Fills `buffer` from `position` on, up to what was told to `onReadable`; resolves to the bytes read.
   * @throws JamError JAM_STORE_IO
   */
  readAt(buffer: Uint8Array, position: number): Promise<number>;
  /** The same without waiting, as `BlobReader.readNow`. */
  readNow?(buffer: Uint8Array, position: number): number | undefined;
  close(): Promise<void>;
}

/** How a blob is staged that others read while it arrives. */
export interface StagedForReaders {
  /** Told how many bytes from the start on can be read. They become fewer only when the blob starts over: then it is 0. */
  readonly onReadable: (bytes: number) => void;
  /**
   * Runs in `commit` when size and hash are right, while the bytes are made durable; the blob is not listed before it has
   * settled. When it rejects, `commit` does with the same reason. Default: nothing.
   */
  readonly onProven?: () => Promise<void>;
}

/**
 * A blob on its way in. Nothing becomes a blob except through `commit`, which compares size and hash first. What came
 * survives a crash as far as the driver keeps it, which may be less than came, or nothing; `received` tells. One staged
 * blob per sha256 at a time; close or commit it.
 */
export interface StagedBlob {
  readonly sha256: Sha256;
  /** Bytes that are here, from this run or an earlier one: the next one to append is at this offset. */
  readonly received: number;
  /** ETag or Last-Modified of the source that `received` came from; undefined when unknown. */
  readonly validator: string | undefined;
  /** Drops what is here and starts at byte 0 with a source identified by `validator`. */
  restart(validator: string | undefined): Promise<void>;
  /**
   * Appends and hashes bytes as they come. A piece may be gone when the next one is requested. When the source breaks off,
   * look at `received` for where to resume.
   * @throws JamError JAM_ITEM_SIZE_MISMATCH as soon as more than `size` bytes came, JAM_STORE_NO_SPACE, JAM_STORE_IO
   */
  append(bytes: AsyncIterable<Uint8Array>, size: number): Promise<void>;
  /**
   * Appends and hashes a part of an open file without bringing its bytes to this thread. Where the part cannot be read it
   * ends early: `received` tells. Several blobs may be copied at the same time. Absent where the driver cannot do that.
   * @param onBytes told of the bytes as they come; what it throws ends the copy
   * @throws JamError JAM_STORE_NO_SPACE, JAM_STORE_IO
   */
  copy?(part: FilePart, onBytes: (bytes: number) => void): Promise<void>;
  /**
   * Turns the staged bytes into the blob: compares, makes them durable, then visible. When it has resolved, a crash of
   * the machine loses nothing.
   * @throws JamError JAM_ITEM_SIZE_MISMATCH, JAM_ITEM_HASH_MISMATCH; then nothing stays staged, and a driver that has a
   *   quarantine keeps a sample
   */
  commit(size: number): Promise<void>;
  /**
   * Opens what can be read of this blob at this moment. Another start of the blob has other bytes; who has opened the
   * earlier ones keeps them. Present where the blob is staged for readers and the driver can read what is not committed.
   * @throws JamError JAM_STORE_CORRUPT when nothing has been received, JAM_STORE_IO
   */
  openArriving?(): Promise<ArrivingBytes>;
  /** Ends this attempt and keeps the bytes for the next one. Safe to call after `commit`, and twice. */
  close(): Promise<void>;
}

/** What is known of a staged blob without opening it. */
export interface StagedStat extends Pick<StagedBlob, "sha256" | "received"> {
  /** When it last grew. */
  readonly changedAt: Date;
}

/** Files that a quarantine keeps. */
export interface QuarantineTotal {
  readonly files: number;
  readonly bytes: number;
}

/** Tarballs by SHA-256. */
export interface BlobStore {
  /** Undefined when there is no such blob. May cost a round trip: ask for many at the same time. */
  stat(sha256: Sha256): Promise<BlobStat | undefined>;
  /** Undefined when there is no such blob. */
  open(sha256: Sha256): Promise<BlobReader | undefined>;
  /**
   * With `readers` for a server that gives the bytes out while they arrive. Its staged blobs are apart from all others: a
   * run of another process may stage the same tarball meanwhile.
   */
  stage(sha256: Sha256, readers?: StagedForReaders): Promise<StagedBlob>;
  /** No error when it is absent already. Call with the lease held. */
  delete(sha256: Sha256): Promise<void>;
  /**
   * Takes a damaged blob, or what else has its place, out of the store; a driver with a quarantine keeps it there for
   * whoever looks for the cause. No error when there is nothing. Call with the lease held.
   */
  setAside(sha256: Sha256): Promise<void>;
  /** Every blob, in no order. */
  list(): AsyncIterable<BlobStat>;
  /** The names of all that may be blobs, in no order and without looking at them; `stat` knows which of them are. */
  names(): Promise<readonly Sha256[]>;
  /** Sizes of those blobs that the store has: `stat` for thousands of them, in as few round trips as possible. */
  sizes(of: Iterable<Sha256>): Promise<ReadonlyMap<Sha256, number>>;
  /**
   * Hashes small blobs together and resolves to those that are whole and did not change meanwhile. The others may be damaged or
   * not: hash them one by one. Undefined when this would not be faster.
   */
  findWhole?(of: readonly Pick<BlobStat, "sha256" | "size">[]): Promise<ReadonlySet<Sha256>>;
  /** What is staged and was not committed yet, in no order; without what has no bytes. Absent where nothing of it stays. */
  listStaged?(): AsyncIterable<StagedStat>;
  /**
   * Drops what is staged and has not grown since `before`. Absent where nothing of it stays. Call with the lease held.
   */
  discardStaged?(before: Date): Promise<void>;
  /** What the quarantine has: damaged blobs, samples of refused bytes, whatever was in the way. Absent without a quarantine. */
  quarantined?(): Promise<QuarantineTotal>;
}

/** Folders of small documents. Names in `upstream` and `catalogue` are SHA-256; the others are ids ending in `.json`. */
export type DocumentKind = "snapshots" | "catalogue" | "upstream" | "history" | "state";

/** Small documents, replaced or created whole and durably: whoever reads one gets all of the old or all of the new. */
export interface DocumentStore {
  get(kind: DocumentKind, name: string): Promise<Uint8Array | undefined>;
  put(kind: DocumentKind, name: string, bytes: Uint8Array): Promise<void>;
  delete(kind: DocumentKind, name: string): Promise<void>;
  /** Names, ascending. */
  list(kind: DocumentKind): Promise<string[]>;
}

/**
 * One file of a published tree: a document's bytes, or a blob by its hash. The path is as a client asks for it below
 * the face's URL: `streams/v1/index2.json`, `agent/3.6.5/…tgz`.
 */
export type TreeFile =
  | {
      readonly path: string;
      readonly bytes: Uint8Array;
      /** A document of a `TreeFolder` of the same tree that has the same bytes: both may be one file. */
      readonly sameAs?: string;
    }
  | { readonly path: string; readonly sha256: Sha256 };

/** A folder of documents that never changes once it is there: trees that contain it can share it. */
export interface TreeFolder {
  readonly folder: string;
  /** Another one where the same folder has other documents. */
  readonly version: string;
  /** Its documents; asked only when no tree to share with has the folder in this version. */
  readonly documents: () => Iterable<{ readonly name: string; readonly bytes: Uint8Array }>;
}

/** How a tree is built next to others. */
export interface TreeOptions {
  /**
   * The tree that the new one takes the place of. What both contain may be shared, and while both are there, each may
   * contain files of the other; under no path does the content ever change. Default none.
   */
  readonly base?: string | undefined;
  /** Paths that must not be found in the new tree, not even because the base has them. Default none. */
  readonly without?: Iterable<string> | undefined;
}

/** A ref's name and what it points at. */
export interface Ref {
  readonly name: string;
  /** The id of what is published. */
  readonly target: string;
}

/**
 * Movable names: what a ref points at is published, `mirror` → snapshot id. Moving it is the one step that readers see,
 * and whoever reads a ref after it moved sees the new target.
 */
export interface RefStore {
  /** The id the ref points at, or undefined. */
  read(name: string): Promise<string | undefined>;
  /**
   * Points the ref at `next` if it still points at `expected`, where undefined means that there is no such ref yet;
   * false when somebody else moved, made or deleted it. Of two at the same time one succeeds at most.
   * @throws JamError JAM_SNAPSHOT_NOT_FOUND when the store keeps trees and has none of the id `next`
   */
  swap(name: string, expected: string | undefined, next: string): Promise<boolean>;
  /**
   * Every ref, by name ascending. What a ref points at is in use.
   * @throws JamError when the target of any of them cannot be read: a list that is not complete would let what is in
   *   use be deleted
   */
  list(): Promise<readonly Ref[]>;
  /** Takes the name away, not what it points at. No error when it is absent. */
  delete(name: string): Promise<void>;
}

/** What a published tree must and may contain. */
export interface TreeExpectation {
  /** What must be there. */
  readonly files: Iterable<TreeFile>;
  /** What may be there as well at a path, for clients of earlier snapshots: one of these. */
  readonly others: (path: string) => readonly TreeFile[];
  /** Also hashes tarballs that are copies instead of links. Default false: their sizes are compared. */
  readonly isDeep?: boolean;
}

/** A difference between a published tree and what it must contain. */
export interface TreeFault {
  /** As a client asks for it below the face's URL. */
  readonly path: string;
  readonly fault: "missing" | "altered" | "extra" | "unreadable";
  /** What was found, for people. */
  readonly how: string;
}

/**
 * Published trees: what a plain web server or `--metadata-source` reads. What a tree was built from stays in it, unchanged,
 * until it is deleted.
 */
export interface TreeStore {
  /**
   * Builds the whole tree, flushed, under `id`, or nothing at all; replaces an unfinished one of a crashed run.
   * A complete tree of that id stays as it is.
   * @throws JamError JAM_STORE_CORRUPT naming a blob that is missing, JAM_METADATA_CONFLICT for an unsafe path or one
   *   with two contents, JAM_STORE_NO_SPACE, JAM_STORE_IO
   */
  build(id: string, parts: Iterable<TreeFile | TreeFolder>, options?: TreeOptions): Promise<void>;
  /** Ids of complete trees, ascending. */
  list(): Promise<string[]>;
  /**
   * Compares a tree with what it must contain, as its readers see it. A tarball that is the same file as its blob counts
   * as right: whoever checks the blob checks it.
   * @throws JamError JAM_STORE_IO
   */
  inspect(id: string, expected: TreeExpectation): Promise<TreeFault[]>;
  /**
   * Deletes a tree, and of what it shares what no other tree needs. No error when it is absent.
   * @throws JamError JAM_USAGE_INVALID when a ref points at it
   */
  delete(id: string): Promise<void>;
}

/** Something that is wrong with a place where a store keeps what it has, whatever the bytes there are. */
export interface PlaceFault {
  /** Relative to the data directory. */
  readonly path: string;
  /**
   * `format`: the version of the store is not named. `missing`: a folder or link is not there. `kind`: something else has
   * its place. `link`: a link points elsewhere. `stray`: it does not belong there. `unreadable`: it could not be looked at.
   * `exposed`: every user can change it. `hidden`: its mode keeps readers out that the data directory lets in. `owner`: it
   * belongs to another user than the data directory.
   */
  readonly fault:
    "format" | "missing" | "kind" | "link" | "stray" | "unreadable" | "exposed" | "hidden" | "owner";
  /** What was found, for people. */
  readonly how: string;
  /** What `mend` does about it, for people; absent where it leaves it alone. */
  readonly remedy?: string;
}

/** The places of a store that are kept in order by name, kind and mode: folders, links, partial files. */
export interface PlaceKeeper {
  /** Changes nothing. */
  inspect(): Promise<PlaceFault[]>;
  /**
   * Puts right what can be put right; nothing that may be of use to anybody is deleted. What fails is left alone: the
   * next inspection finds it. Call with the lease held.
   */
  mend(): Promise<void>;
  /**
   * Moves an entry to where damaged things are kept for whoever looks for the cause; `path` is as `inspect` gives it. No
   * error when it is absent. Call with the lease held.
   */
  setAside(path: string): Promise<void>;
}

/** Who holds a lease, as told to others. */
export interface LeaseHolder {
  readonly host: string;
  readonly pid: number;
  /** The command, as `jam sync`. */
  readonly command: string;
  readonly since: Date;
}

/** The right to write, until it is released or lost. */
export interface Lease {
  /** What had to be put right in the store before anything could be written, for people. */
  readonly note?: string;
  /**
   * Aborted with a JamError JAM_STORE_LOCKED as its reason when somebody else may write, although nothing was released:
   * the lock was taken away, or could not be renewed in time. From then on this opening of the store refuses with the
   * same error to move a ref, to put a document, to build a tree and to delete anything.
   */
  readonly lost: AbortSignal;
  /** Frees the place; looks once more whether it was lost. Safe to call twice. */
  release(): Promise<void>;
}

/** The place of the one who may write. Readers need none. */
export interface WriterLease {
  /**
   * Takes the place, and removes what crashed runs left behind: unfinished trees, temporary files. The lease of a holder
   * that has died is free again, at once where the system tells.
   * @throws JamError JAM_STORE_LOCKED naming the holder, JAM_STORE_COPIED, JAM_STORE_PERMISSION, JAM_STORE_IO
   */
  acquire(command: string): Promise<Lease>;
  /** Who writes at this moment, or undefined. */
  holder(): Promise<LeaseHolder | undefined>;
}

/**
 * The store of one mirror; every driver has this shape, and `test/contract/store` holds every driver to it.
 * What only some places can do is optional, and whoever uses it manages without.
 */
export interface Store {
  readonly blobs: BlobStore;
  readonly documents: DocumentStore;
  readonly refs: RefStore;
  readonly lease: WriterLease;
  /** The place of the one cache server of this store. It does not keep others from writing. */
  readonly cacheLease: WriterLease;
  /** Absent where no plain files are served, as in an object store: refs then move without a tree. */
  readonly trees?: TreeStore;
  /** Absent where there are no places that could be out of order, as in an object store. */
  readonly places?: PlaceKeeper;
  /** Bytes that an ordinary user can still write. Absent where there is no such limit. */
  space?(): Promise<number>;
}
