import { whoRuns } from "./who-runs.ts";
import type { DuePromotion } from "../channel/channel-documents.ts";
import type { ChannelWork } from "../channel/work.ts";
import type { Config } from "../config/config.ts";
import type { SyncObserver } from "../mirror/run-events.ts";
import type { RunningVersions } from "../mirror/running-versions.ts";
import { isJamError, toJamError } from "../shared/errors.ts";
import type { Store } from "../store/store.ts";
import { openStore } from "./store.ts";

/** Everything that a command on channels needs, from the settings. */
export async function composeChannels(
  config: Pick<Config, "store" | "channels" | "retention">,
  {
    env,
    running,
    creates = false,
  }: {
    readonly env: Readonly<Record<string, string | undefined>>;
    readonly running?: RunningVersions | undefined;
    /** Whether a missing data directory is created. Default false. */
    readonly creates?: boolean;
  },
): Promise<ChannelWork> {
  return {
    store: await openStore(config, { create: creates }),
    settings: config.channels,
    graceMs: config.retention.graceMs,
    now: () => new Date(),
    who: whoRuns(env),
    running,
  };
}

/** Who is told what a run promoted to channels. */
export interface PromotionObservers {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly running?: RunningVersions | undefined;
  readonly observe: SyncObserver;
  /** Called with what was promoted. Default: nobody. */
  readonly onPromoted?: ((message: string) => void) | undefined;
}

/**
 * What a sync or an import does for channels when it has published: `promote: auto`, and what delays count from. Undefined
 * where no channel of the settings has either; those that were created have neither.
 */
export async function composeAfterPublish(
  config: Pick<Config, "channels" | "retention">,
  { store, env = {}, running, observe, onPromoted }: PromotionObservers & { readonly store: Store },
): Promise<(() => Promise<void>) | undefined> {
  if (config.channels.every(({ promote, delayMs }) => promote === "manual" && delayMs === 0))
    return undefined;
  const { describeDue, isWaiting, promoteDue } = await import("../channel/promote-due.ts");
  const work: ChannelWork = {
    store,
    settings: config.channels,
    graceMs: config.retention.graceMs,
    now: () => new Date(),
    who: whoRuns(env),
    running,
  };
  const warn = (message: string) => observe({ kind: "warning", message, isUrgent: true });
  const report = (promotions: readonly DuePromotion[]) => {
    for (const promotion of promotions) {
      for (const warning of promotion.move?.warnings ?? []) warn(warning);
      const message = describeDue(promotion);
      if (message === undefined || isWaiting(promotion)) continue;
      if (promotion.error === null) onPromoted?.(message);
      else warn(message);
    }
  };
  return async () => {
    try {
      report(await promoteDue(work, "promote: auto"));
    } catch (error) {
      if (isJamError(error, "JAM_STORE_LOCKED", "JAM_CANCELLED")) throw error;
      // What was synced is published and stays; the next run tries again.
      warn(`nothing was promoted: ${toJamError(error).message}`);
    }
  };
}
