import type { Config } from "../config/config.ts";
import { readStatus } from "../mirror/read-status.ts";
import type { StatusDocument } from "../mirror/status-document.ts";
import { readLastRuns, type LastRuns } from "../mirror/last-runs.ts";
import { openStore } from "./store.ts";

/**
 * The state of this mirror and the reports of its last runs.
 * @throws JamError JAM_STORE_…
 */
export async function composeStatus(
  { data, mode, store: place }: Pick<Config, "data" | "mode" | "store">,
  { runs }: { readonly runs: number },
): Promise<StatusDocument> {
  const store = await openStore({ store: place });
  return readStatus(store, {
    data,
    mode,
    runs,
    async readWaiting() {
      const notes = await store.documents.list("state");
      // The code that reads manifests takes long to load, and most mirrors wait for nothing.
      if (!notes.some((name) => name.startsWith("pending-bundle-"))) return [];
      const { readWaiting } = await import("../bundle/import/missing.ts");
      return readWaiting(store);
    },
  });
}

/**
 * The last run and the last good one.
 * @throws JamError JAM_STORE_…
 */
export async function composeLastRuns({ store: place }: Pick<Config, "store">): Promise<LastRuns> {
  const store = await openStore({ store: place });
  return readLastRuns(store);
}
