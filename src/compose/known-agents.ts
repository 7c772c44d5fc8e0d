import type { Config } from "../config/config.ts";
import { JamError } from "../shared/errors.ts";
import type { KnownAgents } from "../upgrade/known-agents.ts";
import type { ReadState } from "../server/api/context.ts";
import { MIRROR_REF } from "../shared/ref-name.ts";
import type { WhichState } from "../upgrade/which/which-state.ts";
import type { KnownAgentsOutcome, KnownAgentsTask } from "./known-agents-worker.ts";

/** What questions about versions are answered from; loaded with the first one, because most servers never get any. */
export function openReadState(config: Config): ReadState {
  const readers = new Map<string, () => Promise<WhichState>>();
  return async (channel = MIRROR_REF) => {
    const own = channel === MIRROR_REF ? config : await throughNamed(config, channel);
    const known = readers.get(channel) ?? (await openWhich(own));
    readers.set(channel, known);
    return known();
  };
}

async function throughNamed(config: Config, channel: string): Promise<Config> {
  const { throughChannel } = await import("./through-channel.ts");
  return throughChannel(config, channel);
}

async function openWhich(config: Config): Promise<() => Promise<WhichState>> {
  const { composeWhich } = await import("./upgrade.ts");
  return composeWhich(config, () => readKnownInThread(config));
}

/**
 * What is held and what upstream listed, read in a thread: upstream's documents are several megabytes, and the server
 * has to answer other requests meanwhile.
 * @throws JamError JAM_STORE_…
 */
async function readKnownInThread({ store, mode, cache }: Config): Promise<KnownAgents> {
  const { Worker } = await import("node:worker_threads");
  const { once } = await import("node:events");
  // The compiler rewrites file extensions in imports only, so the thread's file has the extension of this one.
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  const worker = new Worker(new URL(`./known-agents-worker.${extension}`, import.meta.url), {
    workerData: { settings: { store, mode, cache } } satisfies KnownAgentsTask,
  });
  try {
    const [outcome] = (await once(worker, "message")) as [KnownAgentsOutcome];
    if ("known" in outcome) return outcome.known;
    throw JamError.fromReport(outcome.error);
  } finally {
    await worker.terminate();
  }
}
