import { asWriter } from "../mirror/as-writer.ts";
import { hashesOfKept, readKeptSnapshots } from "../mirror/kept-contents.ts";
import { readKeptPlans } from "../mirror/kept-plans.ts";
import { readPins } from "../mirror/pins.ts";
import { FREE_RESERVE_BYTES } from "../mirror/space.ts";
import { formatAgentName } from "../juju/agent.ts";
import { isJamError } from "../shared/errors.ts";
import type { Sha256 } from "../shared/sha256.ts";
import type { Store } from "../store/store.ts";
import type { CachedLedger } from "./cached-ledger.ts";

/** What room is made in. */
export interface RoomWork {
  readonly store: Store;
  readonly ledger: CachedLedger;
  /** `cache.quota`: bytes that cached tarballs may have; undefined is no limit but the disk. */
  readonly quota: number | undefined;
  /** Told for each tarball that was evicted. */
  readonly onEvicted: (sha256: Sha256, size: number) => void;
}

/** A tarball that is wanted, and what must not go for it. */
export interface RoomWanted {
  /** Bytes that are going to be stored, of this tarball and of those that are on their way. */
  readonly bytes: number;
  /** Tarballs that are on their way: noted already, and not in the store yet. */
  readonly arriving: ReadonlySet<Sha256>;
}

/**
 * True when there is room for these bytes within the quota and on the disk, after the least recently used tarballs
 * have been evicted where that was needed. What a snapshot lists, a bundle needs or a plan asked for always stays. False
 * also while another run writes: then nothing can be deleted.
 * @throws JamError JAM_STORE_…
 */
export async function makeRoom(work: RoomWork, { bytes, arriving }: RoomWanted): Promise<boolean> {
  const { store, ledger, quota = Infinity } = work;
  if (bytes > quota) return false;
  const free = (await store.space?.()) ?? Infinity;
  const missingOnDisk = bytes + FREE_RESERVE_BYTES - free;
  // What snapshots list does not count, but finding that out means to read them: mostly it is not needed.
  if (missingOnDisk <= 0 && sizeOf(ledger, arriving) + bytes <= quota) return true;
  const kept = await readProtected(store, ledger);
  const evictable = [...ledger.blobs]
    .filter(([sha256]) => !kept.has(sha256) && !arriving.has(sha256))
    .sort(([, one], [, other]) => Date.parse(one.usedAt) - Date.parse(other.usedAt));
  const cached = evictable.reduce((sum, [, { size }]) => sum + size, 0);
  const excess = Math.max(missingOnDisk, cached + bytes - quota);
  if (excess <= 0) return true;
  if (cached < excess) return false;
  return evict(work, evictable, excess);
}

function sizeOf({ blobs }: CachedLedger, without: ReadonlySet<Sha256>): number {
  return [...blobs].reduce((sum, [sha256, { size }]) => sum + (without.has(sha256) ? 0 : size), 0);
}

/** What may not be evicted, whatever it is in addition to being cached. */
async function readProtected(store: Store, { blobs }: CachedLedger): Promise<ReadonlySet<Sha256>> {
  const listed = hashesOfKept(await readKeptSnapshots(store));
  const pinned = await readPins(store.documents);
  const planned = new Set((await readKeptPlans(store.documents)).agents);
  const wished = [...blobs]
    .filter(([, { agents }]) => agents.some((agent) => planned.has(formatAgentName(agent))))
    .map(([sha256]) => sha256);
  return new Set([...listed, ...pinned, ...wished]);
}

/** Bytes before their note: what has a note and no bytes counts as nothing. */
async function evict(
  { store, ledger, onEvicted }: RoomWork,
  candidates: readonly (readonly [Sha256, { readonly size: number }])[],
  bytes: number,
): Promise<boolean> {
  let freed = 0;
  const run = { command: "jam serve", onNote: () => undefined };
  try {
    await asWriter(store, run, async () => {
      // Somebody may have listed or pinned some of it before the lease was here.
      const kept = await readProtected(store, ledger);
      for (const [sha256, { size }] of candidates) {
        if (freed >= bytes) return;
        if (kept.has(sha256)) continue;
        await store.blobs.delete(sha256);
        ledger.drop(sha256);
        freed += size;
        onEvicted(sha256, size);
      }
    });
  } catch (error) {
    if (!isJamError(error, "JAM_STORE_LOCKED")) throw error;
  }
  return freed >= bytes;
}
