import type { Sha256 } from "../shared/sha256.ts";
import type { Store } from "../store/store.ts";
import { clearDamage, noteWithdrawn, readDamaged, type DamagedBlob } from "./damaged-blobs.ts";
import { hashBlob } from "./hash-blob.ts";
import { hashesOfKept, readKeptSnapshots } from "./kept-contents.ts";
import { listSnapshotIds } from "./read-snapshots.ts";
import { rebuildTrees } from "./rebuild-tree.ts";
import type { RetentionRules } from "./retention.ts";

/**
 * Looks at every tarball that is noted as damaged: hashes those that are here, and deletes the notes of those that are
 * whole. Gives the others. Call with the lease held.
 * @throws JamError JAM_STORE_…
 */
export async function settleDamage(
  store: Pick<Store, "blobs" | "documents">,
  signal?: AbortSignal,
): Promise<DamagedBlob[]> {
  const damaged: DamagedBlob[] = [];
  for (const noted of await readDamaged(store.documents)) {
    if (await isWhole(store, noted.sha256, signal)) await clearDamage(store.documents, noted.sha256);
    else damaged.push(noted);
  }
  return damaged;
}

/**
 * Takes damaged tarballs away from all readers: builds the published trees without them, then puts the damaged files
 * aside, so that they count as missing and the next run that can get them fetches them. What was noted wrongly, or was
 * put right meanwhile, stays. Call with the lease held.
 * @returns the damaged tarballs
 * @throws JamError JAM_STORE_…
 */
export async function withdrawDamaged(
  store: Store,
  run: { readonly retention: RetentionRules; readonly now: Date; readonly signal?: AbortSignal },
): Promise<DamagedBlob[]> {
  const damaged = await settleDamage(store, run.signal);
  const fresh = damaged.filter(({ isWithdrawn }) => !isWithdrawn);
  if (fresh.length > 0) await rebuildTrees(store, run);
  for (const one of fresh) {
    // Killed before this, the next run begins with the trees again.
    await store.blobs.setAside(one.sha256);
    await noteWithdrawn(store.documents, one);
  }
  await forgetUnlisted(store, damaged);
  return damaged;
}

/**
 * Damaged tarballs of these that no kept snapshot lists, such as those that clients requested of a cache: no tree has them.
 * None while a snapshot cannot be read, which may list any of them.
 * @throws JamError JAM_STORE_…
 */
export async function findUnlisted(
  { documents }: Pick<Store, "documents">,
  damaged: Iterable<Sha256>,
): Promise<readonly Sha256[]> {
  const hashes = [...damaged];
  if (hashes.length === 0) return [];
  const ids = await listSnapshotIds(documents);
  const kept = await readKeptSnapshots({ documents });
  if (kept.length < ids.length) return [];
  const listed = hashesOfKept(kept);
  return hashes.filter((sha256) => !listed.has(sha256));
}

/**
 * Puts tarballs aside that no kept snapshot lists, and deletes their notes: from then on they are simply missing. One that
 * is whole stays. Call with the lease held.
 * @returns those that were put aside
 * @throws JamError JAM_STORE_…
 */
export async function putUnlistedAside(
  store: Pick<Store, "blobs" | "documents">,
  damaged: readonly Sha256[],
  signal?: AbortSignal,
): Promise<readonly Sha256[]> {
  const aside: Sha256[] = [];
  for (const sha256 of await findUnlisted(store, damaged)) {
    const whole = await isWhole(store, sha256, signal);
    if (!whole) {
      await store.blobs.setAside(sha256);
      aside.push(sha256);
    }
    await clearDamage(store.documents, sha256);
  }
  return aside;
}

/** What no snapshot lists is missing from now on, and who may fetch it does. */
async function forgetUnlisted(
  store: Pick<Store, "documents">,
  damaged: readonly DamagedBlob[],
): Promise<void> {
  const unlisted = await findUnlisted(
    store,
    damaged.map(({ sha256 }) => sha256),
  );
  for (const sha256 of unlisted) await clearDamage(store.documents, sha256);
}

async function isWhole(
  { blobs }: Pick<Store, "blobs">,
  sha256: Sha256,
  signal?: AbortSignal,
): Promise<boolean> {
  const blob = await blobs.open(sha256);
  if (blob === undefined) return false;
  try {
    return (await hashBlob(blob, signal && { signal }))?.sha256 === sha256;
  } catch {
    signal?.throwIfAborted();
    // What cannot be read is not whole.
    return false;
  } finally {
    await blob.close();
  }
}
