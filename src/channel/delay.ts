import type { Agent } from "../juju/agent.ts";
import { readFirstSeen } from "../mirror/first-seen.ts";
import type { Snapshot } from "../mirror/snapshot.ts";
import type { Channel } from "./channels.ts";
import type { ChannelReader } from "./list-channels.ts";
import type { ChannelWork } from "./work.ts";

/**
 * When the delay of an agent is over, by the clock of the channel; undefined for a channel without a delay.
 * @param source what is promoted: where nothing else is known of an agent, the mirror had listed it when this snapshot was made
 */
export async function createDelay(
  { store, now }: Pick<ChannelWork, "now"> & { readonly store: ChannelReader },
  { delayMs, clock }: Pick<Channel, "delayMs" | "clock">,
  source?: Pick<Snapshot, "createdAt">,
): Promise<((agent: Agent) => Date | undefined) | undefined> {
  if (delayMs === 0) return undefined;
  if (clock === "upstream") return (agent) => after(listedAt(agent), delayMs);
  const seen = await readFirstSeen(store, now());
  const made = source && new Date(source.createdAt);
  return ({ sha256 }) => after(seen.get(sha256) ?? made, delayMs);
}

function after(date: Date | undefined, ms: number): Date | undefined {
  return date === undefined ? undefined : new Date(date.getTime() + ms);
}

/** Upstream lists an agent under a date, `YYYYMMDD`; the earliest one counts. Undefined where none can be read. */
function listedAt({ listings }: Agent): Date | undefined {
  const dates = listings.flatMap(({ date }) => {
    const [, year, month, day] = /^(\d{4})(\d{2})(\d{2})/.exec(date) ?? [];
    const at = new Date(`${year}-${month}-${day}T00:00:00Z`);
    return Number.isNaN(at.getTime()) ? [] : [at];
  });
  return dates.sort((a, b) => a.getTime() - b.getTime())[0];
}
