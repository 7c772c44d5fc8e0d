import { diffSnapshots } from "../mirror/list-snapshots.ts";
import { currentSnapshot } from "../mirror/read-snapshots.ts";
import type { SnapshotDiff } from "../mirror/snapshots-document.ts";
import type { Snapshot } from "../mirror/snapshot.ts";
import { JamError } from "../shared/errors.ts";
import { MIRROR_REF } from "../shared/ref-name.ts";
import { readChannels, type ChannelRules } from "./channels.ts";
import { requireShownOrDefined, type ChannelReader } from "./list-channels.ts";

/**
 * What changes from what one channel shows to what another one does; either may be `mirror`.
 * @throws JamError JAM_CHANNEL_NOT_FOUND, JAM_CHANNEL_EMPTY, JAM_STORE_…
 */
export async function compareChannels(
  store: ChannelReader,
  settings: readonly ChannelRules[],
  { from, to }: { readonly from: string; readonly to: string },
): Promise<SnapshotDiff> {
  return diffSnapshots(await shownIn(store, settings, from), await shownIn(store, settings, to));
}

/**
 * The snapshot that a channel shows, or the mirror.
 * @throws JamError JAM_CHANNEL_NOT_FOUND, JAM_CHANNEL_EMPTY, JAM_STORE_…
 */
export async function shownIn(
  store: ChannelReader,
  settings: readonly ChannelRules[],
  word: string,
): Promise<Snapshot> {
  const isMirror = word === MIRROR_REF;
  const name = isMirror
    ? MIRROR_REF
    : await requireShownOrDefined(store, await readChannels(store.documents, settings), word);
  const snapshot = await currentSnapshot(store, name);
  if (snapshot !== undefined) return snapshot;
  const what = isMirror ? "The mirror" : `The channel ${name}`;
  throw new JamError("JAM_CHANNEL_EMPTY", `${what} shows nothing yet.`, {
    hint: isMirror ? "Run `jam sync` first." : "Promote to it first: `jam channel promote`.",
    details: { channel: word },
  });
}
