import type { Sha256 } from "../shared/sha256.ts";
import type { BlobReader, Store } from "../store/store.ts";
import { clearDamage, noteWithdrawn, readDamaged, type DamagedBlob } from "./damaged-blobs.ts";
import { hashBlob, identityOf } from "./hash-blob.ts";
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
    const { isWhole } = await lookAtBlob(store, noted.sha256, signal);
    if (isWhole) await clearDamage(store.documents, noted.sha256);
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

/** Damaged tarballs that no snapshot lists. */
export interface Unlisted {
  readonly hashes: readonly Sha256[];
  /** The snapshots that were kept when this was found out. */
  readonly snapshotIds: readonly string[];
}

/**
 * Damaged tarballs of these that no kept snapshot lists, such as those that clients requested of a cache: no tree has them.
 * None while a snapshot cannot be read, which may list any of them.
 * @throws JamError JAM_STORE_…
 */
export async function findUnlisted(
  { documents }: Pick<Store, "documents">,
  damaged: Iterable<Sha256>,
): Promise<Unlisted> {
  const hashes = [...damaged];
  if (hashes.length === 0) return { hashes, snapshotIds: [] };
  const snapshotIds = await listSnapshotIds(documents);
  const kept = await readKeptSnapshots({ documents });
  if (kept.length < snapshotIds.length) return { hashes: [], snapshotIds };
  const listed = hashesOfKept(kept);
  return { hashes: hashes.filter((sha256) => !listed.has(sha256)), snapshotIds };
}

/** What was seen of a blob that is noted as damaged. */
export interface SeenBlob {
  readonly isWhole: boolean;
  /** As `identityOf`; undefined for what could not be opened. */
  readonly identity: string | undefined;
}

/**
 * Opens and hashes a blob that is noted as damaged. What cannot be read is not whole. Needs no lease.
 * @throws the reason of the signal
 */
export async function lookAtBlob(
  { blobs }: Pick<Store, "blobs">,
  sha256: Sha256,
  signal?: AbortSignal,
): Promise<SeenBlob> {
  let blob: BlobReader | undefined;
  let identity: string | undefined;
  try {
    blob = await blobs.open(sha256);
    if (blob === undefined) return { isWhole: false, identity };
    identity = identityOf(blob);
    const hashed = await hashBlob(blob, signal && { signal });
    return { isWhole: hashed?.sha256 === sha256, identity: hashed?.key ?? identity };
  } catch {
    signal?.throwIfAborted();
    return { isWhole: false, identity };
  } finally {
    await blob?.close();
  }
}

/**
 * Puts a tarball aside that no kept snapshot lists, and deletes its note: from then on it is simply missing. One that is
 * whole stays, and loses its note. `left`: the file or the snapshots are others than those that were looked at, so nothing
 * was done. Hashes nothing, so that the lease is held for a moment only. Call with the lease held.
 * @throws JamError JAM_STORE_…, the reason of the signal
 */
export async function putUnlistedAside(
  store: Pick<Store, "blobs" | "documents">,
  sha256: Sha256,
  {
    seen,
    snapshotIds,
    signal,
  }: Pick<Unlisted, "snapshotIds"> & { readonly seen: SeenBlob; readonly signal: AbortSignal },
): Promise<"aside" | "whole" | "left"> {
  const now = await listSnapshotIds(store.documents);
  if (now.join(" ") !== snapshotIds.join(" ")) return "left";
  if ((await identityNow(store, sha256)) !== seen.identity) return "left";
  signal.throwIfAborted();
  if (!seen.isWhole) await store.blobs.setAside(sha256);
  await clearDamage(store.documents, sha256);
  return seen.isWhole ? "whole" : "aside";
}

async function identityNow({ blobs }: Pick<Store, "blobs">, sha256: Sha256): Promise<string | undefined> {
  const blob = await blobs.open(sha256).catch(() => undefined);
  try {
    return blob && identityOf(blob);
  } finally {
    await blob?.close();
  }
}

/** What no snapshot lists is missing from now on, and who may fetch it does. */
async function forgetUnlisted(
  store: Pick<Store, "documents">,
  damaged: readonly DamagedBlob[],
): Promise<void> {
  const { hashes } = await findUnlisted(
    store,
    damaged.map(({ sha256 }) => sha256),
  );
  for (const sha256 of hashes) await clearDamage(store.documents, sha256);
}
