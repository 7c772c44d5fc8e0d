import { pageReader } from "../mirror/catalogue.ts";
import { listSnapshotIds, readSnapshot } from "../mirror/read-snapshots.ts";
import { snapshotIdOf, type Snapshot } from "../mirror/snapshot.ts";
import { isJamError } from "../shared/errors.ts";
import { DOCUMENTS_AT_ONCE, mapConcurrently } from "../shared/map-concurrently.ts";
import type { Store } from "../store/store.ts";
import type { VerifyDocument } from "./verify-document.ts";

/** A snapshot of which nothing can be checked. */
export type SnapshotFault = VerifyDocument["snapshots"][number];

/** What was found of the snapshots that are kept or shown. */
export interface CheckedSnapshots {
  readonly kept: readonly Snapshot[];
  readonly faults: readonly SnapshotFault[];
}

/**
 * Reads every snapshot that is kept, and those that a ref shows. Of one that is damaged or missing nobody knows which
 * tarballs it lists, so it is a fault of its own.
 * @throws JamError JAM_STORE_IO, JAM_STORE_PERMISSION, JAM_STORE_FORMAT
 */
export async function checkSnapshots(store: Pick<Store, "documents" | "refs">): Promise<CheckedSnapshots> {
  const shown = new Set((await store.refs.list()).map(({ target }) => snapshotIdOf(target)));
  const ids = new Set([...(await listSnapshotIds(store.documents)), ...shown]);
  const pages = pageReader(store.documents);
  const read = async (id: string): Promise<Snapshot | SnapshotFault | undefined> => {
    const isShown = shown.has(id);
    try {
      const snapshot = await readSnapshot(store, id, { read: pages });
      // A prune may have deleted one that no ref shows.
      return snapshot ?? (isShown ? { id, state: "missing", isShown } : undefined);
    } catch (error) {
      if (!isJamError(error, "JAM_STORE_CORRUPT")) throw error;
      return { id, state: "damaged", isShown };
    }
  };
  const found = (await mapConcurrently(ids, read, DOCUMENTS_AT_ONCE)).filter((one) => one !== undefined);
  return {
    kept: found.filter((one) => "agents" in one),
    faults: found.filter((one): one is SnapshotFault => !("agents" in one)),
  };
}
