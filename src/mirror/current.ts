import type { Store } from "../store/store.ts";
import { JamError } from "../shared/errors.ts";
import { MIRROR_REF, parseSnapshot, snapshotIdOf, type Snapshot } from "./snapshot.ts";

/** The part of a store that is needed to know what the mirror shows. */
export interface MirrorReader {
  readonly refs: Pick<Store["refs"], "read">;
  readonly documents: Pick<Store["documents"], "get">;
}

/** The snapshot that the mirror shows now; undefined before the first sync. */
export async function readCurrentSnapshot(store: MirrorReader): Promise<Snapshot | undefined> {
  const treeId = await store.refs.read(MIRROR_REF);
  return treeId === undefined ? undefined : readSnapshot(store, snapshotIdOf(treeId));
}

/** Ids of all snapshots that are kept, oldest first. */
export async function listSnapshotIds(documents: Pick<Store["documents"], "list">): Promise<string[]> {
  return (await documents.list("snapshots")).map((name) => name.replace(/\.json$/, ""));
}

/** A snapshot by id; undefined when it is not kept (any more). */
export async function readSnapshot(
  store: Pick<MirrorReader, "documents">,
  id: string,
): Promise<Snapshot | undefined> {
  const bytes = await store.documents.get("snapshots", `${id}.json`);
  return bytes === undefined ? undefined : parseSnapshot(bytes, id);
}

/**
 * The snapshot that the mirror shows now.
 * @throws JamError JAM_MIRROR_EMPTY before the first sync
 */
export async function requireCurrentSnapshot(store: MirrorReader, dataDir: string): Promise<Snapshot> {
  const snapshot = await readCurrentSnapshot(store);
  if (snapshot !== undefined) return snapshot;
  throw new JamError("JAM_MIRROR_EMPTY", `${dataDir} holds no agents yet.`, {
    hint: "Run `jam sync` first (behind an air gap `jam bundle import`), or name the right folder with --data or `data:` in jam.yaml.",
    details: { data: dataDir },
  });
}
