import { z } from "zod";
import { MIRROR_REF, type RefName } from "../shared/ref-name.ts";
import type { Store } from "../store/store.ts";
import { snapshotIdOf, type Snapshot } from "./snapshot.ts";
import { stateDocuments } from "./state-document.ts";

/** A snapshot that a ref has shown, and since when. */
export interface ShownSnapshot {
  readonly id: string;
  readonly since: Date;
}

/** A ref: what it shows, and what it has shown before. */
export interface ShownRef {
  readonly name: RefName;
  /** The tree that it points at. */
  readonly treeId: string;
  /** In this ref's own order, oldest first, as far back as is known; the last one is shown now. */
  readonly order: readonly ShownSnapshot[];
}

const MOVES_KEPT = 100;

/**
 * What a ref was pointed at, for every ref but the mirror's: that one shows a new snapshot at each move, and each
 * snapshot names the one before it.
 */
const moves = stateDocuments({
  prefix: "ref-moves-",
  format: "jam-ref-moves:1",
  schema: z.object({ moves: z.array(z.object({ snapshot: z.string(), at: z.iso.datetime() })) }),
  damage: "absent",
});

/**
 * Notes that a ref is about to be moved. Called before it is: killed in between, the old snapshot is still the one that
 * the ref names, and the next note takes this one's place.
 */
export async function noteMove(
  documents: Pick<Store["documents"], "get" | "put">,
  ref: RefName,
  move: { readonly from: string | undefined; readonly to: string; readonly at: Date },
): Promise<void> {
  if (ref === MIRROR_REF || move.from === move.to) return;
  const note = moves.of(ref);
  const at = move.at.toISOString();
  const known = (await note.read(documents))?.moves ?? [];
  const made = known.slice(0, known.findLastIndex(({ snapshot }) => snapshot === move.from) + 1);
  const earlier = made.length === 0 && move.from !== undefined ? [{ snapshot: move.from, at }] : made;
  await note.write(documents, { moves: [...earlier, { snapshot: move.to, at }].slice(-MOVES_KEPT) });
}

/**
 * Every ref that points at a tree.
 * @param snapshots every snapshot that is kept
 * @throws JamError JAM_STORE_… when one of them cannot be read: what it shows must not count as unused
 */
export async function readRefs(
  { refs, documents }: Pick<Store, "refs" | "documents">,
  snapshots: readonly Snapshot[],
): Promise<ShownRef[]> {
  const byId = new Map(snapshots.map((snapshot) => [snapshot.id, snapshot]));
  const shown: ShownRef[] = [];
  for (const { name, target } of await refs.list()) {
    const id = snapshotIdOf(target);
    const noted = (await moves.of(name).read(documents))?.moves ?? [];
    const made = noted.slice(0, noted.findLastIndex(({ snapshot }) => snapshot === id) + 1);
    const order = made.map(({ snapshot, at }) => ({ id: snapshot, since: new Date(at) }));
    // The store has checked the name.
    shown.push({
      name: name as RefName,
      treeId: target,
      order: order.length > 0 ? order : ancestors(id, byId),
    });
  }
  return shown;
}

/** A snapshot and those before it, oldest first, as far as they are kept. */
function ancestors(id: string, byId: ReadonlyMap<string, Snapshot>): ShownSnapshot[] {
  const chain: ShownSnapshot[] = [];
  const seen = new Set<string>();
  let next = byId.get(id);
  while (next !== undefined && !seen.has(next.id)) {
    seen.add(next.id);
    chain.unshift({ id: next.id, since: new Date(next.createdAt) });
    next = next.parent === undefined ? undefined : byId.get(next.parent);
  }
  return chain;
}
