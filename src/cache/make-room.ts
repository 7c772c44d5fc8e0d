import { asWriter } from "../mirror/as-writer.ts";
import type { CachedBlob } from "../mirror/cached-blobs.ts";
import { hashesOfKept, readKeptSnapshots } from "../mirror/kept-contents.ts";
import { readKeptPlans } from "../mirror/kept-plans.ts";
import { readPinnedContents } from "../mirror/pinned-contents.ts";
import { FREE_RESERVE_BYTES } from "../mirror/space.ts";
import { formatAgentName } from "../juju/agent.ts";
import { isJamError } from "../shared/errors.ts";
import type { Sha256 } from "../shared/sha256.ts";
import type { Store } from "../store/store.ts";
import { CACHE_WRITER } from "./cache-writer.ts";
import type { CachedLedger } from "./cached-ledger.ts";

/** What room is made in. */
export interface RoomWork {
  readonly store: Store;
  readonly ledger: CachedLedger;
  /** Bytes that cached tarballs may have; undefined: only the disk limits them. */
  readonly quota: number | undefined;
  /** Whether a tarball from this upstream counts for this quota. Default: all count. */
  readonly isCounted?: (upstream: string | undefined) => boolean;
  /** Told for each tarball that was evicted. */
  readonly onEvicted: (sha256: Sha256, size: number) => void;
}

/** Tarballs that are wanted, and what must not go for them. */
export interface RoomWanted {
  /** Bytes of tarballs that are on their way and count for the quota. */
  readonly bytes: number;
  /**
   * Whether a tarball is on its way, or was when `bytes` were counted: perhaps noted already, and not in the store yet. Asked
   * anew after each wait, because others begin to come meanwhile.
   */
  readonly isArriving: (sha256: Sha256) => boolean;
}

/** What is known when a tarball begins to come. */
export interface ComingBytes extends RoomWanted {
  /** Bytes of all tarballs that are on their way. */
  readonly allBytes: number;
  /** What the disk has left; undefined without a limit. */
  readonly free: number | undefined;
}

/** Whether something may have to be evicted before these bytes can be stored: for the disk, or because the quota is exceeded. */
export function mustEvictFirst(work: RoomWork, coming: ComingBytes): boolean {
  return missingOnDisk(coming) > 0 || sizeOf(work, coming) > (work.quota ?? Infinity);
}

/**
 * True when these bytes may be stored as they come. For the disk the least recently used tarballs are evicted now, and
 * for the quota only what is above it already: what is on its way has not come yet, and may never do. False also where
 * something has to be evicted for them while another run writes: then nothing can be deleted.
 * @throws JamError JAM_STORE_…
 */
export async function prepareRoom(work: RoomWork, coming: ComingBytes): Promise<boolean> {
  const { store, quota = Infinity } = work;
  const { bytes } = coming;
  if (bytes > quota) return false;
  // What snapshots list does not count, but finding that out means to read them: mostly it is not needed.
  if (missingOnDisk(coming) <= 0 && sizeOf(work, coming) + bytes <= quota) return true;
  if (!mustEvictFirst(work, coming)) return !(await isOtherWriting(store));
  const evictable = await readEvictable(work, coming);
  const missing = missingOnDisk(coming);
  if (sumOf(evictable) < missing) return false;
  const counted = countedOf(work, evictable);
  const excess = Math.max(0, sumOf(counted) - quota);
  if (excess > 0 && !(await evict(work, coming, { candidates: counted, bytes: excess }))) return false;
  // The disk is for all of them; what the quota demanded is free there, too.
  return missing <= excess || evict(work, coming, { candidates: evictable, bytes: missing - excess });
}

/** A run that takes long. The cache server itself writes for some milliseconds, when it evicts or accepts an offer. */
async function isOtherWriting({ lease }: Store): Promise<boolean> {
  const holder = await lease.holder();
  return holder !== undefined && holder.command !== CACHE_WRITER.command;
}

function missingOnDisk({ allBytes, free = Infinity }: ComingBytes): number {
  return allBytes + FREE_RESERVE_BYTES - free;
}

/**
 * Evicts the least recently used tarballs as far as the quota demands it for these bytes. What a snapshot lists, a bundle
 * needs or a plan asked for always stays. False where that is not possible, also while another run writes.
 * @throws JamError JAM_STORE_…
 */
export async function makeRoom(work: RoomWork, wanted: RoomWanted): Promise<boolean> {
  const { quota = Infinity } = work;
  const { bytes } = wanted;
  if (sizeOf(work, wanted) + bytes <= quota) return true;
  const evictable = countedOf(work, await readEvictable(work, wanted));
  const cached = sumOf(evictable);
  const excess = cached + bytes - quota;
  return excess <= 0 || evict(work, wanted, { candidates: evictable, bytes: Math.min(excess, cached) });
}

type Evictable = readonly (readonly [Sha256, Pick<CachedBlob, "size" | "upstream">])[];

function countedOf({ isCounted = () => true }: RoomWork, evictable: Evictable): Evictable {
  return evictable.filter(([, { upstream }]) => isCounted(upstream));
}

/** The least recently used first. */
async function readEvictable({ store, ledger }: RoomWork, { isArriving }: RoomWanted): Promise<Evictable> {
  const kept = await readProtected(store, ledger);
  for (const sha256 of [...ledger.blobs.keys()].filter((one) => !isArriving(one))) {
    const isHere = (await store.blobs.stat(sha256)) !== undefined;
    // Another run put it aside because it was damaged.
    if (!isHere && !isArriving(sha256)) ledger.drop(sha256);
  }
  return [...ledger.blobs]
    .filter(([sha256]) => !kept.has(sha256) && !isArriving(sha256))
    .sort(([, one], [, other]) => Date.parse(one.usedAt) - Date.parse(other.usedAt));
}

function sumOf(evictable: Evictable): number {
  return evictable.reduce((sum, [, { size }]) => sum + size, 0);
}

/** Of what counts for the quota. */
function sizeOf({ ledger, isCounted = () => true }: RoomWork, { isArriving }: RoomWanted): number {
  return [...ledger.blobs].reduce(
    (sum, [sha256, { size, upstream }]) => sum + (isArriving(sha256) || !isCounted(upstream) ? 0 : size),
    0,
  );
}

/** What may not be evicted, whatever it is in addition to being cached. */
async function readProtected(store: Store, { blobs }: CachedLedger): Promise<ReadonlySet<Sha256>> {
  const listed = hashesOfKept(await readKeptSnapshots(store));
  const pinned = await readPinnedContents(store.documents);
  const planned = new Set((await readKeptPlans(store.documents)).agents);
  const wished = [...blobs]
    .filter(([, { agents }]) => agents.some((agent) => planned.has(formatAgentName(agent))))
    .map(([sha256]) => sha256);
  return new Set([...listed, ...pinned, ...wished]);
}

/** Bytes before their note: what has a note and no bytes counts as nothing. */
async function evict(
  { store, ledger, onEvicted }: RoomWork,
  { isArriving }: RoomWanted,
  { candidates, bytes }: { readonly candidates: Evictable; readonly bytes: number },
): Promise<boolean> {
  let freed = 0;
  try {
    await asWriter(store, CACHE_WRITER, async () => {
      // Somebody may have listed or pinned some of it before the lease was here.
      const kept = await readProtected(store, ledger);
      for (const [sha256, { size }] of candidates) {
        if (freed >= bytes) return;
        // One that comes once more has a new note.
        if (kept.has(sha256) || !ledger.blobs.has(sha256) || isArriving(sha256)) continue;
        await store.blobs.delete(sha256);
        if (!isArriving(sha256)) ledger.drop(sha256);
        freed += size;
        onEvicted(sha256, size);
      }
    });
  } catch (error) {
    if (!isJamError(error, "JAM_STORE_LOCKED")) throw error;
  } finally {
    if (freed > 0) ledger.save();
  }
  return freed >= bytes;
}
