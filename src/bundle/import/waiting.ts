import type { WaitingBundle } from "../../mirror/status-document.ts";
import type { Store } from "../../store/store.ts";
import { describeLacking, lackingContents } from "./lacking.ts";
import { readPending } from "./pending.ts";

/**
 * Bundles of which something has not arrived yet, the one made first first.
 * @throws JamError JAM_STORE_…
 */
export async function readWaiting(store: Pick<Store, "blobs" | "documents">): Promise<WaitingBundle[]> {
  const waiting: WaitingBundle[] = [];
  for (const pending of await readPending(store.documents)) {
    const { id: bundle, createdAt } = pending.manifest;
    const lacking = await lackingContents(store, pending.manifest);
    const volumes = describeLacking(pending, lacking).flatMap((one) => one.volumes ?? []);
    waiting.push({
      bundle,
      createdAt,
      lacking: lacking.length,
      volumes: [...new Set(volumes)].sort((a, b) => a - b),
    });
  }
  return waiting;
}
