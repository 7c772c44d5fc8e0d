import type { Agent } from "../juju/agent.ts";
import type { ChannelAdvice } from "../upgrade/channel-hint.ts";
import type { MissingAgents } from "../upgrade/advise-on.ts";
import type { ChannelView } from "../mirror/channel-view.ts";
import type { Config } from "../config/config.ts";
import type { KnownAgents, UsableAgents, UsableWanted } from "../upgrade/known-agents.ts";
import type { Assessment } from "../sync/assess.ts";
import type { SyncCollaborators, SyncOptions } from "../sync/sync-work.ts";
import type { UnusedOffers } from "../sync/unused-offers.ts";
import type { CommandContext } from "./command.ts";
import { userAgent } from "./program-info.ts";

/**
 * What upstream lists in these streams (`*` is every one): its metadata is read and verified as a sync would, and
 * nothing is kept. It includes everything, regardless of `select` and `deny`.
 * @throws JamError JAM_UPSTREAM_…, JAM_METADATA_…, JAM_STORE_…
 */
export async function readUpstreamAgents(
  context: CommandContext,
  streams: readonly string[],
): Promise<readonly Agent[]> {
  return (await planReading(context, streams, Infinity)).assessment.plan.wanted;
}

/** As `readUpstreamAgents`, with what a sync would not use of the upstreams, and those that could not be read. */
export async function readEveryUpstream(
  context: CommandContext,
  streams: readonly string[],
  maxRetries: number,
): Promise<UnusedOffers & { readonly agents: readonly Agent[] }> {
  const { assessment, options, work } = await planReading(context, streams, maxRetries);
  const agents = assessment.plan.wanted;
  if (work.sources.length === 1) return { agents, offers: [], failures: [] };
  const { readUnusedOffers } = await import("../sync/unused-offers.ts");
  return { agents, ...(await readUnusedOffers(options, work, assessment)) };
}

async function planReading(
  context: CommandContext,
  streams: readonly string[],
  maxRetries: number,
): Promise<{
  readonly assessment: Assessment;
  readonly options: SyncOptions;
  readonly work: SyncCollaborators;
}> {
  const { composeSync } = await import("../compose/sync.ts");
  const { planMirrorSync } = await import("../sync/sync-mirror.ts");
  const { createWaitLines } = await import("./progress.ts");
  const { tellUnsafeSettings } = await import("./dangers.ts");
  const config = await context.config();
  await tellUnsafeSettings(context, config);
  const { options, work } = await composeSync(config, {
    env: context.io.env,
    userAgent: userAgent(),
    observe: createWaitLines(context),
    signal: context.signal,
    allow: new Set(),
    writes: false,
    retries: Math.min(config.fetch.retries, maxRetries),
  });
  // The rules go along for what they name and the first upstream does not list: then the next one is asked.
  const select = [{ streams, prereleases: true }, ...options.rules.select];
  const reading = { ...options, rules: { select, deny: [] }, isCache: false };
  return { assessment: await planMirrorSync(reading, work), options: reading, work };
}

/**
 * What is held and what upstream lists, without what `deny` names. In offline mode upstream is not contacted.
 * @throws JamError JAM_STORE_…, JAM_UPSTREAM_…, JAM_METADATA_…
 */
export async function readUsableAgents(
  context: CommandContext,
  wanted: Omit<UsableWanted, "deny" | "channel">,
): Promise<UsableAgents> {
  const config = await context.config();
  const { openKnown } = await import("../compose/known.ts");
  const { findUsableAgents, readKnownAgents } = await import("../upgrade/known-agents.ts");
  return findUsableAgents(
    await readKnownAgents(await openKnown(config)),
    { ...wanted, deny: config.rules.deny, channel: await readChannelView(config) },
    config.mode !== "offline" ? (streams) => readUpstreamAgents(context, streams) : undefined,
  );
}

/**
 * How to get agents that are not held; undefined when the word names no version. Makes no request.
 * @throws JamError JAM_STORE_…
 */
export async function adviseOnMissing(
  context: CommandContext,
  missing: MissingAgents,
): Promise<string | undefined> {
  const { adviseOn } = await import("../upgrade/advise-on.ts");
  const config = await context.config();
  const { rules, mode } = config;
  const settings = { rules, isOffline: mode === "offline", channel: await readChannelView(config) };
  return adviseOn(missing, settings, async () => {
    const { openKnown } = await import("../compose/known.ts");
    const { readKnownAgents } = await import("../upgrade/known-agents.ts");
    return readKnownAgents(await openKnown(config));
  });
}

/**
 * With `--channel`, how agents get to the channel that it does not list; undefined for the mirror.
 * @throws JamError JAM_STORE_…
 */
export async function readAdviceFor(
  config: Config,
  { held, upstream }: Pick<KnownAgents, "held" | "upstream">,
): Promise<ChannelAdvice | undefined> {
  const channel = await readChannelView(config);
  if (channel === undefined) return undefined;
  const { channelAdviceOf } = await import("../upgrade/channel-hint.ts");
  const { rules, mode } = config;
  return channelAdviceOf({ held, upstream, rules, isOffline: mode === "offline", channel });
}

/** As `readAdviceFor`, from what is held and what the last sync kept of upstream. */
export async function readChannelAdvice(config: Config): Promise<ChannelAdvice | undefined> {
  if (config.store.ref === undefined) return undefined;
  const { openKnown } = await import("../compose/known.ts");
  const { readKnownAgents } = await import("../upgrade/known-agents.ts");
  return readAdviceFor(config, await readKnownAgents(await openKnown(config)));
}

/**
 * With `--channel`, what could come to the channel; undefined for the mirror.
 * @throws JamError JAM_STORE_…
 */
export async function readChannelView(config: Config): Promise<ChannelView | undefined> {
  if (config.store.ref === undefined) return undefined;
  const { composeChannelView } = await import("../compose/through-channel.ts");
  return (await composeChannelView(config))?.read();
}
