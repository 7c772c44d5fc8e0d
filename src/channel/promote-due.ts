import { noteFirstSeen } from "../mirror/first-seen.ts";
import { isJamError, isOfFamily, reportError, toJamError } from "../shared/errors.ts";
import { formatCount } from "../shared/listed.ts";
import { BUNDLE_FEEDER } from "../shared/ref-name.ts";
import type { DuePromotion } from "./channel-documents.ts";
import { readChannels, type Channels } from "./channels.ts";
import { promote } from "./promote.ts";
import type { ChannelWork } from "./work.ts";

/**
 * Promotes to each channel with `promote: auto`, feeders first, and notes when the mirror first listed what it lists. One that
 * cannot be promoted to leaves the others alone. Call with the lease held, at the end of a sync or an import.
 * @throws JamError JAM_STORE_LOCKED when the lease is lost, JAM_CANCELLED
 */
export async function promoteDue(work: ChannelWork, reason: string): Promise<readonly DuePromotion[]> {
  const channels = await readChannels(work.store.documents, work.settings);
  await noteSeen(work, channels);
  const promotions: DuePromotion[] = [];
  for (const { name, from, promote: mode } of channels.values()) {
    if (mode !== "auto" || from === BUNDLE_FEEDER) continue;
    try {
      promotions.push({
        channel: name,
        move: await promote(work, { name, reason, isUnattended: true }),
        error: null,
      });
    } catch (error) {
      if (isJamError(error, "JAM_STORE_LOCKED") || isOfFamily(error, "cancelled")) throw error;
      promotions.push({ channel: name, move: null, error: reportError(toJamError(error)) });
    }
  }
  return promotions;
}

/** A delay needs to know it as soon as the first channel has one: retention may delete what tells it in the same run. */
async function noteSeen({ store, now }: ChannelWork, channels: Channels): Promise<void> {
  if ([...channels.values()].some(({ clock, delayMs }) => clock === "seen" && delayMs > 0))
    await noteFirstSeen(store, { now: now() });
}

/** Nothing to promote yet is no failure: the feeder shows nothing, or all of it is too young. */
export function isWaiting({ error }: DuePromotion): boolean {
  return error !== null && ["JAM_CHANNEL_EMPTY", "JAM_MIRROR_EMPTY"].includes(error.code);
}

/** One promotion in a line; undefined where nothing happened. */
export function describeDue(promotion: DuePromotion): string | undefined {
  const { channel, move, error } = promotion;
  if (error !== null) return `channel ${channel}: ${error.message}`;
  if (move === null || move.outcome === "unchanged") return undefined;
  const changes = `${formatCount(move.added.length, "agent")} added, ${move.removed.length} removed`;
  return `channel ${channel} shows ${move.to} now: ${changes}`;
}
