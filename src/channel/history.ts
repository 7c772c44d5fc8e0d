import { z } from "zod";
import { stateDocuments } from "../mirror/state-document.ts";
import { snapshotIdOf } from "../mirror/snapshot.ts";
import { canonicalJson } from "../shared/canonical-json.ts";
import type { RefName } from "../shared/ref-name.ts";
import { sha256Of, type Sha256 } from "../shared/sha256.ts";
import type { Store } from "../store/store.ts";
import { channelEntry, type ChannelEntry } from "./history-document.ts";

/** The history of one channel as it is kept. */
interface KeptHistory {
  /** In the order in which things happened. */
  readonly entries: readonly ChannelEntry[];
  /** What a run was about to do; it happened exactly when the ref says so. */
  readonly pending: ChannelEntry | null;
  /** SHA-256 of the two fields above: the last entry has no other that contains its hash. */
  readonly checksum: string;
}

/** How the names of histories begin, under `state/`. */
export const HISTORY_PREFIX = "channel-history-";

const histories = stateDocuments<KeptHistory>({
  prefix: HISTORY_PREFIX,
  format: "jam-channel-history:1",
  schema: z
    .object({
      entries: z.array(channelEntry),
      pending: channelEntry.nullable(),
      checksum: z.string(),
    })
    .superRefine((kept, context) => {
      const fault = faultOf(kept);
      if (fault !== undefined) context.addIssue({ code: "custom", message: fault });
    }),
  damage: {
    what: "The history of a channel",
    hint: "Nothing was changed, and clients get what the channel shows. Restore the file from a backup. Without one, move it away: the next command on the channel starts a new history with what it shows; holds and withdrawals have to be repeated.",
  },
});

/** Where the chain of these entries is broken, in words; undefined where it is whole. */
export function chainFault(entries: readonly ChannelEntry[]): string | undefined {
  const broken = entries.findIndex(({ previous }, index) => previous !== hashBefore(entries, index));
  return broken === -1 ? undefined : `entry ${broken + 1} does not follow the one before it`;
}

function faultOf({ entries, pending, checksum }: KeptHistory): string | undefined {
  const fault = chainFault(pending === null ? entries : [...entries, pending]);
  if (fault !== undefined) return fault;
  return checksum === checksumOf(entries, pending) ? undefined : "it was changed after it was written";
}

function hashBefore(entries: readonly ChannelEntry[], index: number): Sha256 | null {
  const before = entries[index - 1];
  return before === undefined ? null : entryHash(before);
}

function checksumOf(entries: readonly ChannelEntry[], pending: ChannelEntry | null): Sha256 {
  return sha256Of(canonicalJson({ entries, pending }));
}

/** The hash of an entry, which the next one contains as `previous`. */
export function entryHash(entry: ChannelEntry): Sha256 {
  return sha256Of(canonicalJson(entry));
}

/** The hash of the last entry; null for a history without entries. */
export function headOf(history: readonly ChannelEntry[]): Sha256 | null {
  const last = history.at(-1);
  return last === undefined ? null : entryHash(last);
}

/** The part of a store that has the history of channels. */
export type HistoryReader = {
  readonly documents: Pick<Store["documents"], "get">;
  readonly refs: Pick<Store["refs"], "read">;
};

/**
 * What happened in a channel, oldest first; empty where nothing did. What a run was about to do when it was killed is in
 * it exactly when it happened.
 * @throws JamError JAM_STORE_CORRUPT when an entry was changed or is missing, JAM_STORE_FORMAT, JAM_STORE_…
 */
export async function readHistory(store: HistoryReader, name: RefName): Promise<readonly ChannelEntry[]> {
  const kept = await histories.of(name).read(store.documents);
  if (kept === undefined) return [];
  const { entries, pending } = kept;
  if (pending === null) return entries;
  const target = await store.refs.read(name);
  const shown = target === undefined ? null : snapshotIdOf(target);
  return pending.to === shown ? [...entries, pending] : entries;
}

/** Names of all channels that have a history, deleted ones included. */
export function listHistories(documents: Pick<Store["documents"], "list">): Promise<string[]> {
  return histories.keys(documents);
}

/** What is noted about a step; the rest of an entry follows from the history. */
export type ChannelStep = Omit<ChannelEntry, "previous">;

/**
 * Does a step and records it. The entry is written before `act` moves the ref, as what is about to happen, and confirmed
 * after it: killed in between, the ref says whether it happened. Call with the lease held.
 * @throws JamError as `readHistory`, and what `act` throws
 */
export async function recordStep(
  store: Pick<Store, "documents" | "refs">,
  name: RefName,
  { step, act }: { readonly step: ChannelStep; readonly act?: () => Promise<void> },
): Promise<ChannelEntry> {
  const entries = await readHistory(store, name);
  const entry: ChannelEntry = { ...step, previous: headOf(entries) };
  const write = (confirmed: readonly ChannelEntry[], pending: ChannelEntry | null) =>
    histories.of(name).write(store.documents, {
      entries: confirmed,
      pending,
      checksum: checksumOf(confirmed, pending),
    });
  if (act !== undefined) {
    await write(entries, entry);
    await act();
  }
  await write([...entries, entry], null);
  return entry;
}
