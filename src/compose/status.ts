import type { Config } from "../config/config.ts";
import { nameDamaged } from "../mirror/damaged-blobs.ts";
import { listDamaged } from "../mirror/damaged-list.ts";
import { readBaseline } from "../mirror/read-snapshots.ts";
import { MIRROR_REF } from "../shared/ref-name.ts";
import { readStatus } from "../mirror/read-status.ts";
import type { RunningVersions } from "../mirror/running-versions.ts";
import type { StatusDocument } from "../mirror/status-document.ts";
import { readLastRuns, type LastRuns } from "../mirror/last-runs.ts";
import { openStore } from "./store.ts";

/**
 * The state of this mirror and the reports of its last runs.
 * @throws JamError JAM_STORE_…
 */
export async function composeStatus(
  { data, mode, cache, store: place }: Pick<Config, "data" | "mode" | "cache" | "store">,
  { runs, running }: { readonly runs: number; readonly running?: RunningVersions | undefined },
): Promise<StatusDocument> {
  const store = await openStore({ store: place });
  return readStatus(store, {
    data,
    mode,
    runs,
    running,
    cache: mode === "cache" ? { ...cache, now: new Date() } : undefined,
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

/**
 * Names of the agents whose tarballs are noted as damaged.
 * @throws JamError JAM_STORE_…
 */
export async function listDamagedAgents({ store: place }: Pick<Config, "store">): Promise<readonly string[]> {
  const store = await openStore({ store: place });
  const damaged = await listDamaged(store.documents);
  if (damaged.size === 0) return [];
  const { current } = await readBaseline(store, MIRROR_REF);
  return nameDamaged(damaged, current?.agents ?? []);
}
