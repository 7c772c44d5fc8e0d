import { requireShown } from "../channel/compare.ts";
import { readGap } from "../channel/gap.ts";
import { markOfChannels } from "../channel/mark.ts";
import type { Config } from "../config/config.ts";
import type { ChannelViewReader } from "../mirror/channel-view.ts";
import { openReader } from "./store.ts";

/**
 * The settings of a mirror that is this channel: what the channel shows, at its address.
 * @throws JamError JAM_CHANNEL_NOT_FOUND, JAM_CHANNEL_EMPTY
 */
export async function throughChannel(config: Config, name: string): Promise<Config> {
  const ref = await requireShown(await openReader(config), config.channels, name);
  return {
    ...config,
    // What a channel shows is kept: it has nothing that is only offered.
    mode: config.mode === "cache" ? "online" : config.mode,
    store: { ...config.store, ref },
    server: { ...config.server, face: `/channel/${ref}/tools` },
  };
}

/** For settings that `throughChannel` made, what could come to the channel; undefined for those of the mirror. */
export async function composeChannelView(
  config: Pick<Config, "store" | "channels">,
): Promise<ChannelViewReader | undefined> {
  const { ref, ...plain } = config.store;
  if (ref === undefined) return undefined;
  const store = await openReader({ store: plain });
  const work = { store, settings: config.channels, now: () => new Date() };
  return { read: () => readGap(work, ref), mark: () => markOfChannels(store) };
}
