import { sha256Of } from "../shared/sha256.ts";
import { CHANNEL_NOTES } from "./channels.ts";
import { HISTORY_PREFIX } from "./history.ts";
import type { ChannelReader } from "./list-channels.ts";

/** A text that changes whenever something was done to a channel, or the mirror shows something else. */
export async function markOfChannels({ refs, documents }: ChannelReader): Promise<string> {
  const shown = (await refs.list()).map(({ name, target }) => `${name}=${target}`);
  const names = (await documents.list("state")).filter(
    (name) => name === CHANNEL_NOTES || name.startsWith(HISTORY_PREFIX),
  );
  const notes = await Promise.all(
    names.sort().map(async (name) => {
      const bytes = await documents.get("state", name);
      return `${name}=${bytes === undefined ? "" : sha256Of(bytes)}`;
    }),
  );
  return [...shown.sort(), ...notes].join(" ");
}
