import type { DocumentStore } from "../store/store.ts";
import { stateDocument } from "./state-document.ts";

/** Who asked for a snapshot to be kept, when and why. */
export interface SnapshotPin {
  /** ISO 8601. */
  readonly at: string;
  /** The user who did it, `USER@HOST`. */
  readonly who: string;
  /** Null where none was given. */
  readonly reason: string | null;
}

/** By the id of the snapshot. */
export type PinnedSnapshots = ReadonlyMap<string, SnapshotPin>;

const note = stateDocument<{ pins: ({ snapshot: string } & SnapshotPin)[] }>({
  name: "pinned-snapshots.json",
  format: "jam-pinned-snapshots:1",
  schema: (zod) =>
    zod.object({
      pins: zod.array(
        zod.object({
          snapshot: zod.string(),
          at: zod.iso.datetime(),
          who: zod.string(),
          reason: zod.string().nullable(),
        }),
      ),
    }),
  damage: {
    what: "The list of pinned snapshots",
    hint: "Restore it from a backup, or delete it and pin the snapshots again. Nothing was deleted.",
  },
});

/**
 * The snapshots that retention keeps because an operator said so.
 * @throws JamError JAM_STORE_CORRUPT when the list cannot be read: a pinned snapshot must not count as unpinned
 */
export async function readPinnedSnapshots(documents: Pick<DocumentStore, "get">): Promise<PinnedSnapshots> {
  const found = await note.read(documents);
  return new Map(found?.pins.map(({ snapshot, ...pin }) => [snapshot, pin]));
}

/**
 * Keeps a snapshot until it is unpinned. A second pin replaces the first, whose reason stays where the second has none.
 * Resolves to what is noted. Call with the lease held.
 */
export async function pinSnapshot(
  documents: Pick<DocumentStore, "get" | "put">,
  id: string,
  pin: SnapshotPin,
): Promise<SnapshotPin> {
  const pins = new Map(await readPinnedSnapshots(documents));
  const noted = { ...pin, reason: pin.reason ?? pins.get(id)?.reason ?? null };
  await write(documents, pins.set(id, noted));
  return noted;
}

/** False when it was not pinned; then nothing is written. Call with the lease held. */
export async function unpinSnapshot(
  documents: Pick<DocumentStore, "get" | "put">,
  id: string,
): Promise<boolean> {
  const pins = new Map(await readPinnedSnapshots(documents));
  if (!pins.delete(id)) return false;
  await write(documents, pins);
  return true;
}

async function write(documents: Pick<DocumentStore, "put">, pins: PinnedSnapshots): Promise<void> {
  await note.write(documents, {
    pins: [...pins].map(([snapshot, { at, who, reason }]) => ({ snapshot, at, who, reason })),
  });
}
