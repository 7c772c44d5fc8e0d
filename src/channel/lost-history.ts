import { snapshotIdOf } from "../mirror/snapshot.ts";
import { isJamError, JamError } from "../shared/errors.ts";
import { MIRROR_REF, parseRefName } from "../shared/ref-name.ts";
import { shellCommand } from "../shared/shell-command.ts";
import type { ChannelEntry } from "./history-document.ts";
import { HISTORY_PREFIX, readHistory } from "./history.ts";
import type { Store } from "../store/store.ts";

/** A channel that shows something, although no entry says how it came there. */
export interface LostHistory {
  readonly channel: string;
  /** Id of the snapshot that it shows. */
  readonly shown: string;
  /** Where the history has to be, relative to the data directory. */
  readonly file: string;
}

/** True where a channel shows something that no entry of its history explains. */
export function isLost(history: readonly ChannelEntry[], shown: string | undefined): boolean {
  return history.length === 0 && shown !== undefined;
}

/** What it means that a history is lost, in one sentence. */
export function describeLost(channel: string): string {
  return `The history of the channel ${channel} is lost: who changed it, and what was on hold or withdrawn, is not known.`;
}

/** The refusal of what must not be done without a history. */
export function historyLost(channel: string): JamError {
  const file = `state/${HISTORY_PREFIX}${channel}.json`;
  return new JamError("JAM_STORE_CORRUPT", describeLost(channel), {
    hint: `Nothing was changed, and clients get what the channel shows. Restore ${file} from a backup. Without one, hold and withdraw again what has to be: \`${shellCommand`jam channel hold ${channel}`} VERSION --reason REASON\`. The first such command, or a promotion that names the channel, begins a new history.`,
    details: { channel, file },
  });
}

/** Every channel whose history is lost. Refs and histories that are damaged are found by themselves. */
export async function findLostHistories(
  store: Pick<Store, "documents" | "refs">,
): Promise<readonly LostHistory[]> {
  const refs = await unlessBroken(store.refs.list());
  const looks = await Promise.all((refs ?? []).map((ref) => unlessBroken(lookForLoss(store, ref))));
  return looks.filter((lost) => lost !== undefined);
}

/**
 * What is wrong with the histories of all channels: lost, damaged, or not to be read.
 * @throws JamError when the refs cannot be read
 */
export async function findHistoryFaults(
  store: Pick<Store, "documents" | "refs">,
): Promise<readonly JamError[]> {
  const faults = (await store.refs.list()).map(async (ref) => {
    try {
      const lost = await lookForLoss(store, ref);
      return lost && historyLost(lost.channel);
    } catch (error) {
      if (isJamError(error)) return error;
      throw error;
    }
  });
  return (await Promise.all(faults)).filter((fault) => fault !== undefined);
}

async function lookForLoss(
  store: Pick<Store, "documents" | "refs">,
  { name, target }: { readonly name: string; readonly target: string },
): Promise<LostHistory | undefined> {
  if (name === MIRROR_REF) return undefined;
  const channel = parseRefName(name);
  const history = await readHistory(store, channel);
  const shown = snapshotIdOf(target);
  return isLost(history, shown)
    ? { channel, shown, file: `state/${HISTORY_PREFIX}${channel}.json` }
    : undefined;
}

async function unlessBroken<Value>(reading: Promise<Value>): Promise<Value | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (isJamError(error)) return undefined;
    throw error;
  }
}
