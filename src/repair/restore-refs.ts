import { lastShown } from "../mirror/refs.ts";
import type { ExpectedRef } from "../mirror/expected-ref.ts";
import { showSnapshot } from "../mirror/publish.ts";
import { listSnapshotIds, readHeader, readSnapshot, unlessDamaged } from "../mirror/read-snapshots.ts";
import { isTreeOf, snapshotIdOf } from "../mirror/snapshot.ts";
import { mapConcurrently } from "../shared/map-concurrently.ts";
import { MIRROR_REF } from "../shared/ref-name.ts";
import type { Store } from "../store/store.ts";
import { isGone } from "../verify/check-places.ts";

/**
 * Puts the mirror's ref back where it is gone: at the tree that it showed last, as its moves are noted; else at the newest
 * one of which the snapshot is here. Gives the tree; undefined when the ref is there or no tree can be told.
 * @throws JamError JAM_STORE_…
 */
export async function restoreMirrorRef({ refs, trees, documents }: Store): Promise<string | undefined> {
  if (trees === undefined || !(await isGone(refs, MIRROR_REF))) return undefined;
  const kept = new Set(await listSnapshotIds(documents));
  // `<snapshot>` and `<snapshot>~2` are trees of the mirror, `<snapshot>~<ref>~1` is one of another ref.
  const own = (await trees.list()).filter((id) => id.split("~").length < 3 && kept.has(snapshotIdOf(id)));
  const noted = await lastShown(documents, MIRROR_REF);
  const candidates = own.filter((id) => snapshotIdOf(id) === noted);
  const dates = await readDates({ documents }, own.map(snapshotIdOf));
  const dateOf = (id: string) => dates.get(snapshotIdOf(id)) ?? 0;
  const tree = (candidates.length > 0 ? candidates : own)
    .sort((one, other) => dateOf(one) - dateOf(other) || byAge(one, other))
    .at(-1);
  if (tree === undefined) return undefined;
  return (await refs.swap(MIRROR_REF, undefined, tree)) ? tree : undefined;
}

/** When snapshots were made, in ms: their ids have the second only. */
async function readDates(
  store: Pick<Store, "documents">,
  ids: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const headers = await mapConcurrently(new Set(ids), (id) => unlessDamaged(readHeader(store, id)));
  return new Map(headers.flatMap((header) => (header ? [[header.id, Date.parse(header.createdAt)]] : [])));
}

/**
 * Puts the refs of channels back where they are gone: at the newest tree of the snapshot that the history of each names. With
 * `builds`, a tree is built where none is left.
 * @throws JamError JAM_STORE_…
 */
export async function restoreChannelRefs(
  store: Store,
  {
    expected,
    now,
    builds = false,
  }: { readonly expected: readonly ExpectedRef[]; readonly now: Date; readonly builds?: boolean },
): Promise<void> {
  const { refs, trees } = store;
  for (const ref of expected) {
    const { name, snapshot: id } = ref;
    if (!(await isGone(refs, name))) continue;
    const own = ((await trees?.list()) ?? []).filter(
      (tree) => isTreeOf(tree, name) && snapshotIdOf(tree) === id,
    );
    const tree = own.sort(byAge).at(-1);
    if (tree !== undefined) await refs.swap(name, undefined, tree);
    else if (builds) await build(store, ref, now);
  }
}

async function build(
  store: Store,
  { name, snapshot: id, withdrawn, rollbacks }: ExpectedRef,
  at: Date,
): Promise<void> {
  const snapshot = await unlessDamaged(readSnapshot(store, id));
  if (snapshot === undefined) return;
  await showSnapshot(store, snapshot, { ref: name, graced: [], at, withdrawn, rollbacks });
}

/** Ids begin with the time; `~10` comes after `~9`. */
function byAge(one: string, other: string): number {
  const [a, b] = [one.split("~"), other.split("~")];
  const [m, n] = [a, b].map((parts) => (parts.length === 1 ? 1 : Number(parts.at(-1))));
  return a[0] === b[0] ? (m ?? 1) - (n ?? 1) : (a[0] ?? "") < (b[0] ?? "") ? -1 : 1;
}
