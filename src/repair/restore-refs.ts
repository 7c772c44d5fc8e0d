import { lastShown } from "../mirror/refs.ts";
import { listSnapshotIds } from "../mirror/read-snapshots.ts";
import { snapshotIdOf } from "../mirror/snapshot.ts";
import { isJamError } from "../shared/errors.ts";
import { MIRROR_REF } from "../shared/ref-name.ts";
import type { Store } from "../store/store.ts";

/**
 * Puts the mirror's ref back where it is gone: at the tree that it showed last, as its moves are noted; else at the newest
 * one of which the snapshot is here. Gives the tree; undefined when the ref is there or no tree can be told.
 * @throws JamError JAM_STORE_…
 */
export async function restoreMirrorRef({ refs, trees, documents }: Store): Promise<string | undefined> {
  if (trees === undefined || (await readRef(refs)) !== undefined) return undefined;
  const kept = new Set(await listSnapshotIds(documents));
  // `<snapshot>` and `<snapshot>~2` are trees of the mirror, `<snapshot>~<ref>~1` is one of another ref.
  const own = (await trees.list()).filter((id) => id.split("~").length < 3 && kept.has(snapshotIdOf(id)));
  const noted = await lastShown(documents, MIRROR_REF);
  const candidates = own.filter((id) => snapshotIdOf(id) === noted);
  const tree = (candidates.length > 0 ? candidates : own).sort(byAge).at(-1);
  if (tree === undefined) return undefined;
  return (await refs.swap(MIRROR_REF, undefined, tree)) ? tree : undefined;
}

async function readRef(refs: Store["refs"]): Promise<string | undefined> {
  try {
    return await refs.read(MIRROR_REF);
  } catch (error) {
    // Something that is no link has its place, and could not be moved: that is found again.
    if (isJamError(error, "JAM_STORE_CORRUPT", "JAM_STORE_COPIED")) return "";
    throw error;
  }
}

/** Ids begin with the time; `~10` comes after `~9`. */
function byAge(one: string, other: string): number {
  const [[a = "", m], [b = "", n]] = [one.split("~"), other.split("~")];
  return a === b ? Number(m ?? 1) - Number(n ?? 1) : a < b ? -1 : 1;
}
