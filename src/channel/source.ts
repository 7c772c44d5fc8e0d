import type { ReadPage } from "../mirror/catalogue.ts";
import { currentSnapshot, listSnapshotIds, readSnapshot } from "../mirror/read-snapshots.ts";
import { readRef } from "../mirror/refs.ts";
import { snapshotTimeOf, type Snapshot } from "../mirror/snapshot.ts";
import { JamError } from "../shared/errors.ts";
import { nearest } from "../shared/nearest.ts";
import { BUNDLE_FEEDER, MIRROR_REF } from "../shared/ref-name.ts";
import { shellCommand } from "../shared/shell-command.ts";
import type { Store } from "../store/store.ts";
import type { Channel } from "./channels.ts";
import { readChannelState } from "./move-channel.ts";

/**
 * The snapshot that is promoted: what the feeder shows, or what `word` names of what it has shown. That another snapshot is
 * kept, or that a ref points at it, is not enough.
 * @throws JamError JAM_MIRROR_EMPTY, JAM_CHANNEL_EMPTY, JAM_SNAPSHOT_NOT_FOUND, JAM_STORE_…
 */
export async function readSource(
  store: Pick<Store, "documents" | "refs">,
  channel: Pick<Channel, "name" | "from">,
  { word, read }: { readonly word: string | undefined; readonly read: ReadPage },
): Promise<Snapshot> {
  const { from } = channel;
  if (from === BUNDLE_FEEDER) throw takesBundles(channel.name);
  const isMirror = from === MIRROR_REF;
  const feeder = isMirror ? undefined : await readChannelState(store, from, read);
  const current = feeder === undefined ? await currentSnapshot(store, from, { read }) : feeder.current;
  if (current === undefined) throw nothingServed(channel);
  // As in the commands on snapshots.
  if (word === undefined || word === "current") return current;
  const served = feeder?.standing.served ?? (await mirrorServed(store, word));
  const id = idOf(word, [...served], from);
  const snapshot = id === current.id ? current : await readSnapshot(store, id, { read });
  if (snapshot !== undefined) return snapshot;
  throw new JamError("JAM_SNAPSHOT_NOT_FOUND", `Snapshot ${id} of ${from} is not kept any longer.`, {
    hint: "`jam snapshot list` shows the snapshots that are kept; `retention.snapshots` in jam.yaml keeps more of them.",
    details: { snapshot: id, feeder: from },
  });
}

/** What the mirror has shown, as far back as `word` needs. */
async function mirrorServed(
  store: Pick<Store, "documents" | "refs">,
  word: string,
): Promise<readonly string[]> {
  const fitting = (await listSnapshotIds(store.documents)).filter((id) => id.startsWith(word));
  const times = fitting.flatMap((id) => snapshotTimeOf(id) ?? []);
  const oldest = times.sort((a, b) => a.getTime() - b.getTime())[0] ?? new Date(0);
  const ref = await readRef(store, MIRROR_REF, oldest);
  return ref?.order.map(({ id }) => id) ?? [];
}

function nothingServed({ name, from }: Pick<Channel, "name" | "from">): JamError {
  const isMirror = from === MIRROR_REF;
  const message = isMirror
    ? `The mirror shows nothing yet, so nothing can be promoted to ${name}.`
    : `The channel ${from}, from which ${name} takes, shows nothing yet.`;
  return new JamError(isMirror ? "JAM_MIRROR_EMPTY" : "JAM_CHANNEL_EMPTY", message, {
    hint: isMirror
      ? "Run `jam sync` first (on the far side of an air gap `jam bundle import`)."
      : `Promote to it first: ${shellCommand`jam channel promote ${from} --reason REASON`}`,
    details: { channel: name, feeder: from },
  });
}

function idOf(word: string, served: readonly string[], feeder: string): string {
  const distinct = [...new Set(served)];
  const fitting = distinct.includes(word) ? [word] : distinct.filter((id) => id.startsWith(word));
  const [id, another] = fitting;
  if (id !== undefined && another === undefined) return id;
  const near = id === undefined ? nearest(word, distinct) : undefined;
  const who = feeder === MIRROR_REF ? "The mirror" : `The channel ${feeder}`;
  const message =
    id === undefined
      ? `${who} has never shown a snapshot ${word}.`
      : `${fitting.length} snapshots begin with ${word}: ${fitting.join(", ")}.`;
  const list =
    feeder === MIRROR_REF ? "`jam snapshot list`" : `\`${shellCommand`jam channel history ${feeder}`}\``;
  throw new JamError("JAM_SNAPSHOT_NOT_FOUND", message, {
    hint: `${near === undefined ? "" : `Did you mean ${near}? `}Only what ${feeder} has shown can be promoted from it; ${list} shows that.`,
    details: { snapshot: word, feeder },
  });
}

function takesBundles(name: string): JamError {
  return new JamError(
    "JAM_CHANNEL_INVALID",
    `The channel ${name} takes from bundles: nothing is promoted to it.`,
    {
      hint: `Import one: ${shellCommand`jam bundle import FOLDER --channel ${name}`}`,
      details: { channel: name },
    },
  );
}
