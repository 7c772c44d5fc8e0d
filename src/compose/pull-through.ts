import { PullThrough, type PullEvent } from "../cache/pull-through.ts";
import type { OfferWatch } from "../cache/offer-watch.ts";
import type { Config } from "../config/config.ts";
import { listStreams } from "../juju/agent.ts";
import type { Store } from "../store/store.ts";
import { composeUpstreams } from "./sync.ts";

export interface ComposePullThroughOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly userAgent: string;
  readonly offer: Pick<OfferWatch, "state" | "forgetHeld" | "refreshNow" | "onReturn">;
  readonly onEvent: (event: PullEvent) => void;
  /** Called with warnings of the upstreams, such as a wrong clock. */
  readonly onWarning: (message: string) => void;
}

/** A tarball that could not be fetched has upstream looked at, but not more often than this. */
const LOOK_AGAIN_MS = 5_000;

/** After these events something is held that was not, or the other way round. */
const CHANGES_HELD: ReadonlySet<PullEvent["kind"]> = new Set(["stored", "evicted", "aside"]);

/**
 * What fetches tarballs for the clients of a server in cache mode.
 * @throws JamError JAM_STORE_LOCKED when another cache server uses the data directory, JAM_CONFIG_INVALID, JAM_STORE_…
 */
export async function composePullThrough(
  config: Config,
  store: Store,
  { env, userAgent, offer, onEvent, onWarning }: ComposePullThroughOptions,
): Promise<PullThrough> {
  let lookedAt = -Infinity;
  const pullThrough = await PullThrough.open({
    store,
    sources: await composeUpstreams(config, { env, userAgent, onWarning }),
    agentsOf: (sha256) =>
      (offer.state().offer?.agents ?? [])
        .filter((agent) => agent.sha256 === sha256)
        .map((agent) => {
          const { version, release, arch, path } = agent;
          return { version, release, arch, path, streams: listStreams(agent) };
        }),
    quota: config.cache.quota,
    upstreams: new Map(
      config.cache.upstreams.flatMap(({ name, quota }) => (quota === undefined ? [] : [[name, quota]])),
    ),
    now: () => new Date(),
    observe(event) {
      if (CHANGES_HELD.has(event.kind)) offer.forgetHeld();
      onEvent(event);
      if (event.kind !== "failed" || performance.now() - lookedAt < LOOK_AGAIN_MS) return;
      lookedAt = performance.now();
      void offer.refreshNow();
    },
  });
  // What the index lists again can be fetched again at once.
  offer.onReturn(() => pullThrough.forgetFailures());
  return pullThrough;
}
