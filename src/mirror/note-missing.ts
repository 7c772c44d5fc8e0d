import { mapConcurrently } from "../shared/map-concurrently.ts";
import type { Store } from "../store/store.ts";
import { contentsOf } from "./contents.ts";
import { noteDamage } from "./damaged-blobs.ts";
import type { Snapshot } from "./snapshot.ts";

/**
 * Notes as damaged what a snapshot lists and is not here in its size, so that its tree is built without that. Nothing may
 * fetch it again: one tarball of a channel must not stop a sync of the mirror, nor the withdrawal of another version. Call
 * with the lease held.
 */
export async function noteMissing(
  store: Pick<Store, "blobs" | "documents">,
  snapshot: Snapshot,
  now: Date,
): Promise<void> {
  await mapConcurrently(contentsOf(snapshot).tarballs, async ({ sha256, size }) => {
    const found = (await store.blobs.stat(sha256))?.size;
    if (found === size) return;
    const how = found === undefined ? "it is missing" : `it has ${found} bytes instead of ${size}`;
    await noteDamage(store.documents, { sha256, how, foundAt: now.toISOString(), foundBy: "jam" });
  });
}
