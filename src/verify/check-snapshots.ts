import { pageReader } from "../mirror/catalogue.ts";
import { findNoteFault } from "../mirror/note-sum.ts";
import { listSnapshotIds, readSnapshot } from "../mirror/read-snapshots.ts";
import { snapshotIdOf, type Snapshot } from "../mirror/snapshot.ts";
import { isJamError, toJamError } from "../shared/errors.ts";
import { DOCUMENTS_AT_ONCE, mapConcurrently } from "../shared/map-concurrently.ts";
import type { Ref, Store } from "../store/store.ts";
import type { FindingId, FoundFact } from "./finding.ts";
import type { VerifyDocument } from "./verify-document.ts";

/** A snapshot of which nothing can be checked. */
export type SnapshotFault = VerifyDocument["snapshots"][number];

/** What was found of the snapshots that are kept or shown. */
export interface CheckedSnapshots {
  readonly kept: readonly Snapshot[];
  readonly faults: readonly SnapshotFault[];
  readonly facts: readonly FoundFact[];
}

/**
 * Reads every snapshot that is kept, and those that a ref shows. Of one that is damaged or missing nobody knows which
 * tarballs it lists, so it is a fault of its own.
 * @throws JamError JAM_STORE_IO, JAM_STORE_PERMISSION, JAM_STORE_FORMAT
 */
export async function checkSnapshots(
  store: Pick<Store, "documents" | "refs">,
  refs?: readonly Ref[],
): Promise<CheckedSnapshots> {
  const shown = new Set((refs ?? (await store.refs.list())).map(({ target }) => snapshotIdOf(target)));
  const ids = new Set([...(await listSnapshotIds(store.documents)), ...shown]);
  const kept: Snapshot[] = [];
  const faults: SnapshotFault[] = [];
  const facts: FoundFact[] = [];
  const read = pageReader(store.documents);
  const look = async (id: string): Promise<void> => {
    const isShown = shown.has(id);
    const note = (kind: FindingId, found: string) =>
      facts.push({ kind: isShown ? kind : "snapshot-unreadable", where: `snapshots/${id}.json`, found });
    try {
      const snapshot = await readSnapshot(store, id, { read });
      if (snapshot !== undefined) {
        kept.push(snapshot);
        const how = await findAlteration(store, id);
        if (how !== undefined)
          facts.push({ kind: "snapshot-altered", where: `snapshots/${id}.json`, found: how });
      } else if (isShown) {
        // A prune may have deleted one that no ref shows.
        faults.push({ id, state: "missing", isShown });
        note("snapshot-missing", "it is not there");
      }
    } catch (error) {
      if (!isJamError(error, "JAM_STORE_CORRUPT")) throw error;
      faults.push({ id, state: "damaged", isShown });
      note("snapshot-damaged", toJamError(error).message);
    }
  };
  await mapConcurrently(ids, look, DOCUMENTS_AT_ONCE);
  kept.sort((a, b) => (a.id < b.id ? -1 : 1));
  return { kept, faults, facts };
}

/** Its own document can be read; whether it is the one that was written, its sum tells. */
async function findAlteration(
  { documents }: Pick<Store, "documents">,
  id: string,
): Promise<string | undefined> {
  const bytes = await documents.get("snapshots", `${id}.json`);
  return bytes && findNoteFault(`${id}.json`, bytes, { needsFormat: true });
}
