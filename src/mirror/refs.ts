import { defined } from "../shared/collections.ts";
import { MIRROR_REF, type RefName } from "../shared/ref-name.ts";
import type { Store } from "../store/store.ts";
import { readHeader, readHeaders, unlessDamaged, type MirrorReader } from "./read-snapshots.ts";
import { snapshotIdOf, type SnapshotEnvelope } from "./snapshot.ts";
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
  /** Versions that none of its earlier snapshots shows any longer: they were withdrawn from the ref. */
  readonly withdrawn: ReadonlySet<string>;
  /** Snapshots that rollbacks of a channel lead to, the nearest one last. Absent where that is not noted. */
  readonly rollbacks?: readonly string[];
}

/** What the order of snapshots is read from. */
type NamedSnapshot = Pick<SnapshotEnvelope, "id" | "createdAt" | "parent">;

const MOVES_KEPT = 100;

/**
 * What a ref was pointed at. The mirror's ref has no such note until it is switched to an earlier snapshot: until then it
 * shows a new snapshot at each move, and each snapshot names the one before it.
 */
const moves = stateDocuments({
  prefix: "ref-moves-",
  format: "jam-ref-moves:1",
  schema: (zod) =>
    zod.object({
      moves: zod.array(
        zod.object({
          snapshot: zod.string(),
          at: zod.iso.datetime(),
          rollbacks: zod.array(zod.string()).exactOptional(),
        }),
      ),
      withdrawn: zod.array(zod.string()).exactOptional(),
    }),
  damage: "absent",
});

/** A ref that is about to point at another snapshot. */
export interface RefMove {
  readonly from: string | undefined;
  readonly to: string;
  readonly at: Date;
  /** True where `to` was made for this move and names `from` as its parent. */
  readonly isNew: boolean;
  /** Versions that are withdrawn from the ref with this move. Default: as before. */
  readonly withdrawn?: Iterable<string> | undefined;
  /** Where rollbacks lead after this move, the nearest one last. */
  readonly rollbacks?: readonly string[] | undefined;
}

/**
 * Notes that a ref is about to be moved. Called before it is: killed in between, the old snapshot is still the one that
 * the ref names, and the next note takes this one's place.
 */
export async function noteMove(
  store: Pick<Store, "refs" | "documents">,
  ref: RefName,
  move: RefMove,
): Promise<void> {
  if (move.from === move.to) return;
  const note = moves.of(ref);
  const { moves: noted, withdrawn } = (await note.read(store.documents)) ?? {};
  if (noted === undefined && ref === MIRROR_REF && move.isNew) return;
  const at = move.at.toISOString();
  const known = noted ?? (move.from === undefined ? [] : await orderUntilNow(store, ref));
  const made = known.slice(0, known.findLastIndex(({ snapshot }) => snapshot === move.from) + 1);
  const earlier = made.length === 0 && move.from !== undefined ? [{ snapshot: move.from, at }] : made;
  const rollbacks = move.rollbacks?.slice(-MOVES_KEPT);
  // Of earlier moves only the last one may still count: when this one does not happen.
  const before = earlier.map((one, index) =>
    index === earlier.length - 1 ? one : { snapshot: one.snapshot, at: one.at },
  );
  await note.write(store.documents, {
    moves: [...before, { snapshot: move.to, at, ...defined({ rollbacks }) }].slice(-MOVES_KEPT),
    ...defined({ withdrawn: move.withdrawn === undefined ? withdrawn : [...move.withdrawn] }),
  });
}

/** What a ref without a note has shown, as its snapshots tell. */
async function orderUntilNow(
  store: Pick<Store, "refs" | "documents">,
  ref: RefName,
): Promise<{ snapshot: string; at: string }[]> {
  const refs = await readRefs(store, await readHeaders(store));
  const order = refs.find(({ name }) => name === ref)?.order ?? [];
  return order.map(({ id, since }) => ({ snapshot: id, at: since.toISOString() }));
}

/** The snapshot that a ref showed last, as its moves are noted; undefined where they are not. */
export async function lastShown(
  documents: Pick<Store["documents"], "get">,
  ref: RefName,
): Promise<string | undefined> {
  return (await moves.of(ref).read(documents))?.moves.at(-1)?.snapshot;
}

/**
 * Every ref that points at a tree.
 * @param snapshots every snapshot that is kept
 * @throws JamError JAM_STORE_… when one of them cannot be read: what it shows must not count as unused
 */
export async function readRefs(
  { refs, documents }: Pick<Store, "refs" | "documents">,
  snapshots: readonly NamedSnapshot[],
): Promise<ShownRef[]> {
  const byId = new Map(snapshots.map((snapshot) => [snapshot.id, snapshot]));
  const shown: ShownRef[] = [];
  for (const { name, target } of await refs.list()) {
    const id = snapshotIdOf(target);
    const { order, ...noted } = await readMoves(documents, name, id);
    // The store has checked the name.
    shown.push({
      name: name as RefName,
      treeId: target,
      order: order.length > 0 ? order : ancestors(id, byId),
      ...noted,
    });
  }
  return shown;
}

/** What is noted of a ref that shows the snapshot `id`. */
async function readMoves(
  documents: Pick<Store["documents"], "get">,
  ref: string,
  id: string,
): Promise<Pick<ShownRef, "order" | "withdrawn" | "rollbacks">> {
  const { moves: noted = [], withdrawn = [] } = (await moves.of(ref).read(documents)) ?? {};
  const made = noted.slice(0, noted.findLastIndex(({ snapshot }) => snapshot === id) + 1);
  return {
    order: made.map(({ snapshot, at }) => ({ id: snapshot, since: new Date(at) })),
    withdrawn: new Set(withdrawn),
    ...defined({ rollbacks: made.at(-1)?.rollbacks }),
  };
}

/**
 * One ref, or undefined when there is none of this name. Where its moves are not noted, its order goes back to the first
 * snapshot from before `since`, so that not every snapshot has to be read.
 * @throws JamError JAM_STORE_…
 */
export async function readRef(
  store: MirrorReader,
  name: RefName,
  since: Date,
): Promise<ShownRef | undefined> {
  const treeId = await store.refs.read(name);
  if (treeId === undefined) return undefined;
  const id = snapshotIdOf(treeId);
  const noted = await readMoves(store.documents, name, id);
  if (noted.order.length > 0) return { name, treeId, ...noted };
  const byId = new Map<string, NamedSnapshot>();
  let next = await unlessDamaged(readHeader(store, id));
  while (next !== undefined && !byId.has(next.id)) {
    byId.set(next.id, next);
    const isEnough = Date.parse(next.createdAt) < since.getTime();
    next =
      isEnough || next.parent === undefined ? undefined : await unlessDamaged(readHeader(store, next.parent));
  }
  return { name, treeId, ...noted, order: ancestors(id, byId) };
}

/** A snapshot and those before it, oldest first, as far as they are kept. */
function ancestors(id: string, byId: ReadonlyMap<string, NamedSnapshot>): ShownSnapshot[] {
  const chain: ShownSnapshot[] = [];
  const seen = new Set<string>();
  let next = byId.get(id);
  while (next !== undefined && !seen.has(next.id)) {
    seen.add(next.id);
    chain.push({ id: next.id, since: new Date(next.createdAt) });
    next = next.parent === undefined ? undefined : byId.get(next.parent);
  }
  return chain.reverse();
}
