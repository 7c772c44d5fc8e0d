import { parentPort, workerData } from "node:worker_threads";
import type { Config } from "../config/config.ts";
import type { RefreshOutcome } from "../cache/refresh-offer.ts";
import { reportError, toJamError, type ErrorReport } from "../shared/errors.ts";

/** What the thread works with. */
export interface OfferTask {
  readonly config: Config;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly userAgent: string;
}

/** Asks for a refresh, of all upstreams or of those whose time has come, or cancels the one that runs. */
export type OfferOrder = "refresh-all" | "refresh-due" | "cancel";

/** The answer to each `refresh`; an error is passed as plain values. */
export type OfferReply = { readonly outcome: RefreshOutcome } | { readonly error: ErrorReport };

async function refresh(
  { config, env, userAgent }: OfferTask,
  { asksAll, signal }: { readonly asksAll: boolean; readonly signal: AbortSignal },
): Promise<RefreshOutcome> {
  const { composeSync } = await import("./sync.ts");
  const { refreshOffer } = await import("../cache/refresh-offer.ts");
  const { refreshPatience } = await import("../cache/refresh-patience.ts");
  const { options, work } = await composeSync(config, {
    env,
    userAgent,
    observe: () => undefined,
    signal,
    allow: new Set(),
    writes: true,
    ...refreshPatience(config.fetch, config.cache.upstreams),
  });
  return refreshOffer(options, { ...work, paces: asksAll ? [] : config.cache.upstreams });
}

let cancel = new AbortController();

async function reply(asksAll: boolean): Promise<void> {
  cancel = new AbortController();
  const { signal } = cancel;
  const answer: OfferReply = await refresh(workerData as OfferTask, { asksAll, signal }).then(
    (outcome) => ({ outcome }),
    (error: unknown) => ({ error: reportError(toJamError(error)) }),
  );
  // eslint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port has no origins
  parentPort?.postMessage(answer);
}

parentPort?.on("message", (order: OfferOrder) => {
  if (order === "cancel") cancel.abort();
  else void reply(order === "refresh-all");
});
