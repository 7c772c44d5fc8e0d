import { hostname } from "node:os";
import type { Config } from "../config/config.ts";
import { formatToolsUrl } from "../config/values.ts";
import { createAnswers, type QueryAnswers } from "../server/answers.ts";
import { cacheOf } from "./known.ts";
import { MIRROR_REF } from "../shared/ref-name.ts";
import { throughChannel } from "./through-channel.ts";
import { composeStatus } from "./status.ts";
import { openStore } from "./store.ts";

/** What answers the queries of the API about this mirror. */
export async function composeQueries(config: Config): Promise<QueryAnswers> {
  const { data, keys, upstreams, rules, advice, mode, server, channels } = config;
  const store = await openStore(config);
  return createAnswers({
    store,
    cache: cacheOf(config, store.blobs),
    readStatus: async ({ channel = MIRROR_REF, runs }) =>
      composeStatus(channel === MIRROR_REF ? config : await throughChannel(config, channel), { runs }),
    rules,
    channels,
    isOffline: mode === "offline",
    advice,
    toolsUrl: formatToolsUrl(server, hostname()),
    folders: [data, keys, ...upstreams.map(({ url }) => url).filter((url) => url.startsWith("/"))],
  });
}
