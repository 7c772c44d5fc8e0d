import { diffSnapshots } from "../mirror/list-snapshots.ts";
import { currentSnapshot } from "../mirror/read-snapshots.ts";
import type { SnapshotDiff } from "../mirror/snapshots-document.ts";
import type { Snapshot } from "../mirror/snapshot.ts";
import { JamError } from "../shared/errors.ts";
import { MIRROR_REF, type RefName } from "../shared/ref-name.ts";
import { shellCommand } from "../shared/shell-command.ts";
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

async function shownIn(
  store: ChannelReader,
  settings: readonly ChannelRules[],
  word: string,
): Promise<Snapshot> {
  const snapshot = await currentSnapshot(store, await requireShown(store, settings, word));
  if (snapshot !== undefined) return snapshot;
  throw showsNothing(word);
}

/**
 * The ref of a channel that shows something, or the mirror's.
 * @throws JamError JAM_CHANNEL_NOT_FOUND with the nearest name, JAM_CHANNEL_EMPTY
 */
export async function requireShown(
  store: ChannelReader,
  settings: readonly ChannelRules[],
  word: string,
): Promise<RefName> {
  const isMirror = word === MIRROR_REF;
  const name = isMirror
    ? MIRROR_REF
    : await requireShownOrDefined(store, await readChannels(store.documents, settings), word);
  if ((await store.refs.read(name)) !== undefined) return name;
  throw showsNothing(word);
}

function showsNothing(word: string): JamError {
  if (word === MIRROR_REF) {
    return new JamError("JAM_MIRROR_EMPTY", "The mirror shows nothing yet.", {
      hint: "Run `jam sync` first (on the far side of an air gap `jam bundle import`).",
    });
  }
  return new JamError("JAM_CHANNEL_EMPTY", `The channel ${word} shows nothing yet.`, {
    hint: `Promote to it first: ${shellCommand`jam channel promote ${word} --reason REASON`}`,
    details: { channel: word },
  });
}
