import { defined } from "../shared/collections.ts";
import type { Config } from "../config/config.ts";
import type { SyncObserver } from "../mirror/run-events.ts";
import type { RunningVersions } from "../mirror/running-versions.ts";
import type { Allowance } from "../metadata/freshness.ts";
import type { SyncCollaborators, SyncOptions } from "../sync/sync-work.ts";
import type { Upstream } from "../upstream/source.ts";
import type { UpstreamWait, WaitObserver } from "../upstream/waiting.ts";
import { openStore } from "./store.ts";
import { whoRuns } from "./who-runs.ts";

export interface ComposeUpstreamsOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `jam/0.1.0`. */
  readonly userAgent: string;
  /** Called with warnings that do not stop the run, such as a wrong clock. Default: nobody. */
  readonly onWarning?: (message: string) => void;
  /** Called before each wait. Default: nobody. */
  readonly onWait?: WaitObserver;
  /** Replaces `fetch.retries`: 0 for callers that must not wait. */
  readonly retries?: number;
  /** Replaces `fetch.idleTimeout`, in ms. */
  readonly idleTimeoutMs?: number;
  /** Over how many ms a transfer has to reach the smallest rate. Default: 30 s. */
  readonly minRate?: { readonly windowMs: number };
  /** A longer Retry-After, in ms, ends the attempts. Default: none does, and jam waits 5 min at most. */
  readonly maxAskedMs?: number;
}

/**
 * The configured upstreams, in order of preference, sharing one rate limit. In offline mode only folders remain.
 * @throws JamError JAM_OFFLINE, JAM_KEYRING_INVALID, JAM_CONFIG_INVALID
 */
export async function composeUpstreams(
  config: Pick<Config, "upstreams" | "mode" | "fetch">,
  options: ComposeUpstreamsOptions,
): Promise<Upstream[]> {
  const { openUpstreams } = await import("../upstream/open-upstream.ts");
  const { jobs: _, ...fetch } = config.fetch;
  return openUpstreams(config.upstreams, { isOffline: config.mode === "offline", ...fetch, ...options });
}

export interface ComposeSyncOptions extends ComposeUpstreamsOptions {
  readonly observe: SyncObserver;
  readonly signal: AbortSignal;
  readonly allow: ReadonlySet<Allowance>;
  /** What the fleet runs, for warnings about promotions. Default: nothing is known of one. */
  readonly running?: RunningVersions | undefined;
  /** Called with what was promoted to channels. Default: nobody. */
  readonly onPromoted?: (message: string) => void;
  /** False for a dry run: a missing data directory is not created. */
  readonly writes: boolean;
}

/** Everything that a sync needs, from the settings. */
export async function composeSync(
  config: Config,
  options: ComposeSyncOptions,
): Promise<{ readonly options: SyncOptions; readonly work: SyncCollaborators }> {
  const onWarning = (message: string) => options.observe({ kind: "warning", message });
  const onWait = (wait: UpstreamWait) => options.observe({ kind: "wait", ...wait });
  const sources = await composeUpstreams(config, { onWarning, onWait, ...options });
  const store = await openStore(config, { create: options.writes });
  const { composeAfterPublish } = await import("./channel.ts");
  const afterPublish = await composeAfterPublish(config, { ...options, store });
  const { setTimeout: sleep } = await import("node:timers/promises");
  return {
    options: {
      rules: config.rules,
      onUpstreamRemoval: config.onUpstreamRemoval,
      retention: config.retention,
      jobs: config.fetch.jobs,
      allow: options.allow,
      program: options.userAgent,
      isCache: config.mode === "cache",
    },
    work: {
      store,
      sources,
      observe: options.observe,
      who: whoRuns(options.env),
      now: () => new Date(),
      sleep: (ms, signal) => sleep(ms, undefined, { signal }),
      signal: options.signal,
      ...defined({ afterPublish }),
    },
  };
}
