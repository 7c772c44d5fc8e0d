import type { Agent } from "../juju/agent.ts";
import type { MissingAgents } from "../upgrade/fetch-hint.ts";
import type { UsableAgents, UsableWanted } from "../upgrade/known-agents.ts";
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
  });
  // The rules go along for what they name and the first upstream does not list: then the next one is asked.
  const select = [{ streams, prereleases: true }, ...options.rules.select];
  return (await planMirrorSync({ ...options, rules: { select, deny: [] }, isCache: false }, work)).plan
    .wanted;
}

/**
 * What is held and what upstream lists, without what `deny` names. In offline mode upstream is not contacted.
 * @throws JamError JAM_STORE_…, JAM_UPSTREAM_…, JAM_METADATA_…
 */
export async function readUsableAgents(
  context: CommandContext,
  wanted: Omit<UsableWanted, "deny">,
): Promise<UsableAgents> {
  const config = await context.config();
  const { openKnown } = await import("../compose/known.ts");
  const { readKnownAgents } = await import("../upgrade/known-agents.ts");
  const { findUsableAgents } = await import("../upgrade/known-agents.ts");
  return findUsableAgents(
    await readKnownAgents(await openKnown(config)),
    { ...wanted, deny: config.rules.deny },
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
  const { adviseOn } = await import("../upgrade/fetch-hint.ts");
  const { rules, mode, ...config } = await context.config();
  return adviseOn(missing, { rules, isOffline: mode === "offline" }, async () => {
    const { openKnown } = await import("../compose/known.ts");
    const { readKnownAgents } = await import("../upgrade/known-agents.ts");
    return readKnownAgents(await openKnown({ mode, ...config }));
  });
}
