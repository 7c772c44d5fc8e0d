import type { WaitingBundle } from "../../mirror/status-document.ts";
import type { Store } from "../../store/store.ts";
import { describeMissing, missingContents } from "./missing.ts";
import { readPending } from "./pending-bundles.ts";

/**
 * Bundles of which something has not arrived yet, the one made first first.
 * @throws JamError JAM_STORE_…
 */
export async function readWaiting(store: Pick<Store, "blobs" | "documents">): Promise<WaitingBundle[]> {
  const waiting: WaitingBundle[] = [];
  for (const pending of await readPending(store.documents)) {
    const { id: bundle, createdAt } = pending.manifest;
    const missing = await missingContents(store, pending.manifest);
    const volumes = describeMissing(pending, missing).flatMap((one) => one.volumes ?? []);
    waiting.push({
      bundle,
      createdAt,
      lacking: missing.length,
      volumes: [...new Set(volumes)].sort((a, b) => a - b),
    });
  }
  return waiting;
}
